//! Goal: a version loads, and is what was stored, whatever the learner was doing when it was taken (P7). Method: the
//! engine in process takes versions at random moments of a random stream, while rows are changed that no view shows
//! yet; another process then loads each from Postgres and compares digests. Then a Postgres that changes what it is
//! given to store.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::time::Duration;

use crate::engine_support::{config, events, learn, new_event, start};
use shelfmark::engine::{EngineError, Model, TakeVersion};
use shelfmark_domain::{
    Event, Id, Item, ModelConfig, NewRecord, RecordBody, RowVector, VectorTable, VectorValues, VersionKind,
    VersionManifest,
};
use shelfmark_state::CounterRng;
use shelfmark_store::versions::VersionError;
use sqlx::{Executor, PgPool};

async fn take(model: &Model) -> Result<VersionManifest, EngineError> {
    model.take_version(TakeVersion { label: None, reason: None, actor: "test".into() }).await
}

fn record(body: RecordBody) -> NewRecord {
    NewRecord { body, retry_hash: None, source: None }
}

/// Some records of every kind that marks rows: events of known and new people and items, metadata with words and
/// vectors, items that go, rows given, configurations that open and close tables.
fn records(draws: &mut CounterRng, round: usize) -> Vec<NewRecord> {
    let mut bodies: Vec<RecordBody> = Vec::new();
    for n in 0..20 + draws.below(300) {
        let item = Id::new("item", &format!("i{}", draws.below(30 + 20 * round))).unwrap();
        bodies.push(RecordBody::Event(Event { item, ..new_event(draws, round * 1000 + n) }));
    }
    for _ in 0..draws.below(6) {
        let mut item = Item::bare(Id::new("item", &format!("i{}", draws.below(30 + 20 * round))).unwrap());
        item.title = Some(format!("word{} word{}", draws.below(20), draws.below(20 + round)));
        let modality = format!("m{}", draws.below(3.min(1 + round / 3)));
        item.vectors.insert(modality, (0..3).map(|_| draws.normal()).collect());
        bodies.insert(draws.below(bodies.len()), RecordBody::PutItem(item));
    }
    if draws.below(3) == 0 {
        let item = Id::new("item", &format!("i{}", draws.below(30))).unwrap();
        bodies.insert(draws.below(bodies.len()), RecordBody::RemoveItem { item });
        let values = VectorValues::new((0..8).map(|_| draws.normal()).collect());
        let id = Id::new("item", &format!("i{}", draws.below(30))).unwrap();
        bodies.push(RecordBody::PutVector(RowVector { into: VectorTable::Items, id, values }));
    }
    if draws.below(6) == 0 {
        let pull = [0.0, 0.5][draws.below(2)];
        let drop_idle_events = [0, 2000][draws.below(2)];
        let changed = ModelConfig { pull, drop_idle_events, ..config() };
        bodies.insert(draws.below(bodies.len()), RecordBody::Configure { config: Box::new(changed) });
    }
    bodies.into_iter().map(record).collect()
}

/// The versions that another process loaded from Postgres.
fn verified(url: &str) -> Vec<u64> {
    let model = crate::service::verified(url).remove(0);
    let versions = model["versions"].as_array().unwrap().iter();
    let mut numbers: Vec<u64> = versions.map(|version| version["version"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

async fn versions_of(model: &Model) -> Vec<u64> {
    let versions = model.versions().list(None, 1000).await.unwrap();
    versions.iter().rev().map(|version| u64::from(version.version.0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_taken_at_any_moment_loads_elsewhere() {
    let seed = std::env::var("SHELFMARK_TEST_SEED").map_or(u64::from(std::process::id()), |seed| seed.parse().unwrap());
    println!("SHELFMARK_TEST_SEED={seed}");
    let mut draws = CounterRng::new(seed, 11, 0);
    let url = crate::support::database().await;
    let running = start(&url).await;
    let model = &running.model;
    let (mut behind, mut deltas) = (0, 0);
    for round in 0..24 {
        // Several appends wait for the learner: views are rare then, and most changed rows are in none.
        for _ in 0..=draws.below(4) {
            let sent = records(&mut draws, round);
            model.log().append(sent).await.unwrap();
        }
        // They go on coming while versions are taken.
        let more: Vec<_> = (0..4).map(|part| records(&mut draws, 100 + 4 * round + part)).collect();
        let appending = async {
            for sent in more {
                model.log().append(sent).await.unwrap();
            }
        };
        let pauses: Vec<usize> = (0..=draws.below(2)).map(|_| draws.below(5000)).collect();
        let taking = async {
            for pause in pauses {
                tokio::time::sleep(Duration::from_micros(pause as u64)).await;
                let taken = take(model).await.unwrap();
                behind += u32::from(taken.position < model.log().head().await.unwrap());
                deltas += u32::from(taken.kind == VersionKind::Delta);
            }
        };
        tokio::join!(appending, taking);
    }
    println!("{behind} versions were taken while records waited, {deltas} of all are deltas");
    assert!(behind > 3 && deltas > 3, "the learner was behind and versions stood on others");
    assert_eq!(verified(&url), versions_of(model).await);
    running.stop().await;
}

/// From here on Postgres changes a byte of each segment that is stored, of deltas alone or of all versions.
async fn spoil(pool: &PgPool, which: &str) {
    let sql = format!(
        "create or replace function spoil() returns trigger language plpgsql as $$ begin \
             if exists (select from versions v where v.model_id = new.model_id and v.number = new.version and {which}) then \
                 new.payload = set_byte(new.payload, length(new.payload) - 5, 77); \
             end if; \
             return new; \
         end $$; \
         create or replace trigger spoil before insert on version_segments for each row execute function spoil();"
    );
    pool.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_come_back_is_taken_again_or_not_at_all() {
    let url = crate::support::database().await;
    let running = start(&url).await;
    let model = &running.model;
    learn(model, events("shop", 0, 200)).await;
    assert_eq!(take(model).await.unwrap().kind, VersionKind::Base);
    learn(model, events("shop", 200, 220)).await;
    assert_eq!(model.notes(), [""; 0]);

    spoil(&running.with.pool, "v.delta_of is not null").await;
    let taken = take(model).await.unwrap();
    assert_eq!(taken.kind, VersionKind::Base, "all rows are stored when the changed ones do not come back");
    let notes = model.notes();
    assert!(notes[0].contains("1 versions since the start were not read back"), "{notes:?}");

    learn(model, events("shop", 220, 240)).await;
    spoil(&running.with.pool, "true").await;
    let error = take(model).await.unwrap_err();
    assert!(matches!(error, EngineError::Version(VersionError::ReadBack(_) | VersionError::Corrupt { .. })), "{error}");
    assert_eq!(versions_of(model).await.len(), 2, "a version that cannot be read is not there");

    running.with.pool.execute("drop trigger spoil on version_segments").await.unwrap();
    let taken = take(model).await.unwrap();
    assert_eq!(taken.kind, VersionKind::Delta, "what changed meanwhile was not lost");
    assert_eq!(verified(&url), versions_of(model).await);
    running.stop().await;
}
