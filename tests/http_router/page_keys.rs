//! Goal: a key for pages reaches what it is for and nothing else, from its own pages, within its bounds. Method: every
//! route of the router is asked for with it, by every method; browsers' preflights; bodies and rates beyond the bounds.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, Response, StatusCode},
};
use shelfmark_domain::Scope;

use crate::standins::{NamedKeys, Service, problem, service, text};

const SHOP: &str = "https://shop.example";
const OTHER: &str = "https://other.example";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// What each scope reaches.
const INGEST: [(&str, &str); 1] = [("POST", "/v1/models/{model}/events")];
const RECOMMEND: [(&str, &str); 3] = [
    ("POST", "/v1/models/{model}/recommendations"),
    ("GET", "/v1/models/{model}/users/{id}/recommendations"),
    ("GET", "/v1/models/{model}/items/{id}/similar"),
];
const EVENTS: &str = "/v1/models/shop/events";

fn pages() -> Service {
    let keys = NamedKeys::default()
        .with("admin", Scope::Admin, None)
        .with_page("ingest", Scope::Ingest, SHOP, 1_000)
        .with_page("recommend", Scope::Recommend, SHOP, 1_000)
        .with_page("slow", Scope::Ingest, SHOP, 1);
    service(keys, |_| {})
}

/// Every path of the router: those of the document, and those that its source names besides.
fn paths() -> BTreeSet<String> {
    let document = serde_json::to_value(shelfmark::http::openapi()).expect("JSON");
    let documented = document["paths"].as_object().expect("paths").keys().cloned();
    let sources = [include_str!("../../src/http/routes.rs"), include_str!("../../src/http/gorse/routes.rs")].concat();
    let first_text = |rest: &str| rest.split('"').nth(1).expect("a path").to_owned();
    let named: Vec<String> = sources.split(".route(").skip(1).map(first_text).collect();
    assert!(named.iter().all(|path| path.starts_with('/')), "{named:?}");
    let paths: BTreeSet<String> = documented.chain(named).collect();
    assert!(paths.len() >= 80, "{}", paths.len());
    paths
}

fn concrete(path: &str) -> String {
    path.replace("{model}", "shop").replace("{*path}", "index.html").replace(['{', '}'], "")
}

#[tokio::test]
async fn a_key_for_pages_reaches_nothing_but_what_it_is_for() {
    let service = pages();
    for (key, reach) in [("ingest", &INGEST[..]), ("recommend", &RECOMMEND[..])] {
        let mut reached = 0;
        for path in paths() {
            for method in METHODS {
                let concrete = concrete(&path);
                let headers = [("x-api-key", key), ("origin", SHOP)];
                let answer = service.with(method, &concrete, &headers).await;
                let name = format!("{method} {path} with {key}");
                if reach.contains(&(method, path.as_str())) {
                    reached += 1;
                    assert_eq!(answer.headers()["access-control-allow-origin"], SHOP, "{name}");
                    problem(answer, 404, "model_not_found").await;
                    continue;
                }
                // What is open to everybody answers as it does without a key, and no page may read it.
                let anybody = service.with(method, &concrete, &[]).await.status();
                let may_read = answer.headers().contains_key("access-control-allow-origin");
                let on_a_page_route = INGEST.iter().chain(&RECOMMEND).any(|(_, own)| *own == path);
                assert!(!may_read || on_a_page_route, "{name}");
                match answer.status() {
                    StatusCode::FORBIDDEN => assert_eq!(anybody, StatusCode::UNAUTHORIZED, "{name}"),
                    status => assert!(status == anybody && status != StatusCode::UNAUTHORIZED, "{name}: {status}"),
                }
            }
        }
        assert_eq!(reached, reach.len(), "every route that it is for is there");
    }
}

#[tokio::test]
async fn a_key_for_pages_is_for_its_own_origins_and_its_own_model() {
    let service = pages();
    for origin in [&[("origin", OTHER)][..], &[("origin", "null")], &[("origin", "https://shop.example.evil")], &[]] {
        let headers = [&[("x-api-key", "ingest")], origin].concat();
        let answer = service.with("POST", EVENTS, &headers).await;
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
        problem(answer, 403, "origin_refused").await;
    }
    let headers = [("x-api-key", "ingest"), ("origin", SHOP)];
    problem(service.with("POST", "/v1/models/other/events", &headers).await, 403, "forbidden").await;
    // Other keys need no origin, and a page that somebody gave one may read the answer.
    let headers = [("x-api-key", "admin"), ("origin", SHOP)];
    let answer = service.with("POST", EVENTS, &headers).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], SHOP);
    problem(answer, 404, "model_not_found").await;
}

#[tokio::test]
async fn browsers_are_told_which_pages_may_ask() {
    let service = pages();
    let preflight = |path: &'static str, origin: &'static str| {
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        let service = &service;
        async move { service.with("OPTIONS", path, &asks).await }
    };
    for path in [
        EVENTS,
        "/v1/models/shop/recommendations",
        "/v1/models/shop/users/u/recommendations",
        "/v1/models/shop/items/i/similar",
    ] {
        let answer = preflight(path, SHOP).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!((header("access-control-allow-origin"), header("vary")), (SHOP.to_owned(), "origin".to_owned()));
        assert!(header("access-control-allow-headers").contains("authorization"));
        assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        problem(preflight(path, OTHER).await, 403, "origin_refused").await;
    }
    problem(preflight("/v1/models/other/events", SHOP).await, 403, "origin_refused").await;
    let answer = preflight("/v1/models/shop/items", SHOP).await;
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

async fn post(service: &Service, path: &str, headers: &[(&str, &str)], body: Body) -> Response<Body> {
    let request = headers.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
    service.send(request.body(body).expect("a request")).await
}

#[tokio::test]
async fn a_beacon_carries_its_key_in_the_address_and_other_keys_may_not_stand_there() {
    let service = pages();
    let beacon = [("origin", SHOP), ("content-type", "text/plain;charset=UTF-8")];
    let answer = post(&service, "/v1/models/shop/events?key=ingest", &beacon, Body::from("{}")).await;
    problem(answer, 404, "model_not_found").await;
    let answer = post(&service, "/v1/models/shop/events?key=admin", &beacon, Body::from("{}")).await;
    problem(answer, 401, "unauthorized").await;
    let answer = post(&service, "/v1/models/shop/events?key=ingest&colour=red", &beacon, Body::from("{}")).await;
    assert_eq!(problem(answer, 422, "invalid").await["errors"][0]["field"], "colour");
}

#[tokio::test]
async fn a_key_for_pages_keeps_to_its_rate() {
    let service = pages();
    let headers = [("x-api-key", "slow"), ("origin", SHOP)];
    for _ in 0..2 {
        problem(service.with("POST", EVENTS, &headers).await, 404, "model_not_found").await;
    }
    let answer = service.with("POST", EVENTS, &headers).await;
    assert_eq!(
        (&answer.headers()["retry-after"], &answer.headers()["access-control-allow-origin"]),
        (&"1".parse().expect("a value"), &SHOP.parse().expect("a value"))
    );
    problem(answer, 429, "rate_limited").await;
    // Another key of the same page has its own.
    let headers = [("x-api-key", "ingest"), ("origin", SHOP)];
    let answer = service.with("POST", EVENTS, &headers).await;
    assert!(text(answer).await.contains("model_not_found"));
}
