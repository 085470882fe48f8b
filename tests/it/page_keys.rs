//! Goal: a page in a browser appends clicks and asks for lists with keys that everybody can read, and does no more.
//! Method: keys from the command line, requests as browsers send them, the real binary.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, problem, run};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const POST: Method = Method::POST;
const GET: Method = Method::GET;
const SHOP: &str = "https://shop.example";

/// Makes a key for pages; its secret.
fn make(database: &str, scope: &str, more: &[&str]) -> Result<String, String> {
    let args = ["keys", "create", "--name", scope, "--scope", scope, "--database-url", database];
    let (status, secret, told) = run(&[&args[..], more].concat());
    if status.success() { Ok(secret.trim().to_owned()) } else { Err(told) }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_append_events_and_ask_for_lists_and_nothing_more() {
    let database = crate::support::database().await;
    let service = Service::start(&database, &[]).await;
    let bound = ["--model", "default", "--origin", SHOP, "--origin", "http://localhost:3000"];
    for (scope, more, field) in [
        ("ingest", &["--model", "default"][..], "origin"),
        ("ingest", &["--origin", SHOP], "model"),
        ("ingest", &["--model", "default", "--origin", "https://shop.example/path"], "origin"),
        ("recommend", &["--model", "default", "--origin", SHOP, "--requests-per-second", "0"], "requests_per_second"),
        ("write", &["--origin", SHOP], "origin"),
    ] {
        let told = make(&database, scope, more).expect_err(field);
        assert!(told.contains(field), "{field}: {told}");
    }
    let ingest = make(&database, "ingest", &bound).expect("made");
    let recommend = make(&database, "recommend", &bound).expect("made");
    let (_, list, _) = run(&["keys", "list", "--database-url", &database]);
    assert!(list.contains("http://localhost:3000"), "{list}");

    let from = |request: RequestBuilder, key: &str| request.bearer_auth(key).header("origin", SHOP);
    let deadline = Instant::now() + PATIENCE;
    let asked = || from(service.request(POST, "recommendations"), &recommend).json(&json!({})).send();
    while asked().await.expect("an answer").status() != 200 {
        assert!(Instant::now() < deadline, "the keys are not in force");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let click = json!({"user": "u1", "item": "a", "kind": "click", "event_id": "e1"});
    let taken = answered(from(service.request(POST, "events"), &ingest).json(&click), 202).await;
    assert_eq!(taken["accepted"], 1);
    // The same as a beacon: no headers of its own, and a type that needs no preflight.
    let beacon = || service.request(POST, &format!("events?key={ingest}")).header("origin", SHOP);
    let text = beacon().header("content-type", "text/plain;charset=UTF-8").body(click.to_string());
    assert_eq!(answered(text, 202).await["duplicates"], 1);
    let position = taken["position"].as_u64().expect("a position");
    let query = json!({"user": "u1", "limit": 1, "with": ["item"], "min_position": position});
    let response = from(service.request(POST, "recommendations"), &recommend).json(&query).send().await.expect("sent");
    assert_eq!(response.headers()["access-control-allow-origin"], SHOP);
    assert_eq!(response.status(), 200);
    let path = format!("users/u1/recommendations?limit=1&key={recommend}");
    answered(service.request(GET, &path).header("origin", SHOP), 200).await;
    answered(from(service.request(GET, "items/a/similar?limit=1"), &recommend), 200).await;

    // What must be small is, and no stream goes around it.
    let large = |bytes: usize| json!({"events": [{"user": "u1", "item": "x".repeat(bytes), "kind": "click"}]});
    problem(from(service.request(POST, "events"), &ingest).json(&large(70_000)), 413, "too_large").await;
    problem(from(service.request(POST, "recommendations"), &recommend).json(&large(70_000)), 413, "too_large").await;
    let lines = from(service.request(POST, "events"), &ingest).header("content-type", "application/x-ndjson");
    problem(lines.body(click.to_string()), 415, "unsupported_media_type").await;
    // What an answer may not say, and what sets bounds aside.
    for with in ["explanation", "embedding"] {
        let body = json!({"user": "u1", "with": [with]});
        problem(from(service.request(POST, "recommendations"), &recommend).json(&body), 403, "forbidden").await;
        let path = format!("users/u1/recommendations?with={with}");
        problem(from(service.request(GET, &path), &recommend), 403, "forbidden").await;
    }
    problem(from(service.request(POST, "events?bulk=true"), &ingest).json(&click), 403, "forbidden").await;
    problem(from(service.request(POST, "recommendations"), &ingest).json(&query), 403, "forbidden").await;
    problem(from(service.request(POST, "events"), &recommend).json(&click), 403, "forbidden").await;
    // From another page, or from none.
    for origin in [Some("https://evil.example"), None] {
        let request = service.request(POST, "events").bearer_auth(&ingest).json(&click);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        problem(request, 403, "origin_refused").await;
    }
}
