//! What a model is started with, and its parts before anything of it runs.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::{
    EngineError, EngineSettings, Operations,
    shared::{Shared, Stores},
};
use crate::{
    domain::{ModelConfig, Position, Served},
    log::{Log, LogSettings, base_config, settled_config},
    operations::OperationStore,
    roster::{Listed, RosterError},
    serving::{Publisher, Searcher},
    state::State,
    versions::VersionStore,
};

/// What every model of a process is started with.
#[derive(Clone)]
pub struct Surroundings {
    /// Connections.
    pub pool: PgPool,
    /// Bounds of the log.
    pub log: LogSettings,
    /// When versions are taken.
    pub engine: EngineSettings,
    /// Threads that search.
    pub searcher: Searcher,
    /// Configuration of a model that has none yet.
    pub default_config: ModelConfig,
    /// Ends learning; cancelled after the last request was answered.
    pub stop: CancellationToken,
    /// Ends the log; cancelled after learning ended.
    pub log_stop: CancellationToken,
    /// Where the engine's tasks run.
    pub tasks: TaskTracker,
    /// Where the log's tasks run.
    pub log_tasks: TaskTracker,
}

/// What a model consists of, before anything of it runs but its log.
pub async fn open(listed: &Listed, with: &Surroundings) -> Result<Shared, EngineError> {
    let name = listed.name.clone();
    let config = if with.engine.read_only {
        settled_config(&with.pool, &name).await?
    } else {
        base_config(&with.pool, &name, &with.default_config).await?
    };
    let log = Log::open(with.pool.clone(), &name, with.log.clone(), with.log_stop.clone(), &with.log_tasks).await?;
    let versions = VersionStore::open(with.pool.clone(), &name).await?;
    if [log.model_id(), versions.model_id()] != [listed.id; 2] {
        // Deleted since it was listed, and another one made under its name.
        return Err(RosterError::Unknown(name).into());
    }
    let config = Arc::new(config);
    let empty = State::initial(Arc::clone(&config));
    let view = Publisher::from_scratch(&empty.readable, Position::ZERO, Served::Live);
    let operations = OperationStore::new(with.pool.clone(), log.model_id(), with.engine.read_only);
    let operations = Operations::new(operations, with.tasks.clone(), with.stop.clone());
    let stores = Stores { log, versions, operations };
    let mut shared = Shared::new(name, with.engine.clone(), config, stores, with.searcher.clone(), view);
    shared.origin.clone_from(&listed.fork);
    Ok(shared)
}
