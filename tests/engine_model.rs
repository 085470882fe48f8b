//! Goal: whatever is done in whatever order, with restarts in between, the service is in the state that a simple model
//! of it is in. Method: seeded random operations against a real Postgres; the model is one state in memory that applies
//! the same appends, never stops and keeps whole copies as versions. Digests, positions and what is served must agree
//! after every operation. The seed is printed; `SHELFMARK_MODEL_SEED` repeats a run, `SHELFMARK_MODEL_RUNS` runs more.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod support;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use shelfmark::{
    domain::{
        Append, DeploymentMode, Event, Id, Item, ModelConfig, ModelName, NewRecord, Position, Record, RecordBody,
        RollbackRequest, RollbackTarget, RowVector, Served, Timestamp, VectorTable, VectorValues, VersionNumber,
        VersionRef,
    },
    engine::{EngineSettings, Model, Models, Surroundings, TakeVersion},
    learner::{Learner, prepare_thread},
    log::{LogSettings, Outcome},
    postgres,
    serving::{SearchSettings, Searcher},
    state::{Digester, Draws, State},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const PATIENCE: Duration = Duration::from_secs(60);

/// The service in process: everything but HTTP, on a real Postgres.
struct Running {
    with: Surroundings,
    model: Model,
}

async fn start(url: &str) -> Running {
    let pool = postgres::connect(url, 8).await.unwrap();
    postgres::migrate(&pool).await.unwrap();
    let with = Surroundings {
        pool,
        log: LogSettings::default(),
        engine: EngineSettings { version_at_shutdown: false, versions_in_memory: 2, ..EngineSettings::default() },
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
    async fn stop(self) {
        self.with.stop.cancel();
        self.with.tasks.close();
        self.with.tasks.wait().await;
        self.with.log_stop.cancel();
        self.with.log_tasks.close();
        self.with.log_tasks.wait().await;
        self.with.pool.close().await;
    }
}

fn config() -> ModelConfig {
    ModelConfig { dim: 8, full_softmax_below: 40, negatives: 16, step_targets: 8, ..ModelConfig::default() }
}

/// What the service must be like.
struct Simple {
    state: State,
    learner: Learner,
    head: Position,
    events: HashMap<String, (Position, Event)>,
    versions: BTreeMap<VersionNumber, (Position, State)>,
    served: Served,
}

impl Simple {
    fn append(&mut self, bodies: Vec<RecordBody>) {
        let records: Arc<[Record]> = bodies
            .into_iter()
            .map(|body| {
                self.head = self.head.next();
                if let RecordBody::Event(event) = &body {
                    self.events.insert(event.event_id.as_str().to_owned(), (self.head, event.clone()));
                }
                Record { position: self.head, appended_at: Timestamp::default(), body }
            })
            .collect();
        let versions = self.versions.iter().map(|(number, (_, state))| (*number, state.clone())).collect();
        self.learner.apply(&mut self.state, &Append { records }, &versions, &mut ()).unwrap();
    }
}

fn hash(event: &Event) -> i64 {
    i64::from_le_bytes(xxhash_rust::xxh3::xxh3_64(serde_json::to_string(event).unwrap().as_bytes()).to_le_bytes())
}

fn new_event(draws: &mut Draws, n: usize) -> Event {
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

/// A vector from elsewhere: for an item that may be new, or a token that may not be there; sometimes it does not fit.
fn new_vector(draws: &mut Draws) -> RowVector {
    let (into, id) = if draws.below(3) == 0 {
        (VectorTable::Tokens, format!("t:red{}", draws.below(6)))
    } else {
        (VectorTable::Items, format!("i{}", draws.below(70)))
    };
    let dim = if draws.below(8) == 0 { 7 } else { 8 };
    let values = (0..dim).map(|_| 0.1 * draws.normal()).collect();
    RowVector { into, id: Id::new("id", &id).unwrap(), values: VectorValues::new(values) }
}

async fn check(running: &Running, simple: &Simple) {
    running.model.wait_applied(simple.head, PATIENCE).await.unwrap();
    let status = running.model.status().await.unwrap();
    assert_eq!(status.head, simple.head);
    assert_eq!(status.position, simple.head);
    assert_eq!(status.digest, Digester::new(&simple.state).digest(), "at position {}", simple.head);
    assert_eq!(status.served, simple.served);
    let served = running.model.served();
    let (position, state) = match simple.served {
        Served::Live => (simple.head, &simple.state),
        Served::Version(number) => (simple.versions[&number].0, &simple.versions[&number].1),
    };
    assert_eq!(served.position(), position);
    for row in 0..state.readable.catalog.len().min(5) {
        let row = row as u32;
        let mut vector = vec![0.0; 8];
        state.readable.item_vector(row, &mut vector);
        let id = state.readable.catalog.id(row);
        assert_eq!(served.item_embedding(id.as_str()).unwrap().values, vector, "P5");
    }
}

async fn run(seed: u64) {
    println!("SHELFMARK_MODEL_SEED={seed}");
    let url = support::database().await;
    let mut draws = Draws::new(seed, 77, 0);
    let mut running = start(&url).await;
    let mut simple = Simple {
        state: State::initial(Arc::new(config())),
        learner: Learner::default(),
        head: Position::ZERO,
        events: HashMap::new(),
        versions: BTreeMap::new(),
        served: Served::Live,
    };
    let mut made = 0;
    for _ in 0..60 {
        match draws.below(10) {
            0..=3 => {
                // New events, sometimes with an item's metadata and with an event that is there already.
                let mut bodies: Vec<RecordBody> = Vec::new();
                for _ in 0..=draws.below(30) {
                    bodies.push(RecordBody::Event(new_event(&mut draws, made)));
                    made += 1;
                }
                if draws.below(3) == 0 {
                    let mut item = Item::bare(Id::new("id", &format!("i{}", draws.below(60))).unwrap());
                    item.title = Some(format!("red{} shoe", draws.below(4)));
                    item.vectors.insert("image".into(), vec![0.1, -1e-30, 3.0]);
                    if draws.below(2) == 0 {
                        item.vectors.insert("text".into(), (0..2).map(|_| draws.normal()).collect());
                    }
                    bodies.insert(draws.below(bodies.len()), RecordBody::PutItem(item));
                }
                if draws.below(4) == 0 {
                    // Dense vectors off and on, a base taken and given up, learning frozen and resumed.
                    let mut changed = config();
                    changed.modalities = draws.below(3) > 0;
                    changed.pull = [0.0, 0.5][draws.below(2)];
                    changed.learning = draws.below(3) > 0;
                    let record = RecordBody::Configure { config: Box::new(changed) };
                    bodies.insert(draws.below(bodies.len()), record);
                }
                if draws.below(3) == 0 {
                    let vector = new_vector(&mut draws);
                    bodies.insert(draws.below(bodies.len()), RecordBody::PutVector(vector));
                }
                let record = |body: &RecordBody| NewRecord {
                    retry_hash: if let RecordBody::Event(event) = body { Some(hash(event)) } else { None },
                    body: body.clone(),
                };
                let outcomes = running.model.log().append(bodies.iter().map(record).collect()).await.unwrap();
                let expected: Vec<Outcome> =
                    (1..=bodies.len() as u64).map(|n| Outcome::Accepted(simple.head.advanced(n))).collect();
                assert_eq!(outcomes, expected);
                simple.append(bodies);
            }
            4 => {
                // Sent again: with the same body a duplicate, with another a conflict; nothing changes.
                let known = simple.events.values().min_by_key(|(position, _)| position.get() % 7).cloned();
                if let Some((position, event)) = known {
                    let same = NewRecord { retry_hash: Some(hash(&event)), body: RecordBody::Event(event.clone()) };
                    let other = NewRecord { retry_hash: Some(1), body: RecordBody::Event(event) };
                    let outcomes = running.model.log().append(vec![same, other]).await.unwrap();
                    assert_eq!(outcomes, [Outcome::Duplicate(position), Outcome::Conflict(position)]);
                }
            }
            5 => {
                let take = TakeVersion { label: None, reason: None, actor: "test".into() };
                let manifest = running.model.take_version(take).await.unwrap();
                assert_eq!(manifest.position, simple.head);
                simple.versions.insert(manifest.version, (simple.head, simple.state.clone()));
            }
            6 | 7 if !simple.versions.is_empty() => {
                let number = *simple.versions.keys().nth(draws.below(simple.versions.len())).unwrap();
                let mode = if draws.below(2) == 0 { DeploymentMode::Pin } else { DeploymentMode::Restore };
                let to = RollbackTarget::Version(VersionRef::Number(number));
                let request = RollbackRequest { to, mode, reason: None, actor: "test".into(), details: None };
                let deployment = running.model.rollback(request).await.unwrap();
                if mode == DeploymentMode::Pin {
                    simple.served = Served::Version(number);
                } else {
                    simple.append(vec![RecordBody::Restore { version: number }]);
                    assert_eq!(deployment.position, Some(simple.head));
                    simple.served = Served::Live;
                }
            }
            8 => {
                running.model.unpin("test".into(), None).await.unwrap();
                simple.served = Served::Live;
            }
            _ => {
                running.stop().await;
                running = start(&url).await;
            }
        }
        check(&running, &simple).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_with_restarts_leave_the_state_that_a_simple_model_is_in() {
    prepare_thread();
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    if let Some(seed) = number("SHELFMARK_MODEL_SEED") {
        return Box::pin(run(seed)).await;
    }
    let first = u64::from(std::process::id()) * 1000;
    for seed in first..first + number("SHELFMARK_MODEL_RUNS").unwrap_or(4) {
        Box::pin(run(seed)).await;
    }
}
