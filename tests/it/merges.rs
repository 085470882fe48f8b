//! Goal: what a guest did counts for the member, once both are named. Method: the real binary; a visit and a login, and
//! merges by request, with a crash, a version and a rollback between.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

const APPLIED: &str = "wait=applied&timeout_ms=30000";

async fn send(service: &Service, events: Vec<Value>) -> u64 {
    let reply = service.post(&format!("/events?{APPLIED}"), &json!({ "events": events })).await;
    assert_eq!(reply["accepted"], json!(events.len()), "{reply}");
    reply["position"].as_u64().expect("a position")
}

fn event(n: usize, user: Option<&str>, session: Option<&str>, item: &str) -> Value {
    let mut event = json!({"event_id": format!("e{n}"), "item": item, "kind": "click", "ts": 1_700_000_000 + n});
    for (field, name) in [("user", user), ("session", session)] {
        if let Some(name) = name {
            event[field] = name.into();
        }
    }
    event
}

/// Two groups of things that others look at together, and a member who knows neither.
async fn shop(service: &Service) -> usize {
    let mut n = 0;
    let mut events = Vec::new();
    for round in 0..40 {
        for group in ["garden", "phone"] {
            for step in 0..4 {
                events.push(event(
                    n,
                    Some(&format!("{group}{}", round % 9)),
                    None,
                    &format!("{group}{}", (round + step) % 8),
                ));
                n += 1;
            }
        }
    }
    send(service, events).await;
    n
}

async fn garden(service: &Service, query: Value) -> usize {
    let reply = service.post("/recommendations", &query).await;
    let items = reply["items"].as_array().expect("a list");
    items.iter().filter(|item| item["id"].as_str().is_some_and(|id| id.starts_with("garden"))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_goes_into_the_history_of_the_member_who_logs_in() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let n = shop(&service).await;
    send(&service, vec![event(n, Some("known"), None, "phone0")]).await;
    send(&service, (1..7).map(|k| event(n + k, None, Some("anon"), &format!("garden{k}"))).collect()).await;
    let list = json!({"user": "known", "session_id": "anon", "limit": 6});
    service.post("/versions", &json!({"label": "guest"})).await;
    let position = send(&service, vec![event(n + 7, Some("known"), Some("anon"), "phone1")]).await;
    let known = service.get("/users/known").await;
    assert_eq!(known["events"], json!(8), "{known}");
    let newest: Vec<&str> =
        known["newest"].as_array().expect("events").iter().filter_map(|e| e["item"].as_str()).collect();
    assert_eq!(newest[..4], ["phone1", "garden6", "garden5", "garden4"]);
    assert!(garden(&service, list.clone()).await >= 3);
    let digest = service.status_at(position).await["digest"].clone();

    // From the version before the login, and from the log.
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(position).await["digest"], digest);
    assert_eq!(service.get("/users/known").await["events"], json!(8));
    let (status, reply) =
        service.try_post("/rollback", &json!({"to": {"label": "guest"}, "mode": "restore"})).await.expect("a reply");
    assert!(status < 300, "{reply}");
    service.status_at(position + 1).await;
    assert_eq!(service.get("/users/known").await["events"], json!(1));
    // The visit is there again, and goes to the first member who is named with it.
    send(&service, vec![event(n + 8, Some("other"), Some("anon"), "phone1")]).await;
    send(&service, vec![event(n + 9, Some("known"), Some("anon"), "phone1")]).await;
    assert_eq!(service.get("/users/other").await["events"], json!(7));
    assert_eq!(service.get("/users/known").await["events"], json!(2));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_visits_are_merged_by_request() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let n = shop(&service).await;
    send(&service, (1..5).map(|k| event(n + k, Some("guest-7"), None, &format!("garden{k}"))).collect()).await;
    send(&service, (5..8).map(|k| event(n + k, None, Some("kiosk"), &format!("garden{k}"))).collect()).await;
    send(&service, vec![event(n + 8, Some("ann"), None, "phone0")]).await;
    let merge = async |user: &str, body: Value| {
        service.try_post(&format!("/users/{user}/merge?{APPLIED}"), &body).await.expect("a reply")
    };
    for (body, field) in [
        (json!({}), "user"),
        (json!({"user": "a", "session": "b"}), "session"),
        (json!({"user": "ann"}), "user"),
        (json!({"user": ""}), "user"),
        (json!({"user": null}), "user"),
        (json!({"users": "x"}), "users"),
    ] {
        let (status, reply) = merge("ann", body).await;
        assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some(field)), "{reply}");
    }
    assert_eq!(merge("ann", json!({"user": "guest-7"})).await.0, 200);
    assert_eq!(service.get("/users/ann").await["events"], json!(5));
    assert_eq!(service.try_send(Method::GET, "/users/guest-7", &Value::Null).await.expect("a reply").0, 404);
    assert_eq!(merge("ann", json!({"session": "kiosk"})).await.0, 200);
    assert_eq!(service.get("/users/ann").await["events"], json!(8));
    assert!(garden(&service, json!({"user": "ann", "limit": 6})).await >= 3);
    // Nobody, and a user who is new: the row goes on under the new name.
    assert_eq!(merge("ann", json!({"user": "nobody"})).await.0, 200);
    let (status, reply) = merge("ann@example.org", json!({"user": "ann"})).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(service.get("/users/ann@example.org").await["events"], json!(8));
    let position = reply["position"].as_u64().expect("a position");
    let log = service.get(&format!("/events?after={}", position - 1)).await;
    let expected = json!({"into": "ann@example.org", "from": {"user": "ann"}});
    assert_eq!((&log["records"][0]["type"], &log["records"][0]["into"]), (&json!("merge"), &expected["into"]), "{log}");
    assert_eq!(log["records"][0]["from"], expected["from"]);
    let digest = service.status_at(position).await["digest"].clone();
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(position).await["digest"], digest);
}
