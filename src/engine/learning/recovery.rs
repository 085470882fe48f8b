//! Where learning goes on after a start: the newest sound version, else the beginning.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::engine::{
    EngineError,
    error::CorruptState,
    shared::{Shared, finished},
    versioning::cache::CachedVersion,
};
use crate::{
    domain::{Position, VersionNumber},
    state::{Assembler, Digester, State},
    versions::{VersionError, VersionStore},
};

/// Segments that wait to be put into place.
const SEGMENTS_AHEAD: usize = 2;
/// A fork's state at position 0; it cannot be deleted.
pub const FORK_FIRST: VersionNumber = VersionNumber(1);

/// Loads a version and checks that it is what was stored (P7).
pub async fn load_version(store: &VersionStore, number: VersionNumber) -> Result<CachedVersion, EngineError> {
    let (sender, mut segments) = mpsc::channel(SEGMENTS_AHEAD);
    let assembling = tokio::task::spawn_blocking(move || {
        let mut assembler = Assembler::default();
        while let Some(segment) = segments.blocking_recv() {
            assembler.take(&segment)?;
        }
        assembler.finish()
    });
    let loaded = Box::pin(store.load(number, sender)).await;
    let assembled = finished(assembling).await;
    // A damaged segment is the cause, a state that does not assemble its consequence.
    let manifest = loaded?;
    let (state, digester) =
        assembled.map_err(|source| EngineError::CorruptVersion { version: number, source: source.into() })?;
    let found = digester.digest();
    if found != manifest.digest {
        let source = CorruptState::Digest { found, expected: manifest.digest };
        return Err(EngineError::CorruptVersion { version: number, source });
    }
    Ok(CachedVersion::new(&manifest, state, digester))
}

/// The newest version at or before a position, or of all, that is sound; corrupt ones are named in the log and passed over.
pub async fn newest_version(
    store: &VersionStore,
    at_or_before: Option<Position>,
) -> Result<Option<CachedVersion>, EngineError> {
    let mut at_or_before = at_or_before;
    loop {
        let Some(manifest) = store.newest(at_or_before).await? else { return Ok(None) };
        match load_version(store, manifest.version).await {
            Ok(version) => return Ok(Some(version)),
            Err(error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. }))) => {
                tracing::error!(version = %manifest.version, %error, "version.corrupt: an older one and the log take its place");
            }
            Err(error) => return Err(error),
        }
        if manifest.position == Position::ZERO {
            return Ok(None);
        }
        at_or_before = Some(manifest.position.previous());
    }
}

/// State and position from which the log is applied, and the version they came from.
pub struct Recovered {
    pub state: State,
    pub digester: Digester,
    pub position: Position,
    pub version: Option<VersionNumber>,
}

/// The state at position 0 of a fork: of the version that it was made of.
#[derive(Clone)]
pub struct Seed {
    pub state: State,
    pub digester: Digester,
}

impl Seed {
    /// A version's.
    pub fn of(version: &CachedVersion) -> Self {
        Self { state: version.state.clone(), digester: version.digester.clone() }
    }
}

impl Recovered {
    /// A fork at its beginning.
    pub fn at_first(Seed { state, digester }: Seed) -> Self {
        Self { state, digester, position: Position::ZERO, version: Some(FORK_FIRST) }
    }
}

/// Finds where to go on.
pub async fn recover(shared: &Shared) -> Result<Recovered, EngineError> {
    let Some(version) = newest_version(&shared.versions, None).await? else {
        return beginning(shared).await;
    };
    let recovered = Recovered {
        state: version.state.clone(),
        digester: version.digester.clone(),
        position: version.position,
        version: Some(version.number),
    };
    shared.cache.insert(Arc::new(version));
    Ok(recovered)
}

/// The state before the first record. A fork's is that of its first version; when that is damaged, of the version of the base
/// that it was made of. It never begins empty.
pub async fn beginning(shared: &Shared) -> Result<Recovered, EngineError> {
    let Some(origin) = &shared.origin else {
        let state = State::initial(Arc::clone(&shared.base_config));
        return Ok(Recovered { digester: Digester::new(&state), state, position: Position::ZERO, version: None });
    };
    let first = match shared.version(FORK_FIRST).await {
        Ok(version) => Seed::of(&version),
        Err(EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. })) => {
            let base = VersionStore::open(shared.versions.pool().clone(), &origin.model).await?;
            Seed::of(&load_version(&base, origin.version).await?)
        }
        Err(error) => return Err(error),
    };
    Ok(Recovered::at_first(first))
}
