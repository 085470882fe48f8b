//! Recovery of the learner's state: from the newest sound version, else from the beginning.

use std::sync::Arc;

use crate::engine::{
    EngineError,
    snapshots::{
        cache::CachedVersion,
        load::{load_version, newest_version},
    },
    stores::Stores,
};
use shelfmark_domain::{Position, VersionNumber};
use shelfmark_state::{Digester, State};
use shelfmark_store::versions::{VersionError, VersionStore};

/// A fork's state at position 0; it cannot be deleted.
pub const FORK_FIRST: VersionNumber = VersionNumber(1);

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
pub async fn recover(stores: &Stores) -> Result<Recovered, EngineError> {
    let Some(version) = newest_version(&stores.versions, None).await? else {
        return beginning(stores).await;
    };
    let recovered = Recovered {
        state: version.state.clone(),
        digester: version.digester.clone(),
        position: version.position,
        version: Some(version.number),
    };
    stores.cache.insert(Arc::new(version));
    Ok(recovered)
}

/// The state before the first record. A fork's is that of its first version; when that is damaged, of the version of
/// the base that it was made of. It never begins empty.
pub async fn beginning(stores: &Stores) -> Result<Recovered, EngineError> {
    let Some(origin) = &stores.origin else {
        let state = State::initial(Arc::clone(&stores.base_config));
        return Ok(Recovered { digester: Digester::new(&state), state, position: Position::ZERO, version: None });
    };
    let first = match stores.version(FORK_FIRST).await {
        Ok(version) => Seed::of(&version),
        Err(EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. })) => {
            let base = VersionStore::open(stores.versions.pool().clone(), &origin.model).await?;
            Seed::of(&load_version(&base, origin.version).await?)
        }
        Err(error) => return Err(error),
    };
    Ok(Recovered::at_first(first))
}
