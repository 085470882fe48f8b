//! Goal: item metadata come back as they were sent, and feeds that know one field leave the others alone. Method: the
//! real binary; whole numbers beyond 2^53, patches of every form, a modality with another length, and a restart from
//! the log and from a version, with the digest compared.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

const APPLIED: &str = "wait=applied&timeout_ms=30000";

async fn send(service: &Service, method: Method, path: &str, body: &Value) -> (u16, Value) {
    service.try_send(method, &format!("{path}?{APPLIED}"), body).await.expect("a reply")
}

async fn put_items(service: &Service, items: Value) {
    let (status, reply) = send(service, Method::POST, "/items", &json!({ "items": items })).await;
    assert_eq!(status, 200, "{reply}");
}

async fn listed(service: &Service, filter: Value) -> Vec<String> {
    let reply = service.post("/recommendations", &json!({"filter": filter, "limit": 50})).await;
    let items = reply["items"].as_array().expect("a list").iter();
    let mut ids: Vec<_> = items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_numbers_come_back_as_sent_and_are_compared_exactly() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let item = |id: &str, number: u64| json!({"id": id, "properties": {"category_id": number, "size": [number, "M"]}});
    let near: [u64; 3] = [2_053_013_555_631_882_655, 2_053_013_555_631_882_656, 2_053_013_555_631_882_001];
    put_items(&service, json!([item("c1", near[0]), item("c2", near[1]), item("c3", near[2])])).await;
    put_items(&service, json!([{"id": "d1", "properties": {"n": 7}}, {"id": "d2", "properties": {"n": 7.0}}])).await;

    for service in [service, Service::start(["--database-url", &url])] {
        service.status_at(5).await;
        assert_eq!(service.get("/items/c1").await["properties"]["category_id"].to_string(), near[0].to_string());
        assert_eq!(service.get("/items/c1").await["properties"]["size"], json!([near[0], "M"]));
        assert_eq!(service.get("/items/d1").await["properties"]["n"].to_string(), "7");
        assert_eq!(service.get("/items/d2").await["properties"]["n"].to_string(), "7.0");
        for (condition, expected) in [
            (json!({"category_id": {"eq": near[0]}}), &["c1"][..]),
            (json!({"category_id": {"gt": near[0]}}), &["c2"]),
            (json!({"size": {"in": [near[1], near[2]]}}), &["c2", "c3"]),
            (json!({"n": {"eq": 7}}), &["d1", "d2"]),
        ] {
            assert_eq!(listed(&service, json!({ "properties": condition })).await, expected, "{condition}");
        }
        let tokens = service.get("/imports?into=tokens").await["ids"].to_string();
        assert!(near.iter().all(|number| tokens.contains(&format!("\"i:{number}\""))), "{tokens}");
        service.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_would_be_rounded_are_refused_by_name() {
    let service = Service::start(["--database-url", &crate::support::database().await]);
    let client = reqwest::Client::new();
    let url = service.at("/items");
    for number in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"] {
        for (method, path, body) in [
            (Method::PUT, "/i", format!(r#"{{"properties":{{"n":{number}}}}}"#)),
            (Method::PATCH, "/i", format!(r#"{{"properties":{{"n":[1,{number}]}}}}"#)),
            (Method::POST, "", format!(r#"{{"items":[{{"id":"i","properties":{{"n":{number}}}}}]}}"#)),
        ] {
            let request = client.request(method, format!("{url}{path}")).header("content-type", "application/json");
            let reply = request.body(body.clone()).send().await.expect("a reply");
            assert_eq!(reply.status(), 422, "{body}");
            let reply = reply.text().await.expect("text");
            assert!(reply.contains("properties.n") && reply.contains("64 bits"), "{reply}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let kettle = json!({"id": "i6", "title": "Kettle", "categories": ["kitchen"],
        "properties": {"price": 20, "brand": "Acme"}});
    put_items(&service, json!([kettle, {"id": "i7", "title": "Pan"}])).await;
    let patch = async |id: &str, body: Value| send(&service, Method::PATCH, &format!("/items/{id}"), &body).await;
    assert_eq!(patch("i6", json!({"available": false})).await.0, 200);
    assert_eq!(patch("i6", json!({"properties": {"price": 19.5, "old_price": 20}})).await.0, 200);
    assert_eq!(listed(&service, json!({})).await, ["i7"], "a new price does not put it on sale");
    let expected = json!({"id": "i6", "title": "Kettle", "categories": ["kitchen"],
        "properties": {"price": 19.5, "old_price": 20, "brand": "Acme"}, "available": false});
    assert_eq!(service.get("/items/i6").await, expected);
    assert_eq!(patch("i6", json!({"title": null, "properties": {"old_price": null}, "available": true})).await.0, 200);
    let expected = json!({"id": "i6", "categories": ["kitchen"], "properties": {"price": 19.5, "brand": "Acme"},
        "available": true});
    assert_eq!(service.get("/items/i6").await, expected);

    // Lines, in order; an unknown item is created, a removed one stays removed.
    assert_eq!(send(&service, Method::DELETE, "/items/i7", &Value::Null).await.0, 200);
    let lines = "{\"id\":\"new\",\"properties\":{\"price\":3}}\n{\"id\":\"i6\",\"tags\":[\"red\"]}\n{\"id\":\"i7\",\"title\":\"Wok\"}\n{\"id\":\"i6\",\"available\":null}\n";
    let request = reqwest::Client::new().patch(service.at(&format!("/items?{APPLIED}"))).body(lines);
    let reply = request.header("content-type", "application/x-ndjson").send().await.expect("a reply");
    let reply: Value = reply.json().await.expect("JSON");
    assert_eq!((&reply["accepted"], &reply["rejected"][0]["field"]), (&json!(3), &json!("available")), "{reply}");
    assert_eq!(listed(&service, json!({})).await, ["i6", "new"]);
    assert_eq!(service.get("/items/i6").await["tags"], json!(["red"]));

    for (body, field) in [
        (json!({"price": 3}), "price"),
        (json!({"id": "i7"}), "id"),
        (json!({"categories": ["x".repeat(2000)]}), "categories"),
        (
            json!({"properties": (0..63).map(|n| (format!("p{n}"), n.into())).collect::<serde_json::Map<_, _>>()}),
            "properties",
        ),
    ] {
        let (status, reply) = patch("i6", body).await;
        assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some(field)), "{reply}");
    }
    // RFC 7396's media type, and the record as the log lists it.
    let request = reqwest::Client::new().patch(service.at("/items/i6")).body(r#"{"text":"boils"}"#);
    let reply = request.header("content-type", "application/merge-patch+json").send().await.expect("a reply");
    assert_eq!(reply.status(), 202);
    let log = service.get("/events?item=i6").await;
    let last = log["records"].as_array().expect("records").last().expect("one").clone();
    assert_eq!((&last["type"], &last["id"], &last["text"]), (&json!("patch_item"), &json!("i6"), &json!("boils")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_sent_at_once_lose_nothing_and_replays_agree() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    put_items(&service, json!([{"id": "i", "title": "Kettle"}])).await;
    let patches = (0..40).map(|n| {
        let (name, body) = (format!("p{n}"), json!({"properties": {format!("p{n}"): n}}));
        let service = &service;
        async move { (name, service.try_send(Method::PATCH, "/items/i", &body).await.expect("a reply").0) }
    });
    for (name, status) in futures::future::join_all(patches).await {
        assert_eq!(status, 202, "{name}");
    }
    let status = service.status_at(41).await;
    let item = service.get("/items/i").await;
    assert_eq!(item["properties"].as_object().map(serde_json::Map::len), Some(40), "{item}");
    service.post("/versions", &json!({"label": "before"})).await;
    let (code, reply) = send(&service, Method::PATCH, "/items/i", &json!({"properties": {"p0": "new"}})).await;
    assert_eq!(code, 200, "{reply}");
    let (code, reply) =
        service.try_post("/rollback", &json!({"to": {"label": "before"}, "mode": "restore"})).await.expect("a reply");
    assert!(code < 300, "{reply}");
    let head = service.get("").await["head"].as_u64().expect("a position");
    assert_eq!(service.status_at(head).await["digest"], status["digest"], "the state before the last patch");
    service.kill();
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(head).await["digest"], status["digest"]);
    assert_eq!(service.get("/items/i").await, item);
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_modality_takes_vectors_of_another_length() {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let vectors = |text: Vec<f32>| json!({"vectors": {"text": text, "image": [1, 0]}});
    let put = async |id: &str, body: &Value| send(&service, Method::PUT, &format!("/items/{id}"), body).await;
    assert_eq!(put("a", &vectors(vec![1.0, 2.0, 3.0])).await.0, 200);
    let (status, reply) = put("b", &vectors(vec![1.0; 5])).await;
    assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some("vectors.text")), "{reply}");
    assert_eq!(send(&service, Method::DELETE, "/modalities/text", &Value::Null).await.0, 200);
    assert_eq!(service.get("/items/a").await["vectors"], json!({"image": [1.0, 0.0]}));
    assert_eq!(put("b", &vectors(vec![1.0; 5])).await.0, 200);
    let (status, reply) = put("a", &vectors(vec![1.0; 3])).await;
    assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some("vectors.text")), "{reply}");
    let events: Vec<Value> = (0..30)
        .map(|n| json!({"user": format!("u{}", n % 3), "item": if n % 2 == 0 { "a" } else { "b" }, "kind": "click", "ts": 1_700_000_000 + n}))
        .collect();
    let (status, reply) = send(&service, Method::POST, "/events", &json!({ "events": events })).await;
    assert_eq!(status, 200, "{reply}");
    service.post("/versions", &json!({"label": "reset"})).await;
    let digest = service.get("").await["digest"].clone();
    service.kill();
    crate::service::verified(&url);
    let service = Service::start(["--database-url", &url]);
    assert_eq!(service.status_at(33).await["digest"], digest);
}
