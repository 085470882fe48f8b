//! Goal: labels of users are learned, so that a new user with labels is known before the first event, and they follow
//! the log through crashes, versions, forks and erasures. Method: the real binary; two groups of people with other
//! tastes.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

const APPLIED: &str = "wait=applied&timeout_ms=30000";

async fn send(service: &Service, method: Method, path: &str, body: Value) -> (u16, Value) {
    let path = format!("{path}?{APPLIED}");
    service.try_send(method, &path, &body).await.expect("a reply")
}

async fn put(service: &Service, user: &str, labels: Value) {
    let (status, reply) = send(service, Method::PUT, &format!("/users/{user}"), json!({ "labels": labels })).await;
    assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
}

/// People of two groups, each with a label, who look at four things of their group. Both are equally popular.
async fn shop(service: &Service) {
    const PEOPLE: usize = 300;
    let group = |person: usize| if person.is_multiple_of(2) { ("F", "garden") } else { ("M", "phone") };
    for person in 0..PEOPLE {
        let labels = json!({"gender": group(person).0, "age": 20 + person % 40});
        let reply = service.try_send(Method::PUT, &format!("/users/p{person}"), &json!({ "labels": labels })).await;
        assert_eq!(reply.expect("a reply").0, 202);
    }
    for round in 0..4 {
        let event = |person: usize| {
            json!({"user": format!("p{person}"), "item": format!("{}{}", group(person).1, (person * 7 + round * 3) % 10),
                "kind": "click", "ts": 1_700_000_000 + 60 * (round * PEOPLE + person)})
        };
        let events: Vec<Value> = (0..PEOPLE).map(event).collect();
        service.post(&format!("/events?{APPLIED}"), &json!({ "events": events })).await;
    }
}

/// How many of a user's first ten items are of a group, and the names of circumstances that explain the first.
async fn first_ten(service: &Service, user: &str, group: &str) -> (usize, Vec<String>) {
    let reply = service.post("/recommendations", &json!({"user": user, "limit": 10, "with": ["explanation"]})).await;
    let items = reply["items"].as_array().expect("a list");
    let of_group = items.iter().filter(|item| item["id"].as_str().is_some_and(|id| id.starts_with(group))).count();
    let terms = items[0]["explanation"].as_array().expect("terms").iter();
    let names = terms.filter(|term| term["source"] == "context").filter_map(|term| term["name"].as_str());
    (of_group, names.map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_user_with_labels_is_known_before_the_first_event() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    shop(&service).await;
    put(&service, "ann", json!({"gender": "F"})).await;
    put(&service, "bob", json!({"gender": "M", "never-seen": ["a", "b"]})).await;
    service.post("/versions", &json!({"label": "taken"})).await;
    let (ann, why) = first_ten(&service, "ann", "garden").await;
    let (bob, why_bob) = first_ten(&service, "bob", "phone").await;
    assert_eq!(why, ["gender:F"]);
    assert_eq!(why_bob, ["gender:M"], "labels that nobody was learned with say nothing");
    // With labels nearly all of ten are of the group, without them about half.
    let (stranger, _) = first_ten(&service, "stranger", "garden").await;
    assert!(ann >= 8 && bob >= 8 && (3..=7).contains(&stranger), "{ann} {bob} {stranger}");
    let known = service.get("/users/ann").await;
    assert_eq!((&known["labels"], &known["events"]), (&json!({"gender": "F"}), &json!(0)), "{known}");

    // Parts, and refusals by name.
    let patch = json!({"labels": {"gender": "M", "country": ["NL", "BE"], "age": 24}});
    assert_eq!(send(&service, Method::PATCH, "/users/ann", patch).await.0, 200);
    send(&service, Method::PATCH, "/users/ann", json!({"labels": {"country": null}})).await;
    let known = service.get("/users/ann").await;
    assert_eq!(known["labels"], json!({"age": 24, "gender": "M"}));
    assert!(first_ten(&service, "ann", "phone").await.0 >= 8, "she is now of the other group");
    for (body, field) in [
        (json!({"labels": {"city": "x".repeat(300)}}), "labels.city"),
        (json!({"labels": {"city": {"name": "x"}}}), "labels.city"),
        (json!({"labels": null}), "labels"),
        (json!({"label": {}}), "label"),
        (json!({"labels": {"n": [1e300, [1]]}}), "labels.n"),
    ] {
        for method in [Method::PUT, Method::PATCH] {
            let (status, reply) = send(&service, method, "/users/ann", body.clone()).await;
            let named = reply["errors"][0]["field"].as_str().unwrap_or_default();
            assert!(status == 422 && named.starts_with(field), "{body}: {reply}");
        }
    }

    // The log and the version lead to the same state.
    let head = service.get("").await["head"].as_u64().expect("a position");
    let digest = service.status_at(head).await["digest"].clone();
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(head).await["digest"], digest);
    let fork = json!({"fork": {"model": "default", "version": "taken"}});
    let (status, made) = service.try_send(Method::PUT, "/v1/models/fork", &fork).await.expect("a reply");
    assert_eq!(status, 201, "{made}");
    let labels = loop {
        match service.try_send(Method::GET, "/v1/models/fork/users/ann", &Value::Null).await.expect("a reply") {
            (200, user) => break user["labels"].clone(),
            (404 | 503, _) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(labels, json!({"gender": "F"}), "of the version");
    let back = json!({"to": {"label": "taken"}, "mode": "restore"});
    assert_eq!(service.try_post("/rollback", &back).await.expect("a reply").0, 200);
    service.status_at(head + 1).await;
    assert_eq!(service.get("/users/ann").await["labels"], json!({"gender": "F"}));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_go_with_merges_and_erasures() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    put(&service, "guest-7", json!({"country": "NL", "age": 1})).await;
    put(&service, "ann", json!({"age": 24})).await;
    assert_eq!(send(&service, Method::POST, "/users/ann/merge", json!({"user": "guest-7"})).await.0, 200);
    assert_eq!(service.get("/users/ann").await["labels"], json!({"age": 24, "country": "NL"}));
    assert_eq!(service.try_send(Method::GET, "/users/guest-7", &Value::Null).await.expect("a reply").0, 404);
    service.post("/versions", &json!({"label": "taken"})).await;
    let (status, begun) = service.try_send(Method::DELETE, "/users/ann", &Value::Null).await.expect("a reply");
    assert_eq!(status, 202, "{begun}");
    let path = format!("/operations/{}", begun["operation"]["id"].as_str().expect("an id"));
    while service.get(&path).await["state"] == "running" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let log = service.get("/events?limit=1000").await.to_string();
    for said in ["\"ann\"", "guest-7"] {
        assert!(!log.contains(said), "{said} is in the log: {log}");
    }
    assert_eq!(service.try_send(Method::GET, "/users/ann", &Value::Null).await.expect("a reply").0, 404);
    assert_eq!(service.get("/users").await["users"], json!([]), "nobody is known any more");
    let head = service.get("").await["head"].as_u64().expect("a position");
    let digest = service.status_at(head).await["digest"].clone();
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(head).await["digest"], digest);
    assert!(service.terminate().success());
    crate::service::verified(&url);
}
