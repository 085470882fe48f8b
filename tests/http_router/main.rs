//! The router without an engine: what is decided before a model is reached. Keys and models are stand-ins; everything
//! behind a model is tested against the running binary in `http_contract.rs`.

mod gorse;
mod page_keys;
mod standins;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::task::{Context, Poll};

use axum::{
    body::Body,
    http::{Request, Response, StatusCode},
};
use serde_json::{Value, json};
use shelfmark_domain::Scope;
use standins::{NamedKeys, guarded, open, problem, service, text};

/// Questions that are too long for an address.
const POSTED_QUESTIONS: [&str; 5] =
    ["/recommendations", "/recommendations/batch", "/embeddings", "/rank", "/forensics/compare"];

fn only_asks(method: &str, path: &str) -> bool {
    method == "get" || POSTED_QUESTIONS.iter().any(|end| path.ends_with(end))
}

#[tokio::test]
async fn unknown_paths_methods_and_models_are_problems() {
    let service = open();
    problem(service.get("/nothing").await, 404, "route_not_found").await;
    problem(service.get("/v1/models/absent").await, 404, "model_not_found").await;
    problem(service.get("/v1/models/NOT%20A%20NAME/versions").await, 404, "model_not_found").await;
    let response = service.with("DELETE", "/v1/models/default/events", &[]).await;
    assert!(response.headers().contains_key("allow"), "a 405 names the methods");
    problem(response, 405, "method_not_allowed").await;
    problem(service.get("/v1/models/default/items/%FF").await, 400, "bad_path").await;
}

#[tokio::test]
async fn query_parameters_that_are_not_known_are_refused_by_name() {
    let service = open();
    let response = service.get("/v1/models/default/items/i1/similar?colour=red").await;
    let found = problem(response, 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "colour");
    assert_eq!(found["errors"][0]["code"], "unknown_field");
    let response = service.get("/v1/models/default/items/i1/embedding?position=3").await;
    let found = problem(response, 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "position");
    assert_eq!(found["errors"][0]["code"], "unknown_field");
    let response = service.get("/v1/models/default/items/i1/similar?limit=many").await;
    let found = problem(response, 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "limit");
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_and_the_next_request_is_answered() {
    let service = open();
    let found = problem(service.get("/v1/models/panic").await, 500, "internal").await;
    assert!(!found.to_string().contains("hunter2"), "{found}");
    assert_eq!(service.get("/livez").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_id_is_taken_when_it_is_decent_and_made_otherwise() {
    let service = open();
    let id = |response: Response<Body>| response.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert_eq!(id(service.with("GET", "/livez", &[("x-request-id", "mine-1")]).await), "mine-1");
    let long = "x".repeat(129);
    for bad in [long.as_str(), "two words", ""] {
        let made = id(service.with("GET", "/livez", &[("x-request-id", bad)]).await);
        assert!(made != bad && made.len() == 36, "{made}");
    }
}

#[tokio::test]
async fn without_keys_foreign_hosts_and_pages_are_refused() {
    let service = open();
    let path = "/v1/models/default";
    for headers in [
        &[("host", "evil.example:8080")][..],
        &[("host", "127.0.0.1:8080"), ("origin", "http://evil.example")],
        &[("host", "127.0.0.1:8080"), ("origin", "null")],
        &[("host", "localhost:8080"), ("origin", "http://localhost:3000")],
    ] {
        problem(service.with("GET", path, headers).await, 403, "host_refused").await;
    }
    for headers in [
        &[("host", "localhost:8080")][..],
        &[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")],
        &[("host", "[::1]:8080")],
        &[],
    ] {
        problem(service.with("GET", path, headers).await, 404, "model_not_found").await;
    }
    let response = service.with("OPTIONS", path, &[("host", "localhost"), ("origin", "http://localhost")]).await;
    assert!(!response.headers().contains_key("access-control-allow-origin"), "no CORS by default");
}

#[tokio::test]
async fn with_keys_every_route_but_the_open_ones_needs_one() {
    let service = guarded();
    for path in ["/livez", "/v1", "/openapi.json", "/docs", "/"] {
        assert_eq!(service.get(path).await.status(), StatusCode::OK, "{path}");
    }
    for path in ["/v1/models", "/v1/models/default", "/metrics", "/nothing"] {
        let response = service.get(path).await;
        assert!(response.headers()["www-authenticate"].to_str().expect("text").starts_with("Bearer"));
        problem(response, 401, "unauthorized").await;
    }
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Basic reader"),
        ("x-api-key", ""),
        ("authorization", "reader"),
    ] {
        problem(service.with("GET", "/metrics", &[(name, value)]).await, 401, "unauthorized").await;
    }
    for (name, value) in
        [("authorization", "Bearer reader"), ("authorization", "bearer reader"), ("x-api-key", "reader")]
    {
        assert_eq!(service.with("GET", "/metrics", &[(name, value)]).await.status(), StatusCode::OK);
    }
    // With keys, any host may ask: the key is the proof.
    let foreign = [("host", "shelfmark.example"), ("x-api-key", "reader")];
    assert_eq!(service.with("GET", "/metrics", &foreign).await.status(), StatusCode::OK);
}

/// Every operation of the document is asked for by the three scopes: who has too little is told 403, who has enough
/// gets past the gate (to a 404: there are no models here).
#[tokio::test]
async fn every_operation_is_behind_its_scope() {
    let service = guarded();
    let document = serde_json::to_value(shelfmark::http::openapi()).expect("JSON");
    let mut counts = [0; 3];
    for (path, item) in document["paths"].as_object().expect("paths") {
        if !path.starts_with("/v1/models/") {
            continue;
        }
        for method in item.as_object().expect("operations").keys() {
            let reads = only_asks(method, path);
            let describes_user = path.ends_with("/users/{id}") && method != "delete";
            let writes = describes_user
                || ["/events", "/items", "/merge", "/ingest/"].into_iter().any(|part| path.contains(part));
            let needed = if reads { 0 } else { 1 + usize::from(!writes) };
            counts[needed] += 1;
            let concrete = path.replace("{model}", "shop").replace("{id}", "x").replace("{version}", "1");
            // What must be said is said, so that nothing but the model is wrong.
            let concrete = if path.ends_with("/export") { concrete + "?format=jsonl" } else { concrete };
            // Reading everybody's events, and exports, is more than reading.
            let exports = reads && (path.ends_with("/export") || path.ends_with("/users") || path.contains("/events"));
            for (scope, key) in ["reader", "writer", "admin", "exporter"].into_iter().enumerate() {
                let name = format!("{method} {path} as {key}");
                let response = service.with(&method.to_uppercase(), &concrete, &[("x-api-key", key)]).await;
                let may = match key {
                    "exporter" => reads,
                    "admin" => true,
                    _ => scope >= needed && !exports,
                };
                let expected = if may { 404 } else { 403 };
                assert_eq!(response.status().as_u16(), expected, "{name}");
            }
        }
    }
    assert!(counts.iter().all(|&count| count >= 4), "{counts:?}");
}

#[tokio::test]
async fn a_key_for_one_model_sees_where_that_model_stands_alone() {
    let service = guarded();
    problem(service.with("GET", "/v1/processes", &[]).await, 401, "unauthorized").await;
    for (key, models) in [("admin", json!(["shop", "other"])), ("only-shop", json!(["shop"]))] {
        let page = text(service.with("GET", "/v1/processes", &[("x-api-key", key)]).await).await;
        let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
        let standings = page["processes"][0]["models"].as_array().expect("models");
        let seen: Vec<&serde_json::Value> = standings.iter().map(|standing| &standing["model"]).collect();
        assert_eq!((json!(seen), &page["processes"][0]["answers"]), (models, &json!(true)), "{page}");
    }
}

#[tokio::test]
async fn what_an_admin_changes_is_on_record_and_names_no_user() {
    let service = guarded();
    let only = [("x-api-key", "only-shop"), ("x-request-id", "r-1")];
    problem(service.with("DELETE", "/v1/models/shop/users/ann", &only).await, 404, "model_not_found").await;
    problem(service.with("POST", "/v1/models/shop/versions", &[("x-api-key", "reader")]).await, 403, "forbidden").await;
    let admin = [("x-api-key", "admin")];
    problem(service.with("DELETE", "/v1/models/shop/versions/7", &admin).await, 404, "model_not_found").await;
    let page = text(service.with("GET", "/v1/audit?limit=10", &admin).await).await;
    let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
    let entries = page["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 2, "what was refused was not begun: {page}");
    assert_eq!(
        (&entries[0]["actor"], &entries[0]["action"], &entries[0]["target"]["version"], &entries[0]["status"]),
        (&json!("admin"), &json!("DELETE /v1/models/{model}/versions/{version}"), &json!("7"), &json!(404))
    );
    assert_eq!(
        (&entries[1]["actor"], &entries[1]["model"], &entries[1]["request_id"], &entries[1]["target"]),
        (&json!("only-shop"), &json!("shop"), &json!("r-1"), &json!({}))
    );
    assert!(!page.to_string().contains("ann"), "{page}");
    problem(service.with("GET", "/v1/audit", &only).await, 403, "forbidden").await;
    assert_eq!(service.with("GET", "/v1/audit?model=shop", &only).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_key_for_one_model_opens_no_other() {
    let service = guarded();
    let key = [("x-api-key", "only-shop")];
    problem(service.with("GET", "/v1/models/shop", &key).await, 404, "model_not_found").await;
    problem(service.with("GET", "/v1/models/other", &key).await, 403, "forbidden").await;
    problem(service.with("GET", "/metrics", &key).await, 403, "forbidden").await;
}

#[tokio::test]
async fn without_keys_nobody_is_answered_on_an_address_that_others_reach() {
    let service = service(NamedKeys::default(), |wiring| wiring.loopback = false);
    problem(service.get("/v1/models/default").await, 401, "unauthorized").await;
    assert_eq!(service.get("/livez").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn beyond_the_bound_requests_are_shed_and_probes_are_answered() {
    let service = service(NamedKeys::default(), |wiring| wiring.limits.requests_max = 0);
    let response = service.get("/v1/models").await;
    assert!(response.headers().contains_key("retry-after"));
    problem(response, 503, "overloaded").await;
    for path in ["/livez", "/metrics"] {
        assert_eq!(service.get(path).await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn while_searches_wait_too_long_others_are_refused_before_their_body_is_read_and_the_rest_is_answered() {
    let full = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&full);
    let service = service(NamedKeys::default(), |wiring| {
        wiring.searches_full = Arc::new(move || seen.load(Ordering::SeqCst));
    });
    let unread = || {
        let read = |_: &mut Context<'_>| -> Poll<Option<std::io::Result<&str>>> { panic!("the body is read") };
        let body = Body::from_stream(futures::stream::poll_fn(read));
        Request::post("/v1/models/shop/recommendations").body(body).expect("a request")
    };
    let response = service.send(unread()).await;
    assert_eq!(response.headers()["retry-after"], "1");
    problem(response, 503, "overloaded").await;
    for path in ["/v1/models/shop/users/u/recommendations", "/v1/models/shop/items/i/similar"] {
        problem(service.get(path).await, 503, "overloaded").await;
    }
    let document = serde_json::to_value(shelfmark::http::openapi()).expect("JSON");
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["tags"][0] == "recommendations" {
                let concrete = path.replace("{model}", "shop").replace("{id}", "x");
                let answer = service.with(&method.to_uppercase(), &concrete, &[]).await;
                problem(answer, 503, "overloaded").await;
            }
        }
    }
    // What does not search is not concerned.
    problem(service.get("/v1/models/shop/items/i").await, 404, "model_not_found").await;
    for path in ["/livez", "/metrics"] {
        assert_eq!(service.get(path).await.status(), StatusCode::OK, "{path}");
    }
    full.store(false, Ordering::SeqCst);
    problem(service.get("/v1/models/shop/items/i/similar").await, 404, "model_not_found").await;
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_accept_it() {
    let coding = |response: &Response<Body>| {
        response.headers().get("content-encoding").map(|coding| coding.to_str().expect("text").to_owned())
    };
    let bytes =
        async |response: Response<Body>| axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let small = service(NamedKeys::default(), |wiring| wiring.limits.compress_bytes_min = Some(1_000));
    let plain = small.get("/openapi.json").await;
    assert_eq!(coding(&plain), None, "nobody asked for it");
    let plain = bytes(plain).await;
    let gzip = small.with("GET", "/openapi.json", &[("accept-encoding", "gzip")]).await;
    assert_eq!(
        (coding(&gzip).as_deref(), &gzip.headers()["vary"]),
        (Some("gzip"), &"accept-encoding".parse().expect("text"))
    );
    let packed = bytes(gzip).await;
    assert!(packed.len() < plain.len() / 3, "{} of {} bytes", packed.len(), plain.len());
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut text).expect("gzip");
    assert!(text == plain);
    let zstd = small.with("GET", "/openapi.json", &[("accept-encoding", "br, zstd")]).await;
    assert_eq!(coding(&zstd).as_deref(), Some("zstd"));
    assert!(zstd::decode_all(&*bytes(zstd).await).expect("zstd") == plain);
    let short = small.with("GET", "/livez", &[("accept-encoding", "gzip")]).await;
    assert_eq!(coding(&short), None, "too short");
    let off = service(NamedKeys::default(), |wiring| wiring.limits.compress_bytes_min = None);
    assert_eq!(coding(&off.with("GET", "/openapi.json", &[("accept-encoding", "gzip")]).await), None);
}

#[tokio::test]
async fn readiness_says_why_not() {
    let service = service(NamedKeys::default(), |wiring| {
        wiring.not_ready = Arc::new(|| vec!["the disk is full".to_owned()]);
    });
    let response = service.get("/readyz").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = serde_json::from_str(&text(response).await).expect("JSON");
    assert_eq!(ready["ready"], false);
    let reasons = ready["reasons"].to_string();
    assert!(reasons.contains("the disk is full") && reasons.contains("no model"), "{reasons}");
    service.closing.cancel();
    let reasons = text(service.get("/readyz").await).await;
    assert!(reasons.contains("shutting down"), "{reasons}");
}

#[tokio::test]
async fn the_pages_need_nothing_from_the_network() {
    let service = open();
    for path in ["/", "/docs"] {
        let response = service.get(path).await;
        let policy = response.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        let page = text(response).await;
        assert!(!page.contains("https://") && !page.contains("http://") && !page.contains("src="), "{path}");
    }
    let response = service.get("/openapi.json").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let document: Value = serde_json::from_str(&text(response).await).expect("JSON");
    assert_eq!(document["info"]["title"], "Shelfmark");
}

#[tokio::test]
async fn a_process_that_only_reads_has_no_route_that_writes() {
    let service = service(NamedKeys::default(), |wiring| wiring.read_only = true);
    let document: Value = serde_json::from_str(&text(service.get("/openapi.json").await).await).expect("JSON");
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let path = path.replace("{model}", "default").replace(['{', '}'], "");
        for method in methods.as_object().expect("methods").keys() {
            let answer = service.with(&method.to_uppercase(), &path, &[]).await;
            if only_asks(method, &path) {
                assert_ne!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
            } else {
                problem(answer, 403, "read_only").await;
                refused += 1;
            }
        }
    }
    assert!(refused >= 20, "{refused}");
    // Who may not write anywhere learns that first.
    let service =
        self::service(NamedKeys::default().with("reader", Scope::Read, None), |wiring| wiring.read_only = true);
    let answer = service.with("POST", "/v1/models/default/events", &[("x-api-key", "reader")]).await;
    problem(answer, 403, "forbidden").await;
}
