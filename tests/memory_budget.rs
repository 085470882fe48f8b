//! Goal: beyond its budget a process refuses what would make a new row, says so, and does everything else. Method: the
//! real binary with a small budget, new users until they are refused.

mod service;
mod support;

use reqwest::Method;
use serde_json::{Value, json};
use service::Service;

const APPLIED: &str = "/events?wait=applied&timeout_ms=30000";

fn click(user: &str, item: &str) -> Value {
    json!({"user": user, "item": item, "kind": "click"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_budget_new_rows_are_refused_and_all_else_goes_on() {
    let url = support::database().await;
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), r#"{"dim":16,"full_softmax_below":64,"negatives":32}"#).unwrap();
    let config = config.path().to_str().unwrap();
    let service = Service::start(["--database-url", &url, "--model-config", config, "--memory-budget", "1MB"]);
    let mut people = 0;
    let refused = loop {
        let events: Vec<Value> =
            (people..people + 200).map(|n| click(&format!("u{n}"), &format!("i{}", n % 20))).collect();
        let (status, reply) = service.try_send(Method::POST, APPLIED, &json!({ "events": events })).await.unwrap();
        // When nobody has room, the request as a whole has none.
        assert_eq!(status, if reply["accepted"] == 0 { 507 } else { 200 }, "{reply}");
        if reply["rejected_count"].as_u64() > Some(0) {
            break reply;
        }
        people += 200;
        // Seconds of it; it is counted twice a second.
        assert!(people < 1_000_000, "nobody is refused");
    };
    let first = &refused["rejected"][0];
    assert_eq!((&first["field"], &first["code"]), (&json!("user"), &json!("memory_budget")), "{refused}");
    let status = service.get("").await;
    assert!(status["memory"]["bytes"].as_u64().unwrap() >= 1_000_000, "{status}");
    assert_eq!(status["counts"]["users"], people, "what was refused is not in the log");

    // What needs no row is taken; the rest is named.
    let events = [click("u1", "i1"), click("u1", "i-new"), click("u-new", "i1"), click("u2", "i2")];
    let reply = service.post(APPLIED, &json!({ "events": events })).await;
    assert_eq!(reply["accepted"], 2, "{reply}");
    let named: Vec<(u64, &str)> = reply["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| (rejected["index"].as_u64().unwrap(), rejected["field"].as_str().unwrap()))
        .collect();
    assert_eq!(named, [(1, "item"), (2, "user")]);
    for (method, path, body) in
        [(Method::POST, "/events", click("u-new", "i1")), (Method::PUT, "/items/i-new", json!({"title": "New"}))]
    {
        let (status, problem) = service.try_send(method, path, &body).await.unwrap();
        assert_eq!((status, &problem["code"]), (507, &json!("memory_budget")), "{problem}");
    }
    let (status, reply) = service.try_send(Method::PUT, "/items/i1", &json!({"title": "Known"})).await.unwrap();
    assert_eq!(status, 202, "{reply}");
    let list = service.post("/recommendations", &json!({"user": "u1", "limit": 5})).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 5);

    let ready: Value = reqwest::get(format!("{}/readyz", service.url)).await.unwrap().json().await.unwrap();
    assert_eq!(ready["ready"], true, "{ready}");
    assert!(ready["notes"][0].as_str().unwrap().contains("--memory-budget"), "{ready}");
    let metrics = reqwest::get(format!("{}/metrics", service.url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("shelfmark_memory_budget_bytes 1000000"), "{metrics}");
    assert!(metrics.contains("shelfmark_memory_refused_total{model=\"default\"}"), "{metrics}");
}
