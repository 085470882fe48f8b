//! The service in process: everything but HTTP, on a real Postgres, stopped as the application stops it.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::time::Duration;

use shelfmark::engine::{Dependencies, EngineSettings, Model, ModelStatus, Models};
use shelfmark_domain::{Event, Id, ModelConfig, ModelName, NewRecord, Position, RecordBody, Timestamp};
use shelfmark_log::{AppendOutcome, LogSettings};
use shelfmark_postgres as postgres;
use shelfmark_serving::{SearchSettings, Searcher};
use shelfmark_state::CounterRng;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A small model, so that steps are cheap and the sampled softmax is reached.
pub fn config() -> ModelConfig {
    ModelConfig {
        dim: 8,
        full_softmax_below: 40,
        negatives: 16,
        gradient_items: 16,
        step_targets: 8,
        ..ModelConfig::default()
    }
}

/// A name.
pub fn name(text: &str) -> ModelName {
    ModelName::new(text).expect("a name")
}

/// One process.
pub struct Running {
    pub with: Dependencies,
    pub models: Models,
    /// `default`.
    pub model: Model,
}

/// Starts on a database; versions are taken on demand only.
pub async fn start(url: &str) -> Running {
    start_with(url, 64).await
}

/// The same with a bound on the number of models.
pub async fn start_with(url: &str, models_max: usize) -> Running {
    let with = surroundings(url, models_max).await;
    let models = Models::start(&with).await.expect("the models start");
    let model = models.get(&name("default")).expect("it exists from the start");
    Running { with, models, model }
}

/// What a process is started with.
pub async fn surroundings(url: &str, models_max: usize) -> Dependencies {
    let pool = postgres::connect(url, 8).await.expect("a pool");
    postgres::migrate(&pool).await.expect("the tables");
    let engine = EngineSettings {
        version_at_shutdown: false,
        versions_in_memory: 2,
        chain_max: 3,
        models_max,
        ..EngineSettings::default()
    };
    Dependencies {
        pool,
        log: LogSettings::default(),
        engine,
        searcher: Searcher::start(SearchSettings { threads: 1, ..SearchSettings::default() }).expect("threads"),
        default_config: config(),
        stop: CancellationToken::new(),
        log_stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        log_tasks: TaskTracker::new(),
    }
}

impl Running {
    /// A model that is there.
    pub fn model(&self, text: &str) -> Model {
        self.models.get(&name(text)).expect("a model that is there")
    }

    /// Ends learning, then the logs.
    pub async fn stop(self) {
        end(self.with).await;
    }
}

/// Ends what was started with these.
pub async fn end(with: Dependencies) {
    with.stop.cancel();
    with.tasks.close();
    with.tasks.wait().await;
    with.log_stop.cancel();
    with.log_tasks.close();
    with.log_tasks.wait().await;
    with.pool.close().await;
}

/// Waits until `reached` says so.
pub async fn until(what: &str, reached: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !reached().await {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Events `from..through` of a made-up stream; `domain` names items and users of its own.
pub fn events(domain: &str, from: u64, through: u64) -> Vec<NewRecord> {
    let event = |n: u64| {
        let mut draws = CounterRng::new(7, 3, n);
        Event {
            event_id: Id::new("event_id", &format!("{domain}-{n}")).expect("an id"),
            user: Some(Id::new("user", &format!("{domain}-u{}", draws.below(9))).expect("an id")),
            session: None,
            item: Id::new("item", &format!("{domain}-i{}", draws.below(60))).expect("an id"),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_seconds(1.6e9 + n as f64 * 30.0).expect("a time"),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        }
    };
    (from..through).map(|n| NewRecord { body: RecordBody::Event(event(n)), retry_hash: None, source: None }).collect()
}

/// Appends records as one append and waits until they are learned; returns where the model stands.
pub async fn learn(model: &Model, records: Vec<NewRecord>) -> ModelStatus {
    let outcomes = model.log().append(records).await.expect("appended");
    let Some(AppendOutcome::Accepted(position)) = outcomes.last() else { panic!("all are new: {outcomes:?}") };
    reached(model, *position).await
}

/// Where the model stands once it holds a position.
pub async fn reached(model: &Model, position: Position) -> ModelStatus {
    model.wait_applied(position, PATIENCE).await.expect("learned");
    model.status().await.expect("a status")
}

/// What tells a retry from a conflict.
pub fn hash(event: &Event) -> i64 {
    i64::from_le_bytes(xxhash_rust::xxh3::xxh3_64(serde_json::to_string(event).unwrap().as_bytes()).to_le_bytes())
}

/// One of the events of a random shop.
pub fn new_event(draws: &mut CounterRng, n: usize) -> Event {
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
