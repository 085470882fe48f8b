//! Where learning goes on after a start: the newest sound version, else the beginning.

use std::sync::Arc;

use super::{
    EngineError,
    cache::CachedVersion,
    error::CorruptState,
    shared::{Shared, blocking},
};
use crate::{
    domain::{Position, VersionNumber},
    state::{Digester, State},
    versions::{VersionError, VersionStore},
};

/// Versions that one page of the search for a sound one holds.
const PAGE: usize = 20;
/// A fork's state at position 0; it cannot be deleted.
pub const FORK_FIRST: VersionNumber = VersionNumber(1);

/// Loads a version and checks that it is what was stored (P7).
pub async fn load_version(store: &VersionStore, number: VersionNumber) -> Result<CachedVersion, EngineError> {
    let (manifest, segments) = store.load(number).await?;
    let decoded = blocking(move || -> Result<State, CorruptState> {
        let state = State::from_segments(segments)?;
        let found = Digester::new(&state).digest();
        if found != manifest.digest {
            return Err(CorruptState::Digest { found, expected: manifest.digest });
        }
        Ok(state)
    })
    .await;
    let state = decoded.map_err(|source| EngineError::CorruptVersion { version: number, source })?;
    Ok(CachedVersion::new(number, manifest.position, state))
}

/// The newest version that is sound; corrupt ones are named in the log and passed over.
pub async fn newest_version(store: &VersionStore) -> Result<Option<CachedVersion>, EngineError> {
    let mut before = None;
    loop {
        let page = store.list(before, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        before = Some(last.version);
        for manifest in page {
            match load_version(store, manifest.version).await {
                Ok(version) => return Ok(Some(version)),
                Err(
                    error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. })),
                ) => {
                    tracing::error!(version = %manifest.version, %error, "version.corrupt: an older one and the log take its place");
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// State and position from which the log is applied, and the version they came from.
pub struct Recovered {
    pub state: State,
    pub position: Position,
    pub version: Option<VersionNumber>,
}

/// Finds where to go on.
pub async fn recover(shared: &Shared) -> Result<Recovered, EngineError> {
    let Some(version) = newest_version(&shared.versions).await? else {
        return beginning(shared).await;
    };
    let recovered =
        Recovered { state: version.state.clone(), position: version.position, version: Some(version.number) };
    shared.cache.insert(Arc::new(version));
    Ok(recovered)
}

/// The state before the first record. A fork's is that of its first version; when that is damaged, of the version of the base
/// that it was made of. It never begins empty.
pub async fn beginning(shared: &Shared) -> Result<Recovered, EngineError> {
    let position = Position::ZERO;
    let Some(origin) = &shared.origin else {
        return Ok(Recovered { state: State::initial(Arc::clone(&shared.base_config)), position, version: None });
    };
    let first = match shared.version(FORK_FIRST).await {
        Ok(version) => version.state.clone(),
        Err(EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. })) => {
            let base = VersionStore::open(shared.versions.pool().clone(), &origin.model).await?;
            load_version(&base, origin.version).await?.state
        }
        Err(error) => return Err(error),
    };
    Ok(Recovered { state: first, position, version: Some(FORK_FIRST) })
}
