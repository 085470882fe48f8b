//! Dependencies that every model is started with, and the opening of a model's stores.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::engine::{
    EngineError, EngineSettings,
    operations::Operations,
    stores::{Handles, Stores},
};
use shelfmark_domain::ModelConfig;
use shelfmark_log::{Log, LogSettings, base_config_or_init, read_base_config};
use shelfmark_serving::Searcher;
use shelfmark_store::model_catalog::{ListedModel, ModelCatalogError};
use shelfmark_store::operations::OperationStore;
use shelfmark_store::versions::VersionStore;

/// What every model of a process is started with.
#[derive(Clone)]
pub struct Dependencies {
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

/// Opens what a model stores. Nothing of it runs yet but its log.
pub async fn open(listed: &ListedModel, with: &Dependencies) -> Result<Stores, EngineError> {
    let name = listed.name.clone();
    let config = if with.engine.read_only {
        read_base_config(&with.pool, &name).await?
    } else {
        base_config_or_init(&with.pool, &name, &with.default_config).await?
    };
    let log = Log::open(with.pool.clone(), &name, with.log.clone(), with.log_stop.clone(), &with.log_tasks).await?;
    let versions = VersionStore::open(with.pool.clone(), &name).await?;
    if [log.model_id(), versions.model_id()] != [listed.id; 2] {
        // Deleted since it was listed, and another one made under its name.
        return Err(ModelCatalogError::Unknown(name).into());
    }
    let operations = OperationStore::new(with.pool.clone(), log.model_id(), with.engine.read_only);
    let operations = Operations::new(operations, with.tasks.clone(), with.stop.clone());
    let handles = Handles { log, versions, operations };
    Ok(Stores::new(name, with.engine.clone(), Arc::new(config), listed.fork.clone(), handles))
}
