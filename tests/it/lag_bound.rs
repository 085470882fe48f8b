//! Goal: learning is never further behind than the settings allow (P9): events beyond that are refused with a time to
//! come back, imports are not, and reads of the status stay fast. Method: the real binary with a small bound and
//! batches that are committed faster than they are learned.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const BATCH: usize = 5_000;

fn batch(n: usize) -> Value {
    let events: Vec<Value> = (n * BATCH..(n + 1) * BATCH)
        .map(|n| json!({"event_id": format!("e{n}"), "user": format!("u{}", n % 997), "item": format!("i{}", n * n % 1_009), "kind": "click"}))
        .collect();
    json!({ "events": events })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_refused_while_learning_is_too_far_behind_and_imports_are_not() {
    let url = crate::support::database().await;
    let service = Service::start(&url, &["--lag-records-max", "2000", "--lag-seconds-max", "0"]).await;
    let events = "/v1/models/default/events";
    let deadline = Instant::now() + PATIENCE;
    let mut n = 0;
    let refused = loop {
        assert!(Instant::now() < deadline, "the learner is never behind");
        let response = service.request(Method::POST, events).json(&batch(n)).send().await.expect("an answer");
        n += 1;
        if response.status().as_u16() == 429 {
            break response;
        }
        assert_eq!(response.status().as_u16(), 202);
    };
    let wait = refused.headers().get("retry-after").expect("a time to come back").to_str().expect("text").to_owned();
    assert!((1..=10).contains(&wait.parse::<u64>().expect("seconds")), "{wait}");
    assert!(refused.headers()["content-type"].to_str().expect("text").starts_with("application/problem+json"));
    let body: Value = refused.json().await.expect("a problem");
    assert_eq!(body["code"], "learner_behind", "{body}");

    // An import is taken all the same, and items are.
    let mut refusals = 0;
    for round in 0..4 {
        let bulk = service.request(Method::POST, &format!("{events}?bulk=true")).json(&batch(n + round));
        answered(bulk, 202).await;
        let single = json!({"user": "u", "item": "i1", "kind": "click"});
        let status =
            service.request(Method::POST, events).json(&single).send().await.expect("an answer").status().as_u16();
        assert!([202, 429].contains(&status));
        refusals += u64::from(status == 429);
        let begun = Instant::now();
        let model = service.get("/v1/models/default").await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(model["lag_records"].is_u64(), "{model}");
    }
    assert!(refusals > 0, "single events are refused while an import is learned");
    answered(service.request(Method::POST, "/v1/models/default/items").json(&json!({"items": [{"id": "i1"}]})), 202)
        .await;

    // It ends by itself.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let single = json!({"user": "u", "item": "i1", "kind": "click", "event_id": "last"});
        let status =
            service.request(Method::POST, events).json(&single).send().await.expect("an answer").status().as_u16();
        if status == 202 {
            break;
        }
        assert!(status == 429 && Instant::now() < deadline, "{status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let unknown = service.request(Method::POST, &format!("{events}?bulk=perhaps")).json(&json!({}));
    problem(unknown, 422, "invalid").await;
}
