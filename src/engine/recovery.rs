//! Where learning goes on after a start: the newest sound version, else the beginning.

use std::sync::Arc;

use super::{
    EngineError,
    cache::CachedVersion,
    error::CorruptState,
    shared::{Shared, blocking},
};
use crate::{
    domain::{ModelConfig, Position, VersionNumber},
    state::{Digester, State},
    versions::{VersionError, VersionStore},
};

/// Loads a version and checks that it is what was stored (P7).
pub async fn load_version(store: &VersionStore, number: VersionNumber) -> Result<CachedVersion, EngineError> {
    let (manifest, segments) = store.load(number).await?;
    let expected = manifest.digest;
    let decoded = blocking(move || -> Result<State, CorruptState> {
        let state = State::from_segments(segments)?;
        let found = Digester::new(&state).digest();
        if found != expected {
            return Err(CorruptState::Digest { found, expected });
        }
        Ok(state)
    })
    .await;
    let state = decoded.map_err(|source| EngineError::CorruptVersion { version: number, source })?;
    Ok(CachedVersion::new(&manifest, state))
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
    pub position: Position,
    pub version: Option<VersionNumber>,
}

/// Finds where to go on.
pub async fn recover(shared: &Shared) -> Result<Recovered, EngineError> {
    let Some(version) = newest_version(&shared.versions, None).await? else {
        return Ok(beginning(&shared.base_config));
    };
    let recovered =
        Recovered { state: version.state.clone(), position: version.position, version: Some(version.number) };
    shared.cache.insert(Arc::new(version));
    Ok(recovered)
}

/// The state before the first record.
pub fn beginning(config: &Arc<ModelConfig>) -> Recovered {
    Recovered { state: State::initial(Arc::clone(config)), position: Position::ZERO, version: None }
}
