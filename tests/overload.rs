//! Goal: beyond what the service can do, requests are refused quickly and by name, probes are answered, and nothing of it
//! is left when it is over. Method: the real binary with tiny bounds, and more requests at once than those allow.

mod http_support;
mod support;

use std::time::{Duration, Instant};

use http_support::{PATIENCE, Service, problem};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Requests at once.
const CROWD: usize = 300;

/// A list that costs something: all of 1,000 items out of 5,000.
fn query() -> Value {
    json!({ "session": ["i1", "i2"], "limit": 1000, "with": ["embedding"] })
}

async fn with_items(flags: &[&str]) -> Service {
    let service = Service::start(&support::database().await, flags).await;
    let items: Vec<Value> = (0..5000).map(|n| json!({ "id": format!("i{n}") })).collect();
    let path = "items?wait=applied&timeout_ms=30000";
    assert_eq!(service.post(path, &json!({ "items": items }), 200).await["applied"], true);
    service
}

async fn probes_answer(service: &Service) {
    for path in ["/livez", "/readyz", "/metrics"] {
        let response = service.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

/// Asks all at once until some had to be refused, with `beside` going on meanwhile: every refusal says when to come again.
async fn crowd_until_refused(service: &Service, query: &Value, beside: impl AsyncFn(&Service)) {
    let deadline = Instant::now() + PATIENCE;
    // A crowd on a slow machine may come one by one: then there is another.
    loop {
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let request = service.request(Method::POST, "recommendations").json(query);
            crowd.spawn(async move { request.send().await.expect("an answer") });
        }
        beside(service).await;
        let (mut answered, mut refused) = (0, 0);
        for response in crowd.join_all().await {
            match response.status() {
                StatusCode::OK => answered += 1,
                StatusCode::SERVICE_UNAVAILABLE => {
                    refused += 1;
                    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
                    assert!(response.headers().contains_key("x-request-id"));
                    let problem: Value = response.json().await.expect("a problem");
                    assert_eq!(problem["code"], "overloaded", "{problem}");
                }
                other => panic!("{other}"),
            }
        }
        assert!(answered > 0, "some are always taken");
        if refused > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "no crowd was too much");
    }
    let metrics = service.request(Method::GET, "/metrics").send().await.expect("an answer").text().await.expect("text");
    let counted = |name: &str| metrics.lines().any(|line| line.starts_with(name) && !line.ends_with(" 0"));
    assert!(counted("shelfmark_searches_rejected_total "), "refusals are counted");
    assert!(counted("shelfmark_async_lag_seconds_count "), "the async threads are watched");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_that_would_wait_too_long_are_refused_and_taken_again_when_the_crowd_is_gone() {
    let service = with_items(&["--search-threads", "1", "--search-wait-ms", "1"]).await;
    crowd_until_refused(&service, &query(), probes_answer).await;
    let found = service.post("recommendations", &query(), 200).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_async_threads_are_late_searches_are_refused_and_events_are_taken() {
    // Always late: no machine is on time to the nanosecond.
    let service = with_items(&["--search-lag-ms", "0"]).await;
    let small = json!({ "session": ["i1", "i2"], "limit": 20 });
    crowd_until_refused(&service, &small, async |service| {
        for n in 0..20 {
            let event = json!({ "user": format!("u{n}"), "item": "i1", "kind": "click" });
            service.post("events?wait=applied&timeout_ms=30000", &event, 200).await;
        }
    })
    .await;
    // A search that comes alone is taken.
    let found = service.post("recommendations", &small, 200).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_frees_the_place() {
    let service = Service::start(&support::database().await, &["--http-requests-max", "1"]).await;
    // Waits for what never comes, longer than this test has patience; asks again when it was refused itself.
    let wait = service.request(Method::GET, "users/u/recommendations?min_position=1000000&timeout_ms=30000");
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        while let Some(request) = wait.try_clone() {
            request.send().await.expect("an answer");
        }
    });
    let begun = Instant::now();
    loop {
        let response = service.request(Method::GET, "").send().await.expect("an answer");
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the place is never taken");
        // Time for the other one to come first.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    problem(service.request(Method::POST, "recommendations").json(&query()), 503, "overloaded").await;
    probes_answer(&service).await;
    let taken = Instant::now();
    waiting.shutdown().await;
    loop {
        let response = service.request(Method::GET, "").send().await.expect("an answer");
        if response.status() == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Had it been waited for, that would have been 30 s.
    assert!(taken.elapsed().as_secs() < 25, "the place came back by itself");
}
