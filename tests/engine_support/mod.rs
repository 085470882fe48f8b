//! The service in process, for tests: everything but HTTP.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark::{
    domain::{Event, Id, ModelConfig, ModelName, Timestamp},
    engine::{EngineSettings, Model, Models, Surroundings},
    log::LogSettings,
    postgres,
    serving::{SearchSettings, Searcher},
    state::Draws,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The service in process: everything but HTTP, on a real Postgres.
pub struct Running {
    pub with: Surroundings,
    pub model: Model,
}

/// Starts on a database.
pub async fn start(url: &str) -> Running {
    let pool = postgres::connect(url, 8).await.unwrap();
    postgres::migrate(&pool).await.unwrap();
    let with = Surroundings {
        pool,
        log: LogSettings::default(),
        engine: EngineSettings { version_at_shutdown: false, versions_in_memory: 2, chain_max: 3, ..EngineSettings::default() },
        searcher: Searcher::start(SearchSettings { threads: 1, ..SearchSettings::default() }).unwrap(),
        default_config: config(),
        stop: CancellationToken::new(),
        log_stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        log_tasks: TaskTracker::new(),
    };
    let models = Models::start(&with).await.unwrap();
    let model = models.get(&ModelName::new("default").unwrap()).unwrap();
    Running { with, model }
}

impl Running {
    /// Stops everything, in order.
    pub async fn stop(self) {
        self.with.stop.cancel();
        self.with.tasks.close();
        self.with.tasks.wait().await;
        self.with.log_stop.cancel();
        self.with.log_tasks.close();
        self.with.log_tasks.wait().await;
        self.with.pool.close().await;
    }
}

/// A small model.
pub fn config() -> ModelConfig {
    ModelConfig { dim: 8, full_softmax_below: 40, negatives: 16, step_targets: 8, ..ModelConfig::default() }
}

/// What tells a retry from a conflict.
pub fn hash(event: &Event) -> i64 {
    i64::from_le_bytes(xxhash_rust::xxh3::xxh3_64(serde_json::to_string(event).unwrap().as_bytes()).to_le_bytes())
}

/// One of the events of a random shop.
pub fn new_event(draws: &mut Draws, n: usize) -> Event {
    let actor = Id::new("user", &format!("a{}", draws.below(9))).unwrap();
    let session = draws.below(5) == 0;
    Event {
        event_id: Id::new("event_id", &format!("e{n}")).unwrap(),
        user: (!session).then(|| actor.clone()),
        session: session.then_some(actor),
        item: Id::new("item", &format!("i{}", draws.below(60))).unwrap(),
        kind: if draws.below(3) == 0 { "purchase".into() } else { "click".into() },
        value: Some(0.1 * n as f64),
        ts: Timestamp::from_seconds(1.6e9 + (n / 3) as f64 * 61.5).unwrap(),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }
}
