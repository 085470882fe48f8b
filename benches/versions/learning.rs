//! The engine in this process, without HTTP.

use anyhow::Context;
use shelfmark::engine::{Dependencies, EngineSettings, Model, Models};
use shelfmark_domain::{ModelConfig, ModelName};
use shelfmark_log::LogSettings;
use shelfmark_postgres as postgres;
use shelfmark_serving::{SearchSettings, Searcher};
use std::time::Duration;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A running engine; end it by [`Engine::stop`].
pub struct Engine {
    with: Dependencies,
    /// `default`.
    pub model: Model,
}

impl Engine {
    /// Starts where the database stands. Versions are taken on demand alone, each of them whole; nothing is watched but
    /// learning.
    pub async fn start(url: &str, config: ModelConfig) -> anyhow::Result<Self> {
        let pool = postgres::connect(url, 10).await?;
        postgres::migrate(&pool).await?;
        let engine = EngineSettings {
            version_records: 0,
            version_interval: Duration::ZERO,
            version_at_shutdown: false,
            versions_in_memory: 2,
            chain_max: 0,
            quality_share: 0.0,
            survey_interval: Duration::ZERO,
            trace_states: 0,
            ..EngineSettings::default()
        };
        let with = Dependencies {
            pool,
            log: LogSettings::default(),
            engine,
            searcher: Searcher::start(SearchSettings::default())?,
            default_config: config,
            stop: CancellationToken::new(),
            log_stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            log_tasks: TaskTracker::new(),
        };
        let models = Models::start(&with).await?;
        let model = models.get(&ModelName::new("default")?).context("the default model")?;
        Ok(Self { with, model })
    }

    /// Ends learning, then the log.
    pub async fn stop(self) {
        let Self { with, model } = self;
        drop(model);
        with.stop.cancel();
        with.tasks.close();
        with.tasks.wait().await;
        with.log_stop.cancel();
        with.log_tasks.close();
        with.log_tasks.wait().await;
        with.pool.close().await;
    }
}
