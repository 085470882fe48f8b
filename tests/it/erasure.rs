//! Goal: a forgotten user is nowhere (P10), and everything else is where it was: the log still leads from every version
//! to the next one, bit by bit (P4, P7). Method: the service in process on a real Postgres; every text and every stored
//! piece of its tables is searched for the user; the states are computed anew from what is left.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::engine_support::{config, start};
use serde_json::{Value, json};
use shelfmark::engine::{Model, TakeVersion, Unlearn};
use shelfmark_domain::{
    Append, Event, Id, Merge, MergeSource, NewRecord, Position, Record, RecordBody, Timestamp, VersionRef,
};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_state::{CounterRng, Digester, State};
use sqlx::{PgPool, Row};
use tokio::task::JoinSet;

/// Letters that nothing else in the database has.
const USER: &str = "ann.smith@example.org";
const PATIENCE: Duration = Duration::from_secs(60);

fn event(draws: &mut CounterRng, n: usize) -> Event {
    let user = if draws.below(4) == 0 { USER.to_owned() } else { format!("u{}", draws.below(9)) };
    Event {
        event_id: Id::new("event_id", &format!("{user}-{n}")).unwrap(),
        session: Some(Id::new("session", &format!("visit of {user}")).unwrap()),
        properties: Some(serde_json::json!({"mail": user, "odd": "\u{0}"})),
        recommendation_id: n.is_multiple_of(3).then(|| Id::new("recommendation_id", &format!("for {user}")).unwrap()),
        user: Some(Id::new("user", &user).unwrap()),
        item: Id::new("item", &format!("i{}", draws.below(60))).unwrap(),
        kind: "click".into(),
        value: Some(0.1 * n as f64),
        ts: Timestamp::from_seconds(1.6e9 + (n / 3) as f64 * 61.5).unwrap(),
        context: if n.is_multiple_of(2) { vec!["device:mobile".to_owned()] } else { Vec::new() },
    }
}

async fn append(model: &Model, draws: &mut CounterRng, numbers: std::ops::Range<usize>) {
    let records = numbers
        .map(|n| NewRecord { body: RecordBody::Event(event(draws, n)), retry_hash: Some(n as i64), source: None })
        .collect();
    model.log().append(records).await.unwrap();
    let head = model.log().head().await.unwrap();
    model.wait_applied(head, PATIENCE).await.unwrap();
}

async fn take(model: &Model) -> shelfmark_domain::VersionManifest {
    model.take_version(TakeVersion { label: None, reason: None, actor: "test".into() }).await.unwrap()
}

/// Forgets the user; the receipt.
async fn forget(model: &Model, unlearn: Unlearn) -> Value {
    let started = model.forget(Id::new("user", USER).unwrap(), unlearn, "test".to_owned()).await.unwrap();
    started.ended.await.unwrap();
    let operation = model.operations().store().get(started.id).await.unwrap();
    assert_eq!(operation.error, None);
    operation.result.unwrap()["receipt"].clone()
}

/// Where a text stands in the database: in any column of any table, pieces of versions unpacked.
async fn mentions(pool: &PgPool, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
            .fetch_all(pool)
            .await
            .unwrap();
    for table in tables {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from \"{table}\" t where position($1 in t::text) > 0"
        )))
        .bind(text)
        .fetch_one(pool)
        .await
        .unwrap();
        if count > 0 {
            found.push(format!("{table}: {count}"));
        }
    }
    for row in sqlx::query("select version, table_number, payload from version_segments").fetch_all(pool).await.unwrap()
    {
        let payload: Vec<u8> = row.get(2);
        let raw = zstd::stream::decode_all(payload.as_slice()).unwrap();
        if raw.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(format!("version {} table {}", row.get::<i32, _>(0), row.get::<i16, _>(1)));
        }
    }
    found
}

/// The state that the log leads to from the beginning, and its digest at some positions on the way.
async fn replayed(model: &Model, at: &[Position]) -> (State, BTreeMap<Position, String>) {
    let (mut state, mut learner) = (State::initial(Arc::new(config())), Learner::default());
    let mut digests = BTreeMap::new();
    let mut after = Position::ZERO;
    loop {
        let appends = model.log().read_after(after, 1000).await.unwrap();
        if appends.is_empty() {
            return (state, digests);
        }
        for append in appends {
            learner.apply(&mut state, &append, &BTreeMap::new(), &mut ()).unwrap();
            after = append.last();
            if at.contains(&after) {
                digests.insert(after, Digester::new(&state).digest().to_string());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_user_is_nowhere_and_the_log_still_leads_to_every_version() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let (pool, model) = (running.with.pool.clone(), running.model.clone());
    let mut draws = CounterRng::new(5, 5, 5);
    let mut versions = Vec::new();
    for round in 0..4 {
        append(&model, &mut draws, round * 100..round * 100 + 60).await;
        versions.push(take(&model).await);
        append(&model, &mut draws, round * 100 + 60..round * 100 + 100).await;
    }
    let unlearned = model.live().item_embedding("i3").unwrap().values;
    assert!(mentions(&pool, USER).await.len() >= 2, "log and versions hold the user");
    let past = format!(r#"{{"except": {{"users": ["{USER}"]}}, "users": [{{"id":"{USER}","moved":0.5}}]}}"#);
    sqlx::query(
        "insert into operations (id, model_id, kind, state, actor, created_at, updated_at, finished_at, result) \
         select 'past', id, 'dry_run', 'done', 'test', now(), now(), now(), $1 from models",
    )
    .bind(past)
    .execute(&pool)
    .await
    .unwrap();

    let receipt = forget(&model, Unlearn::Rows).await;
    assert_eq!(mentions(&pool, USER).await, Vec::<String>::new(), "P10");
    let forgotten_at = Position::new(401);
    assert_eq!(receipt["position"], json!(forgotten_at));
    assert_eq!(receipt["versions"].as_array().unwrap().len(), 4, "{receipt}");
    let events: i64 = sqlx::query_scalar("select count(*) from records where user_id like 'forgotten-%'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(receipt["logs"][0]["records"], json!(events));
    assert!(events > 50 && receipt["logs"][0]["first"].is_number());
    assert!(!receipt.to_string().contains("ann"));
    assert_eq!(model.versions().receipts(None, 10).await.unwrap(), [(forgotten_at, receipt.clone())]);

    // Readers know nobody of that name, whichever state they ask.
    let now = Timestamp::now();
    assert!(model.live().user_embedding(USER, now).is_none());
    for manifest in &versions {
        let view = model.view_of(&VersionRef::Number(manifest.version)).await.unwrap();
        assert!(view.user_embedding(USER, now).is_none());
        assert!(view.user_embedding("u1", now).is_some());
    }
    assert_eq!(model.live().item_embedding("i3").unwrap().values, unlearned, "what was learned stays");

    // P4, P7: what is left leads to the same digests, at every version and at the head.
    let positions: Vec<Position> = versions.iter().map(|manifest| manifest.position).collect();
    let (state, digests) = replayed(&model, &positions).await;
    for (manifest, erased) in versions.iter().zip(receipt["versions"].as_array().unwrap()) {
        assert_eq!((&erased["version"], &erased["before"]), (&json!(manifest.version), &json!(manifest.digest)));
        assert_eq!(erased["after"], json!(digests[&manifest.position]), "version {}", manifest.version);
    }
    let digest = Digester::new(&state).digest();
    assert_eq!(model.status().await.unwrap().digest, digest);

    // The user comes back as somebody new; what is taken next, and a restart, hold nothing of before.
    running.stop().await;
    let running = start(&url).await;
    let (pool, model) = (running.with.pool.clone(), running.model.clone());
    model.wait_applied(forgotten_at, PATIENCE).await.unwrap();
    assert_eq!(model.status().await.unwrap().digest, digest);
    take(&model).await;
    assert_eq!(mentions(&pool, USER).await, Vec::<String>::new());
    running.stop().await;
}

/// Goal: an event that comes while a user is being forgotten is either forgotten too or comes after, never half.
/// Method: events of the user without pause while the user is forgotten again and again; then all of it is replayed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_meanwhile_are_forgotten_or_come_after() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let (pool, model) = (running.with.pool.clone(), running.model.clone());
    let mut sender = JoinSet::new();
    {
        let model = model.clone();
        sender.spawn(async move {
            let mut draws = CounterRng::new(6, 6, 6);
            for round in 0..60 {
                let records = (round * 20..round * 20 + 20)
                    .map(|n| NewRecord {
                        body: RecordBody::Event(event(&mut draws, n)),
                        retry_hash: None,
                        source: None,
                    })
                    .collect();
                model.log().append(records).await.unwrap();
            }
        });
    }
    while sender.try_join_next().is_none() {
        forget(&model, Unlearn::Rows).await;
        take(&model).await;
    }
    forget(&model, Unlearn::Rows).await;
    assert_eq!(mentions(&pool, USER).await, Vec::<String>::new(), "P10");
    let after: i64 = sqlx::query_scalar(
        "select count(*) from records r where user_id like 'forgotten-%' and not exists \
         (select from records f where f.type = 7 and f.position > r.position and f.rest like '%' || r.user_id || '%')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(after, 0, "who was forgotten did nothing since");
    let (state, _) = replayed(&model, &[]).await;
    assert_eq!(model.status().await.unwrap().digest, Digester::new(&state).digest(), "P4");
    running.stop().await;
}

/// What a guest, a member and others do in sessions that they share: the member's visits begin without a name, and one
/// name is merged into another.
fn visit(draws: &mut CounterRng, n: usize) -> RecordBody {
    let id = |text: &str| Id::new("id", text).unwrap();
    if n % 50 == 49 {
        let from = if n % 100 == 49 { MergeSource::User(id(GUEST)) } else { MergeSource::Session(id(SHARED)) };
        return RecordBody::Merge(Merge { into: id(USER), from });
    }
    let visit = format!("visit {} of {USER}", n / 40);
    let (user, session) = match draws.below(6) {
        0 => (None, Some(visit.as_str())),
        1 => (None, Some(SHARED)),
        2 => (Some(GUEST), Some(visit.as_str())),
        3 => (Some(USER), [None, Some(visit.as_str()), Some(SHARED)][draws.below(3)]),
        4 => (Some("u4"), [Some(visit.as_str()), Some(SHARED), Some("of u4")][draws.below(3)]),
        _ => (Some("u5"), None),
    };
    let (user, session) = (user.map(id), session.map(id));
    let mut event = Event { session, ..event(draws, n) };
    if user.as_ref().is_some_and(|user| user.as_str().starts_with('u')) {
        // What others say of the user is theirs.
        event.event_id = id(&format!("e{n}"));
        (event.properties, event.recommendation_id) = (None, None);
    }
    RecordBody::Event(Event { user, ..event })
}

/// Names that are found by a part of [`USER`].
const GUEST: &str = "guest ann.smith@example.org";
const SHARED: &str = "kiosk of ann.smith@example.org";

/// Goal: who is forgotten is forgotten as a guest too. Method: visits that begin without a name and end with one, users
/// merged by request, events that come meanwhile, and the digests of all versions and of the head, computed anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_member_is_nowhere_as_a_guest_either() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let (pool, model) = (running.with.pool.clone(), running.model.clone());
    let mut draws = CounterRng::new(8, 8, 8);
    let mut visits = async |numbers: std::ops::Range<usize>| {
        let records = numbers.map(|n| NewRecord { retry_hash: Some(n as i64), ..NewRecord::own(visit(&mut draws, n)) });
        model.log().append(records.collect()).await.unwrap();
    };
    let mut versions = Vec::new();
    for round in 0..4 {
        visits(round * 100..round * 100 + 100).await;
        model.wait_applied(model.log().head().await.unwrap(), PATIENCE).await.unwrap();
        versions.push(take(&model).await);
    }
    visits(400..470).await;
    assert!(mentions(&pool, "ann.smith").await.len() >= 2, "log and versions hold the names");
    let receipt = forget(&model, Unlearn::Rows).await;
    assert_eq!(mentions(&pool, "ann.smith").await, Vec::<String>::new(), "P10");

    let positions: Vec<Position> = versions.iter().map(|manifest| manifest.position).collect();
    let (state, digests) = replayed(&model, &positions).await;
    let erased = receipt["versions"].as_array().unwrap();
    assert_eq!(erased.len(), 4, "{receipt}");
    for (manifest, erased) in versions.iter().zip(erased) {
        assert_eq!(erased["after"], json!(digests[&manifest.position]), "version {}", manifest.version);
    }
    let digest = Digester::new(&state).digest();
    assert_eq!(model.status().await.unwrap().digest, digest, "P4");
    assert!(state.inference.user("u4").is_some() && state.inference.session("of u4").is_none());

    running.stop().await;
    let running = start(&url).await;
    let model = running.model.clone();
    model.wait_applied(Position::new(471), PATIENCE).await.unwrap();
    assert_eq!(model.status().await.unwrap().digest, digest);
    // Learned again without all of the names, nobody has done anything under them.
    let mut late = CounterRng::new(9, 9, 9);
    let records = (500..560).map(|n| NewRecord::own(visit(&mut late, n)));
    model.log().append(records.collect()).await.unwrap();
    forget(&model, Unlearn::Replay).await;
    let last: String = sqlx::query_scalar("select rest from records where type = 7 order by position desc limit 1")
        .fetch_one(&running.with.pool)
        .await
        .unwrap();
    assert!(last.contains("sessions") && last.contains("users"), "{last}");
    let view = model.live();
    let ids = view.inference().users.ids().chain(view.inference().sessions.ids());
    let left: Vec<_> = ids.filter(|(_, id)| last.contains(id.as_str())).map(|(_, id)| id.to_string()).collect();
    assert!(left.is_empty(), "{left:?}");
    running.stop().await;
}

/// Goal: unlearned, a user has left nothing but a log of somebody unknown. Method: after `unlearn=replay` the state is
/// that of a learner that never met the user's events; whom a replay left out is forgotten too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlearned_user_has_taught_the_model_nothing() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let (pool, model) = (running.with.pool.clone(), running.model.clone());
    let mut draws = CounterRng::new(7, 7, 7);
    append(&model, &mut draws, 0..200).await;
    take(&model).await;
    append(&model, &mut draws, 200..300).await;
    let receipt = forget(&model, Unlearn::Replay).await;
    assert_eq!(mentions(&pool, USER).await, Vec::<String>::new(), "P10");

    let name: String = sqlx::query_scalar("select user_id from records where user_id like 'forgotten-%' limit 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    let first: Position = serde_json::from_value(receipt["logs"][0]["first"].clone()).unwrap();
    let (mut state, mut learner) = (State::initial(Arc::new(config())), Learner::default());
    let mut after = Position::ZERO;
    loop {
        let appends = model.log().read_after(after, 1000).await.unwrap();
        let Some(last) = appends.last() else { break };
        after = last.last();
        for append in appends {
            let ours = |record: &&Record| match &record.body {
                RecordBody::Event(event) => event.user.as_ref().is_none_or(|user| user.as_str() != name),
                RecordBody::Restore { .. } => false,
                RecordBody::PutItem(_)
                | RecordBody::PatchItem(_)
                | RecordBody::Merge(_)
                | RecordBody::ResetModality { .. }
                | RecordBody::RemoveItem { .. }
                | RecordBody::Configure { .. }
                | RecordBody::PutVector(_)
                | RecordBody::Retract(_)
                | RecordBody::UpdateProfile(_)
                | RecordBody::Forget(_) => true,
            };
            let kept = append.records.iter().filter(ours);
            // As when the log was read from before the first event: cut there.
            let (before, since): (Vec<Record>, Vec<Record>) = kept.cloned().partition(|record| record.position < first);
            for records in [before, since].into_iter().filter(|records| !records.is_empty()) {
                let append = Append { records: records.into() };
                learner.apply(&mut state, &append, &BTreeMap::new(), &mut ()).unwrap();
            }
        }
    }
    assert_eq!(model.status().await.unwrap().digest, Digester::new(&state).digest());
    running.stop().await;
}
