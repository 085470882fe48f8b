//! Goal: an event that is taken back is gone from history, seen, dislikes and lists, once, as a function of the log.
//! Method: the real binary; unlikes of users and visits, with crashes, versions, rollbacks, a replay and an erasure.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

const APPLIED: &str = "wait=applied&timeout_ms=30000";

fn event(n: usize, user: Option<&str>, session: Option<&str>, kind: &str, item: &str) -> Value {
    let mut event = json!({"event_id": format!("e{n}"), "item": item, "kind": kind, "ts": 1_700_000_000 + n});
    for (field, name) in [("user", user), ("session", session)] {
        if let Some(name) = name {
            event[field] = name.into();
        }
    }
    event
}

async fn send(service: &Service, events: Vec<Value>) -> u64 {
    let reply = service.post(&format!("/events?{APPLIED}"), &json!({ "events": events })).await;
    assert_eq!(reply["accepted"], json!(events.len()), "{reply}");
    reply["position"].as_u64().expect("a position")
}

/// Takes an event back. Status and answer.
async fn retract(service: &Service, id: &str) -> (u16, Value) {
    let path = format!("/events/{id}?{APPLIED}");
    service.try_send(Method::DELETE, &path, &Value::Null).await.expect("a reply")
}

/// Items of a user's newest events, newest first.
async fn history(service: &Service, user: &str) -> Vec<String> {
    let user = service.get(&format!("/users/{user}")).await;
    let newest = user["newest"].as_array().expect("events");
    assert_eq!(user["events"], json!(newest.len()), "{user}");
    newest.iter().map(|event| event["item"].as_str().expect("an item").to_owned()).collect()
}

async fn list(service: &Service, query: Value) -> Vec<String> {
    let reply = service.post("/recommendations", &query).await;
    let items = reply["items"].as_array().expect("a list");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

async fn roll_back(service: &Service, body: &Value) {
    let (status, reply) = service.try_post("/rollback", body).await.expect("a reply");
    assert!(status < 300, "{status} {reply}");
    ended(service, &reply).await;
    let head = service.get("").await["head"].as_u64().expect("a position");
    service.status_at(head).await;
}

/// Waits for an operation, if one has begun.
async fn ended(service: &Service, reply: &Value) {
    let Some(id) = reply["operation"]["id"].as_str() else { return };
    loop {
        let operation = service.get(&format!("/operations/{id}")).await;
        if operation["state"] != "running" {
            assert_eq!(operation["state"], "done", "{operation}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A shop of 30 items that somebody clicked.
async fn shop(service: &Service) -> usize {
    let events = (0..60).map(|n| event(n, Some(&format!("u{}", n / 6)), None, "click", &format!("i{}", n % 30)));
    send(service, events.collect()).await;
    60
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_taken_back_is_gone_once_and_for_all_processes() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let n = shop(&service).await;
    let config = json!({"config": {"kinds": {"dislike": -1.0}}});
    assert_eq!(service.try_send(Method::PATCH, "", &config).await.expect("a reply").0, 200);
    let mine = |k: usize, kind: &str, item: &str| event(n + k, Some("me"), None, kind, item);
    send(&service, vec![mine(0, "click", "i1"), mine(1, "purchase", "i2"), mine(2, "dislike", "i3")]).await;
    let all = json!({"user": "me", "limit": 30});
    let seen = json!({"user": "me", "limit": 30, "exclude_seen": ["purchase"]});
    assert!(!list(&service, all.clone()).await.contains(&"i3".to_owned()), "a dislike hides its item");
    assert!(!list(&service, seen.clone()).await.contains(&"i2".to_owned()));
    service.post("/versions", &json!({"label": "before"})).await;

    assert_eq!(retract(&service, "never-sent").await.0, 404);
    let (status, reply) = retract(&service, &format!("e{}", n + 1)).await;
    assert_eq!((status, &reply["accepted"], &reply["applied"]), (200, &json!(1), &json!(true)), "{reply}");
    assert!(list(&service, seen.clone()).await.contains(&"i2".to_owned()), "the order was cancelled");
    let (status, again) = retract(&service, &format!("e{}", n + 1)).await;
    assert_eq!((status, &again["accepted"], &again["duplicates"]), (200, &json!(0), &json!(1)), "{again}");
    assert_eq!(again["position"], reply["position"]);
    assert_eq!(history(&service, "me").await, ["i3", "i1"]);
    retract(&service, &format!("e{}", n + 2)).await;
    assert!(list(&service, all.clone()).await.contains(&"i3".to_owned()), "the dislike was taken back");
    let before = reply["position"].as_u64().expect("a position") - 1;
    let record = service.get(&format!("/events?user=me&after={before}")).await["records"][0].clone();
    assert_eq!((&record["type"], &record["event_id"]), (&json!("retract"), &json!(format!("e{}", n + 1))), "{record}");
    let sent_again = service.post("/events", &mine(1, "purchase", "i2")).await;
    assert_eq!(sent_again["duplicates"], json!(1), "its id is still that event's: {sent_again}");

    // From the version before and from the log.
    let head = service.get("").await["head"].as_u64().expect("a position");
    let digest = service.status_at(head).await["digest"].clone();
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(head).await["digest"], digest);
    assert_eq!(history(&service, "me").await, ["i1"]);

    // A rollback takes the retractions back; they can be asked for again.
    roll_back(&service, &json!({"to": {"label": "before"}, "mode": "restore"})).await;
    assert_eq!(history(&service, "me").await, ["i3", "i2", "i1"]);
    let (status, reply) = retract(&service, &format!("e{}", n + 2)).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
    assert_eq!(retract(&service, &format!("e{}", n + 2)).await.1["duplicates"], json!(1));
    assert_eq!(history(&service, "me").await, ["i2", "i1"]);
    // A replay that leaves the event out leaves its retraction out too, and what it taught.
    let (position, other) =
        (service.get(&format!("/events/e{}", n + 2)).await["position"].as_u64().expect("a position"), n + 3);
    send(&service, vec![event(other, Some("me"), None, "click", "i9")]).await;
    let except = json!({"positions": [[position - 1, position]]});
    roll_back(&service, &json!({"to": {"position": 0}, "mode": "replay", "except": except})).await;
    assert_eq!(history(&service, "me").await, ["i9", "i2", "i1"]);
    let (status, reply) = retract(&service, &format!("e{}", n + 2)).await;
    assert_eq!((status, &reply["code"]), (409, &json!("rolled_back")), "the replay gave the event up: {reply}");
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_visit_did_is_taken_back_from_the_member_and_an_erasure_knows_retractions() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let n = shop(&service).await;
    send(&service, (0..3).map(|k| event(n + k, None, Some("visit"), "click", &format!("i{k}"))).collect()).await;
    retract(&service, &format!("e{n}")).await;
    send(&service, vec![event(n + 3, Some("guest"), Some("visit"), "click", "i7")]).await;
    assert_eq!(history(&service, "guest").await, ["i7", "i2", "i1"]);
    assert_eq!(retract(&service, &format!("e{}", n + 1)).await.0, 200);
    assert_eq!(history(&service, "guest").await, ["i7", "i2"]);
    let merged = service.post(&format!("/users/ann/merge?{APPLIED}"), &json!({"user": "guest"})).await;
    assert_eq!(merged["applied"], true);
    assert_eq!(retract(&service, &format!("e{}", n + 2)).await.0, 200);
    assert_eq!(retract(&service, &format!("e{}", n + 3)).await.0, 200);
    assert_eq!(history(&service, "ann").await, [""; 0]);

    let (_, begun) = service.try_send(Method::DELETE, "/users/ann", &Value::Null).await.expect("a reply");
    ended(&service, &begun).await;
    let log = service.get("/events?limit=1000").await.to_string();
    for name in ["ann", "guest", "visit", &format!("e{}", n + 2), &format!("e{}", n + 1)] {
        assert!(!log.contains(&format!("\"{name}\"")), "{name} is still in the log");
    }
    assert!(log.contains("\"retract\""));
    assert_eq!(retract(&service, &format!("e{}", n + 2)).await.0, 404);
    let head = service.get("").await["head"].as_u64().expect("a position");
    let digest = service.status_at(head).await["digest"].clone();
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(head).await["digest"], digest, "the log without the names leads to the same state");
    assert!(service.terminate().success());
    crate::service::verified(&url);
}
