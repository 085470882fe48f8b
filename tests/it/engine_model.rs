//! Goal: whatever is done in whatever order, with restarts in between, the service is in the state that a simple model
//! of it is in. Method: seeded random operations against a real Postgres; the model is one state in memory that applies
//! the same appends, never stops and keeps whole copies as versions. Digests, positions and what is served must agree
//! after every operation. The seed is printed; `SHELFMARK_MODEL_SEED` repeats a run, `SHELFMARK_MODEL_RUNS` runs more.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use crate::engine_support::{Running, config, hash, new_event, start};
use shelfmark::engine::{RolledBack, TakeVersion};
use shelfmark_domain::{
    Append, Event, Exclusions, Id, Item, NewRecord, Position, Record, RecordBody, RollbackMode, RollbackRequest,
    RollbackTarget, RowVector, Served, Timestamp, VectorTable, VectorValues, VersionNumber, VersionRef,
};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_log::AppendOutcome;
use shelfmark_state::{CounterRng, Digester, State};

const PATIENCE: Duration = Duration::from_secs(60);

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
                Record { position: self.head, appended_at: Timestamp::default(), source: None, body }
            })
            .collect();
        let mut restored = BTreeMap::new();
        for record in records.iter() {
            if let RecordBody::Restore { version, .. } = &record.body {
                restored.insert(record.position, self.versions[version].1.clone());
            }
        }
        self.learner.apply(&mut self.state, &Append { records }, &restored, &mut ()).unwrap();
    }
}

/// A vector from elsewhere: for an item that may be new, or a token that may not be there; sometimes it does not fit.
fn new_vector(draws: &mut CounterRng) -> RowVector {
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
    for row in 0..state.inference.catalog.len().min(5) {
        let row = row as u32;
        let mut vector = vec![0.0; 8];
        state.inference.item_vector(row, &mut vector);
        let id = state.inference.catalog.id(row);
        assert_eq!(served.item_embedding(id.as_str()).unwrap().values, vector, "P5");
    }
}

async fn run(seed: u64) {
    println!("SHELFMARK_MODEL_SEED={seed}");
    let url = crate::support::database().await;
    let mut draws = CounterRng::new(seed, 77, 0);
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
                    ..NewRecord::own(body.clone())
                };
                let outcomes = running.model.log().append(bodies.iter().map(record).collect()).await.unwrap();
                let expected: Vec<AppendOutcome> =
                    (1..=bodies.len() as u64).map(|n| AppendOutcome::Accepted(simple.head.advanced(n))).collect();
                assert_eq!(outcomes, expected);
                simple.append(bodies);
            }
            4 => {
                // Sent again: with the same body a duplicate, with another a conflict; nothing changes.
                let known = simple.events.values().min_by_key(|(position, _)| position.get() % 7).cloned();
                if let Some((position, event)) = known {
                    let same = NewRecord {
                        retry_hash: Some(hash(&event)),
                        source: None,
                        body: RecordBody::Event(event.clone()),
                    };
                    let other = NewRecord { retry_hash: Some(1), source: None, body: RecordBody::Event(event) };
                    let outcomes = running.model.log().append(vec![same, other]).await.unwrap();
                    assert_eq!(outcomes, [AppendOutcome::Duplicate(position), AppendOutcome::Conflict(position)]);
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
                let mode = if draws.below(2) == 0 { RollbackMode::Pin } else { RollbackMode::Restore };
                let to = RollbackTarget::Version(VersionRef::Number(number));
                let (except, dry_run) = (Exclusions::default(), false);
                let request =
                    RollbackRequest { to, mode, except, dry_run, reason: None, actor: "test".into(), details: None };
                let RolledBack::Done(deployment) = running.model.rollback(request).await.unwrap() else {
                    panic!("a stored version is there at once")
                };
                if mode == RollbackMode::Pin {
                    simple.served = Served::Version(number);
                } else {
                    simple.append(vec![RecordBody::Restore { version: number, replay: None }]);
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
