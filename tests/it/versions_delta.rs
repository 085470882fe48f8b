//! Goal: a base and its deltas make the state that was stored, to the bit, and cost what changed. Method: seeded
//! streams of every kind of record through the production learner, put together again piece by piece; then a chain in a
//! real Postgres, with versions deleted from under it, compacted, and damaged.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use crate::learner_model::Model;
use crate::log_support::migrated;
use shelfmark_domain::{
    Event, Id, Item, ModelConfig, ModelName, Position, RecordBody, RowVector, Timestamp, VectorTable, VectorValues,
    VersionKind, VersionManifest, VersionNumber,
};
use shelfmark_state::{Assembler, CounterRng, Digester, ReadBack, Segment, State, Table, Touched};
use shelfmark_store::versions::{NewSegments, NewVersion, VersionError, VersionStore};
use sqlx::Executor;

fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

fn event(draws: &mut CounterRng, n: usize, items: usize) -> RecordBody {
    let actor = id(&format!("a{}", draws.below(items)));
    let session = draws.below(4) == 0;
    RecordBody::Event(Event {
        event_id: id(&format!("e{n}")),
        user: (!session).then(|| actor.clone()),
        session: session.then_some(actor),
        item: id(&format!("i{}", draws.below(items))),
        kind: "click".to_owned(),
        value: None,
        ts: Timestamp::from_seconds(1e9 + n as f64 * 30.0).unwrap(),
        context: if draws.below(3) == 0 { vec![format!("c{}", draws.below(5))] } else { Vec::new() },
        recommendation_id: None,
        properties: None,
    })
}

fn small() -> ModelConfig {
    ModelConfig { dim: 8, full_softmax_below: 40, negatives: 16, step_targets: 8, ..ModelConfig::default() }
}

/// Some records of every kind; what they name grows with `round`.
fn records(draws: &mut CounterRng, round: usize) -> Vec<RecordBody> {
    let items = 20 + 10 * round;
    let mut bodies: Vec<RecordBody> = (0..40).map(|n| event(draws, round * 100 + n, items)).collect();
    let mut item = Item::bare(id(&format!("i{}", draws.below(items))));
    item.title = Some(format!("red{} shoe", draws.below(9)));
    item.vectors.insert("image".into(), (0..3).map(|_| draws.normal()).collect());
    bodies.push(RecordBody::PutItem(item));
    bodies.push(RecordBody::RemoveItem { item: id(&format!("i{}", draws.below(items))) });
    let values = VectorValues::new((0..8).map(|_| draws.normal()).collect());
    bodies.push(RecordBody::PutVector(RowVector { into: VectorTable::Items, id: id("i3"), values }));
    if round == 3 {
        let config = ModelConfig { explore: 0.25, ..small() };
        bodies.push(RecordBody::Configure { config: Box::new(config) });
    }
    bodies
}

#[test]
fn a_base_and_its_deltas_make_the_state_whatever_happened_between_them() {
    for seed in 0..5 {
        let mut draws = CounterRng::new(seed, 5, 0);
        let mut model = Model::new(small());
        model.apply(records(&mut draws, 0));
        let mut chain: Vec<Segment> = model.state.segments().collect();
        for round in 1..6 {
            model.state.touched.clear();
            model.apply(records(&mut draws, round));
            assert!(!model.state.touched.reshaped());
            chain.extend(model.state.delta_segments(&model.state.touched));
            let mut assembler = Assembler::default();
            chain.iter().try_for_each(|segment| assembler.take(segment)).unwrap();
            let (state, digester) = assembler.finish().unwrap();
            let expected = Digester::new(&model.state).digest();
            assert_eq!(Digester::new(&state).digest(), expected, "seed {seed}, round {round}");
            assert_eq!(digester.digest(), expected, "the hashes of the bytes are those of the rows");
        }
        let without_base = State::from_segments(model.state.delta_segments(&model.state.touched));
        assert!(without_base.is_err(), "changes alone are no state");
    }
}

#[test]
fn a_base_that_is_given_up_cannot_be_said_by_changed_rows() {
    let mut model = Model::new(small());
    for (pull, reshaped) in [(0.5, true), (0.4, false), (0.0, true), (0.0, false)] {
        model.state.touched.clear();
        model.apply([RecordBody::Configure { config: Box::new(ModelConfig { pull, ..small() }) }]);
        assert_eq!(model.state.touched.reshaped(), reshaped, "pull {pull}");
    }
}

/// Goal: deltas that early builds stored, which repeat rows of tables that only grow, load when the rows say the same
/// (they lose nothing), and are refused when they do not.
#[test]
fn a_delta_may_repeat_rows_of_its_base_that_say_the_same() {
    let mut draws = CounterRng::new(3, 5, 0);
    let mut model = Model::new(ModelConfig { pull: 0.5, ..small() });
    model.apply(records(&mut draws, 0));
    // The base of a pull holds the rows that were there when it began.
    for pull in [0.0, 0.5] {
        model.apply([RecordBody::Configure { config: Box::new(ModelConfig { pull, ..small() }) }]);
    }
    let base: Vec<Segment> = model.state.segments().collect();
    model.state.touched.clear();
    model.apply(records(&mut draws, 1));
    for table in [Table::Known, Table::Modalities, Table::BaseWeights] {
        let mut repeated = model.state.touched.clone();
        repeated.mark(table, 0);
        let delta: Vec<Segment> = model.state.delta_segments(&repeated).collect();
        let together = |delta: &[Segment]| State::from_segments(base.iter().chain(delta).cloned());
        let state = together(&delta).unwrap();
        assert_eq!(Digester::new(&state).digest(), Digester::new(&model.state).digest(), "{table:?}");

        let mut other = delta.clone();
        let segment = other.iter_mut().find(|segment| segment.table() == Some(table)).unwrap();
        // The first row's first byte of content: after the run's head and, for rows of any length, the row's own.
        let head = if table.row_bytes(8).is_some() { 8 } else { 12 };
        segment.payload[head] ^= 1;
        assert!(together(&other).is_err(), "{table:?}: a row that says something else");
    }
}

/// Goal: a delta costs what changed. Method: vectors of 64, touched one in fifty: bytes against the touched rows' own.
#[test]
fn a_delta_is_little_more_than_its_rows() {
    let mut model = Model::new(ModelConfig { dim: 64, ..small() });
    model.apply((0..1000).map(|n| RecordBody::PutItem(Item::bare(id(&format!("i{n}"))))));
    let mut touched = Touched::default();
    (0..1000).step_by(50).for_each(|row| touched.mark(Table::ItemVectors, row));
    let bytes: usize = model.state.delta_segments(&touched).map(|segment| segment.payload.len()).sum();
    let rows = 20 * 2 * 64 * 4;
    assert!((rows..rows * 11 / 10).contains(&bytes), "{bytes} bytes for {rows}");
    let share = model.state.share_of(&touched);
    assert!((0.005..0.02).contains(&share), "{share}");
}

/// A store with a chain: version 1 is a base, each later one a delta of the one before. With the digests.
async fn chain(versions: usize) -> (sqlx::PgPool, VersionStore, Model, Vec<VersionManifest>) {
    let pool = migrated(&crate::support::database().await).await;
    let store = VersionStore::open(pool.clone(), &ModelName::new("default").unwrap()).await.unwrap();
    let mut draws = CounterRng::new(9, 5, 0);
    let mut model = Model::new(small());
    let mut saved: Vec<VersionManifest> = Vec::new();
    let mut before: Option<(State, Digester)> = None;
    for round in 0..versions {
        model.state.touched.clear();
        model.apply(records(&mut draws, round));
        let parent = saved.last().map(|manifest| manifest.version);
        let digester = Digester::new(&model.state);
        let segments = match parent {
            None => model.state.segments(),
            Some(_) => model.state.delta_segments(&model.state.touched),
        };
        let new = NewVersion {
            position: Position::ZERO.advanced(model.head.get()),
            seen_through: model.head,
            parent,
            delta_of: parent,
            digest: digester.digest(),
            label: None,
            reason: None,
            actor: "test".to_owned(),
            metrics: serde_json::json!({}),
            fingerprint: "cpu".to_owned(),
            derived: None,
            segments: NewSegments::new(segments),
            read_back: Some(Box::new(match &before {
                None => ReadBack::base(model.state.clone(), digester.digest()),
                Some((parent, digester_before)) => {
                    ReadBack::delta(model.state.clone(), digester.digest(), parent.clone(), digester_before.clone())
                }
            })),
        };
        before = Some((model.state.clone(), digester.clone()));
        saved.push(store.save(new).await.unwrap());
    }
    (pool, store, model, saved)
}

/// Loads a version and compares its digest with the manifest's.
async fn load(store: &VersionStore, version: VersionNumber) -> Result<State, VersionError> {
    let (sender, mut segments) = tokio::sync::mpsc::channel(1);
    let assembling = tokio::task::spawn_blocking(move || {
        let mut assembler = Assembler::default();
        while let Some(segment) = segments.blocking_recv() {
            assembler.take(&segment)?;
        }
        assembler.finish()
    });
    let manifest = store.load(version, sender).await?;
    let (state, digester) = assembling.await.unwrap().unwrap();
    assert_eq!((Digester::new(&state).digest(), digester.digest()), (manifest.digest, manifest.digest), "P7");
    Ok(state)
}

fn v(number: u32) -> VersionNumber {
    VersionNumber(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_under_a_delta_stay_unseen_until_it_is_folded_and_then_go() {
    let (pool, store, model, saved) = Box::pin(chain(6)).await;
    let kinds: Vec<VersionKind> = saved.iter().map(|manifest| manifest.kind).collect();
    assert_eq!(kinds, [vec![VersionKind::Base], vec![VersionKind::Delta; 5]].concat());
    let depth = async |number| store.chain(v(number)).await.unwrap().unwrap().depth;
    assert_eq!((depth(1).await, depth(6).await), (0, 5));
    for number in 1..=6 {
        load(&store, v(number)).await.unwrap();
    }
    for number in [2, 1, 3] {
        store.delete(v(number)).await.unwrap();
        assert!(matches!(load(&store, v(number)).await, Err(VersionError::NotFound(_))));
        assert!(matches!(store.delete(v(number)).await, Err(VersionError::NotFound(_))));
    }
    assert_eq!(store.list(None, 10).await.unwrap().len(), 3);
    assert_eq!(store.count().await.unwrap(), 3);
    let kept = async || -> i64 { sqlx::query_scalar("select count(*) from versions").fetch_one(&pool).await.unwrap() };
    assert_eq!(kept().await, 6, "deltas stand on them");
    assert_eq!(store.compactable(4).await.unwrap(), []);
    assert_eq!(store.compactable(3).await.unwrap(), [v(4)]);
    let whole = load(&store, v(4)).await.unwrap();
    let read_back = Box::new(ReadBack::base(whole.clone(), Digester::new(&whole).digest()));
    store.compact(v(4), NewSegments::new(whole.segments()), read_back).await.unwrap();
    assert_eq!(kept().await, 3, "nothing stands on them any more");
    assert_eq!((depth(4).await, depth(6).await), (0, 2));
    for number in 4..=6 {
        load(&store, v(number)).await.unwrap();
    }
    let chain = store.chain(v(6)).await.unwrap().unwrap();
    let base: usize = whole.segments().map(|segment| segment.payload.len()).sum();
    assert_eq!(chain.base_raw_bytes, base as u64);
    assert_eq!(chain.deltas_raw_bytes, saved[4].raw_bytes + saved[5].raw_bytes);
    assert_eq!(Digester::new(&model.state).digest(), saved[5].digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_named_with_the_version_it_lies_in() {
    let (pool, store, _, _) = Box::pin(chain(3)).await;
    let damage = "update version_segments set payload = set_byte(payload, 9, get_byte(payload, 9) # 1) \
                  where version = 2 and table_number = 14";
    assert_eq!(pool.execute(damage).await.unwrap().rows_affected(), 1);
    load(&store, v(1)).await.unwrap();
    for (version, named) in [(2, "segment 0 of table 14"), (3, "version 2, on which it depends: segment 0 of table 14")]
    {
        let Err(VersionError::Corrupt { version: found, detail }) = load(&store, v(version)).await else {
            panic!("version {version} was believed");
        };
        assert_eq!(found, v(version));
        assert!(detail.starts_with(named), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delta_of_nothing_is_refused() {
    let (_pool, store, model, _) = Box::pin(chain(1)).await;
    let new = NewVersion {
        position: model.head,
        seen_through: model.head,
        parent: Some(v(7)),
        delta_of: Some(v(7)),
        digest: Digester::new(&model.state).digest(),
        label: None,
        reason: None,
        actor: "test".to_owned(),
        metrics: serde_json::json!({}),
        fingerprint: "cpu".to_owned(),
        derived: None,
        segments: NewSegments::new(Vec::new()),
        read_back: None,
    };
    assert!(matches!(store.save(new).await, Err(VersionError::NotFound(what)) if what == "7"));
}
