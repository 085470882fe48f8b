//! Goal: what was bought long ago and what was removed early stay out of lists. Method: the real binary, with more
//! views than a history holds, a removal before the item's first event, and a restart in between.

use serde_json::{Value, json};

use crate::service::Service;

fn event(n: usize, user: &str, item: &str, kind: &str) -> Value {
    json!({"event_id": format!("{user}-{n}"), "user": user, "item": item, "kind": kind, "ts": 1_700_000_000 + n})
}

async fn send(service: &Service, events: &[Value]) {
    let reply = service.post("/events?wait=applied&timeout_ms=30000", &json!({ "events": events })).await;
    assert_eq!(reply["accepted"], events.len(), "{reply}");
}

async fn list(service: &Service, query: Value) -> Vec<String> {
    let reply = service.post("/recommendations", &query).await;
    let items = reply["items"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_is_excluded_however_many_views_came_since() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let mut events = vec![event(0, "u", "bought", "purchase"), event(1, "u", "rated", "rating")];
    events.extend((2..2600).map(|n| event(n, "u", &format!("i{}", n % 40), "view")));
    for part in events.chunks(500) {
        send(&service, part).await;
    }
    let ask = |kinds: Value| json!({"user": "u", "limit": 100, "exclude_seen": kinds});
    let found = list(&service, ask(json!(["purchase"]))).await;
    assert!(!found.contains(&"bought".to_owned()), "{found:?}");
    assert!(found.contains(&"rated".to_owned()), "{found:?}");
    let found = list(&service, ask(json!(["rating"]))).await;
    assert!(found.contains(&"rated".to_owned()), "not a lasting kind, and 2,598 events ago: {found:?}");
    assert!(!list(&service, ask(json!(true))).await.contains(&"bought".to_owned()));

    // The memory is a part of versions.
    service.post("/versions", &json!({"label": "kept"})).await;
    assert!(service.terminate().success());
    let service = Service::start(["--database-url", &url]);
    service.status_at(2600).await;
    let found = list(&service, ask(json!(["purchase"]))).await;
    assert!(!found.contains(&"bought".to_owned()), "{found:?}");
    let reply = service.try_send(reqwest::Method::PATCH, "", &json!({"config": {"lasting_kinds": ["lease"]}})).await;
    let (status, reply) = reply.expect("a reply");
    assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some("config.lasting_kinds")), "{reply}");
    assert!(service.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_holds_until_the_item_is_put_whichever_event_came_first() {
    let service = Service::start(["--database-url", &crate::support::database().await]);
    let clicks: Vec<Value> =
        (0..30).map(|n| event(n, &format!("u{}", n % 3), &format!("i{}", n % 6), "click")).collect();
    send(&service, &clicks).await;
    let remove = "/items/ghost?wait=applied&timeout_ms=30000";
    let (status, reply) = service.try_send(reqwest::Method::DELETE, remove, &Value::Null).await.expect("a reply");
    assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
    send(&service, &[event(30, "u1", "ghost", "click")]).await;
    let ask = || json!({"user": "u1", "limit": 50});
    assert!(!list(&service, ask()).await.contains(&"ghost".to_owned()));
    let (status, _) = service.try_send(reqwest::Method::GET, "/items/ghost", &Value::Null).await.expect("a reply");
    assert_eq!(status, 404);
    service.post("/items?wait=applied&timeout_ms=30000", &json!({"items": [{"id": "ghost"}]})).await;
    assert!(list(&service, ask()).await.contains(&"ghost".to_owned()), "a put brings it back");
    assert!(service.terminate().success());
}
