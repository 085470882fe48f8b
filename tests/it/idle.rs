//! Goal: dropping who is idle is a function of log and configuration, so that replicas, versions, recovery and erasure
//! agree (P4, P7, P10), and it bounds what people take. Method: streams in which visitors come and go and a few
//! regulars stay, through the production learner; and through two real processes, one of which is killed.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use crate::learner_model::Model;
use crate::service::{PATIENCE, Service};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_domain::{Event, Id, ModelConfig, RecordBody, Timestamp};
use shelfmark_state::{Assembler, Digester, LearnedTable, Segment, State, Table, Touched};

/// Events that one visitor leaves, one after the other.
const VISIT: u64 = 30;

fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

/// Every fifth event is of one of six regulars; the others are of visitors who never come back, each third a session
/// only.
fn events(range: std::ops::Range<u64>) -> Vec<RecordBody> {
    let event = |n: u64| {
        let visitor = id(&format!("v{}", n / VISIT));
        let (user, session) = match (n.is_multiple_of(5), (n / VISIT).is_multiple_of(3)) {
            (true, _) => (Some(id(&format!("r{}", n / 5 % 6))), None),
            (false, true) => (None, Some(visitor)),
            (false, false) => (Some(visitor), None),
        };
        Event {
            event_id: id(&format!("e{n}")),
            user,
            session,
            item: id(&format!("i{}", (n * 7 + n / 12) % 40)),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_seconds((1_000_000 + n * 30) as f64).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        }
    };
    range.map(event).map(RecordBody::Event).collect()
}

fn config(drop_idle_events: u64) -> ModelConfig {
    ModelConfig {
        dim: 8,
        step_targets: 16,
        full_softmax_below: 30,
        negatives: 16,
        drop_idle_events,
        ..ModelConfig::default()
    }
}

fn learn(model: &mut Model, from: u64, through: u64) {
    for n in (from..through).step_by(50) {
        model.apply(events(n..(n + 50).min(through)));
    }
}

fn digest(state: &State) -> shelfmark_domain::Digest {
    Digester::new(state).digest()
}

#[test]
fn visitors_give_their_rows_back_and_the_next_ones_take_them() {
    let (mut model, mut keeping) = (Model::new(config(1000)), Model::new(config(0)));
    learn(&mut model, 0, 9000);
    learn(&mut keeping, 0, 9000);
    let (now, all) = (&model.state.inference, &keeping.state.inference);
    assert_eq!((all.users.count(), all.sessions.count()), (206, 100), "without the policy everybody stays");
    // At most those of the newest 1,128 events and a batch, two of three with a user.
    assert!(
        now.users.count() <= 6 + 28 && now.sessions.count() <= 15,
        "{} {}",
        now.users.count(),
        now.sessions.count()
    );
    assert!(now.users.len() <= 6 + 32 && now.sessions.len() <= 17, "{} {}", now.users.len(), now.sessions.len());
    assert!(now.user("v1").is_none() && now.session("v0").is_none() && now.user("v298").is_some());
    for regular in 0..6 {
        let actor = now.user(&format!("r{regular}")).unwrap();
        assert_eq!(now.history(actor).total(), 300, "a regular is never idle");
    }
    // Who comes again is a stranger.
    let mut again = events(9000..9001);
    if let RecordBody::Event(event) = &mut again[0] {
        event.user = Some(id("v1"));
    }
    model.apply(again);
    let now = &model.state.inference;
    assert_eq!(now.history(now.user("v1").unwrap()).total(), 1);
}

#[test]
fn a_base_and_deltas_lead_to_the_state_and_learning_goes_on_alike_from_both() {
    let mut model = Model::new(config(1000));
    let mut digester = Digester::new(&model.state);
    let mut stored: Vec<Segment> = model.state.segments().collect();
    let mut changed = Touched::default();
    let mut dropped = 0;
    for n in (0..6000).step_by(50) {
        dropped += model.apply(events(n..n + 50)).dropped;
        digester.update(&model.state, &model.state.touched);
        changed.absorb(&model.state.touched);
        model.state.touched.clear();
        if n % 700 == 0 {
            stored.extend(model.state.delta_segments(&changed));
            changed.clear();
            let mut assembler = Assembler::default();
            stored.iter().for_each(|segment| assembler.take(segment).unwrap());
            let (restored, read) = assembler.finish().unwrap();
            let digests = [digester.digest(), digest(&model.state), digest(&restored), read.digest()];
            assert_eq!(digests, [digests[0]; 4], "P7 after {n}");
            // Free rows, and when everybody was there, are part of what was stored.
            let mut other = Model { state: restored, head: model.head, ..Model::new(config(1000)) };
            let mut own = Model { state: model.state.clone(), head: model.head, ..Model::new(config(1000)) };
            learn(&mut other, n + 50, n + 800);
            learn(&mut own, n + 50, n + 800);
            assert_eq!(digest(&own.state), digest(&other.state), "P4 after {n}");
        }
    }
    assert!(dropped > 100, "{dropped}");
}

#[test]
fn the_policy_may_come_and_go_and_a_base_is_nobody_elses() {
    let mut model = Model::new(config(0));
    learn(&mut model, 0, 2000);
    let people = model.state.inference.users.count();
    let on = ModelConfig { pull: 0.1, ..config(1000) };
    model.apply([RecordBody::Configure { config: Box::new(on) }]);
    let based = u32::try_from(model.state.inference.users.len()).unwrap();
    learn(&mut model, 2000, 5000);
    let users = &model.state.inference.users;
    assert!(users.count() < people, "who was there before is dropped too");
    for (row, user) in users.ids().filter(|(_, user)| user.as_str().starts_with('v')) {
        assert!(row >= based, "{user} would be held to somebody else's vector");
        assert_eq!(model.state.base_weights.as_ref().unwrap().row(LearnedTable::Users, row), None);
    }
    let restored = State::from_segments(model.state.segments()).unwrap();
    assert_eq!(digest(&restored), digest(&model.state), "P7");
    // Without the policy nobody notes who was there; rows that are free are still given away.
    model.apply([RecordBody::Configure { config: Box::new(config(0)) }]);
    assert_eq!((model.state.rows(Table::UsersLastActive), model.state.rows(Table::SessionsLastActive)), (0, 0));
    let (rows, count) = (model.state.inference.users.len(), model.state.inference.users.count());
    learn(&mut model, 5000, 5300);
    let users = &model.state.inference.users;
    assert!(users.count() > count && users.len() == rows, "{} of {rows}", users.count());
    let restored = State::from_segments(model.state.segments()).unwrap();
    assert_eq!(digest(&restored), digest(&model.state), "P7");
}

fn batch(from: u64, count: u64) -> Value {
    let event = |body: RecordBody| {
        let RecordBody::Event(event) = body else { unreachable!("only events") };
        json!({"event_id": event.event_id, "user": event.user, "session": event.session, "item": event.item,
               "kind": "click", "ts": event.ts})
    };
    json!({"events": events(from..from + count).into_iter().map(event).collect::<Vec<_>>()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_agree_on_who_was_dropped_and_an_erasure_finds_every_row_that_a_visitor_had() {
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    std::fs::write(&file, r#"{"dim":8,"full_softmax_below":30,"negatives":16,"drop_idle_events":1000}"#).unwrap();
    let start = || Service::start(["--database-url", &url, "--model-config", file.to_str().unwrap()]);
    let (a, b) = (start(), start());
    for from in (0..3000).step_by(100) {
        a.post("/events?wait=applied&timeout_ms=30000", &batch(from, 100)).await;
        if from % 600 == 0 {
            a.post("/versions", &json!({"label": format!("at-{from}")})).await;
        }
    }
    let (x, y) = (a.status_at(3000).await, b.status_at(3000).await);
    assert_eq!(x["digest"], y["digest"], "P4");
    assert!(x["counts"]["users"].as_u64().unwrap() < 45, "{x}");
    let (status, _) = b.try_send(Method::GET, "/users/v1", &Value::Null).await.unwrap();
    assert_eq!(status, 404, "v1 was dropped");
    let stranger = b.post("/recommendations", &json!({"user": "v1", "limit": 5})).await;
    assert_eq!((&stranger["fallback"], stranger["items"].as_array().unwrap().len()), (&json!("popular"), 5));
    a.kill();

    // Back, in another row; some versions hold the first row, some the second, and some neither. Then forgotten.
    let back =
        json!({"events": [{"event_id": "back", "user": "v1", "item": "i1", "kind": "click", "ts": 1_900_000_000}]});
    b.post("/events?wait=applied&timeout_ms=30000", &back).await;
    b.post("/versions", &json!({"label": "back"})).await;
    let (_, started) = b.try_send(Method::DELETE, "/users/v1", &Value::Null).await.unwrap();
    let path = format!("/operations/{}", started["operation"]["id"].as_str().unwrap());
    let deadline = std::time::Instant::now() + PATIENCE;
    while b.get(&path).await["state"] == "running" {
        assert!(std::time::Instant::now() < deadline, "it does not end");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let forgotten = b.get(&path).await;
    assert_eq!(forgotten["state"], "done", "{forgotten}");
    assert_eq!(b.try_send(Method::GET, "/users/v1", &Value::Null).await.unwrap().0, 404);
    let a = start();
    let (x, y) = (a.status_at(3002).await, b.status_at(3002).await);
    assert_eq!(x["digest"], y["digest"], "P4 after a kill: newest version, and the log after it");
    a.kill();
    b.kill();
    let found = crate::service::verified(&url);
    assert_eq!(found[0]["digest"], y["digest"], "the log leads to what was served");
    assert!(found[0]["versions"].as_array().unwrap().len() >= 6, "{found:#?}");
}
