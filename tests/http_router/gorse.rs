//! Goal: each route of the surface of Gorse is behind its scope. Method: every route with keys of every scope.

use axum::http::StatusCode;

use crate::standins::{NamedKeys, guarded, service};

#[tokio::test]
async fn a_recommendation_that_is_written_back_needs_the_scope_of_writes() {
    const WRITES_BACK: &str = "/api/recommend/ann?write-back-type=read";
    let guarded = guarded();
    // Who may gets as far as the missing model.
    for (key, path, expected) in
        [("reader", "/api/recommend/ann", 404), ("reader", WRITES_BACK, 403), ("writer", WRITES_BACK, 404)]
    {
        let answer = guarded.with("GET", path, &[("x-api-key", key)]).await;
        assert_eq!(answer.status().as_u16(), expected, "{path} as {key}");
    }
    let read_only = service(NamedKeys::default(), |wiring| wiring.read_only = true);
    assert_eq!(read_only.get(WRITES_BACK).await.status(), StatusCode::FORBIDDEN);
}

/// Routes of the surface of Gorse, which are in no OpenAPI document, with the least scope of each.
const GORSE: [(&str, &str, &str); 52] = [
    ("GET", "recommend/u", "reader"),
    ("GET", "recommend/u/c", "reader"),
    ("GET", "collaborative-filtering/u", "reader"),
    ("GET", "collaborative-filtering/u/c", "reader"),
    ("POST", "session/recommend", "reader"),
    ("GET", "popular", "reader"),
    ("GET", "popular/c", "reader"),
    ("GET", "latest", "reader"),
    ("GET", "latest/c", "reader"),
    ("GET", "non-personalized/latest", "reader"),
    ("GET", "item/i/neighbors", "reader"),
    ("GET", "item/i/neighbors/c", "reader"),
    ("GET", "item-to-item/neighbors/i", "reader"),
    ("GET", "user/u", "reader"),
    ("GET", "items", "reader"),
    ("GET", "item/i", "reader"),
    ("GET", "users", "exporter"),
    ("GET", "user/u/feedback", "exporter"),
    ("GET", "user/u/feedback/star", "exporter"),
    ("GET", "item/i/feedback", "exporter"),
    ("GET", "item/i/feedback/star", "exporter"),
    ("GET", "user/u/neighbors", "exporter"),
    ("GET", "user-to-user/similar/u", "exporter"),
    ("GET", "feedback", "exporter"),
    ("GET", "feedback/star", "exporter"),
    ("GET", "feedback/u/i", "exporter"),
    ("GET", "feedback/star/u/i", "exporter"),
    ("GET", "bulk/users", "exporter"),
    ("GET", "bulk/items", "exporter"),
    ("GET", "bulk/feedback", "exporter"),
    ("GET", "dump", "exporter"),
    ("POST", "user", "writer"),
    ("POST", "users", "writer"),
    ("PATCH", "user/u", "writer"),
    ("POST", "item", "writer"),
    ("POST", "items", "writer"),
    ("PATCH", "item/i", "writer"),
    ("DELETE", "item/i", "writer"),
    ("PUT", "item/i/category/c", "writer"),
    ("DELETE", "item/i/category/c", "writer"),
    ("POST", "feedback", "writer"),
    ("PUT", "feedback", "writer"),
    ("DELETE", "feedback/u/i", "writer"),
    ("DELETE", "feedback/star/u/i", "writer"),
    ("POST", "bulk/users", "writer"),
    ("POST", "bulk/items", "writer"),
    ("POST", "bulk/feedback", "writer"),
    ("POST", "restore", "writer"),
    ("GET", "recommend/u?write-back-type=read", "writer"),
    ("POST", "purge", "admin"),
    ("DELETE", "user/u", "admin"),
    ("GET", "health/live", "nobody"),
];

#[tokio::test]
async fn every_route_of_gorse_is_behind_its_scope() {
    let service = guarded();
    for (method, path, least) in GORSE {
        for key in ["wrong", "reader", "exporter", "writer", "admin"] {
            let answer = service.with(method, &format!("/api/{path}"), &[("x-api-key", key)]).await;
            let status = answer.status().as_u16();
            let may = match (key, least) {
                (_, "nobody") | ("admin", _) => true,
                ("wrong", _) => false,
                (key, least) if key == least => true,
                ("exporter" | "writer", "reader") => true,
                _ => false,
            };
            // Past the gate is a request without a body, of a model that is not there.
            let expected = match (may, key) {
                (true, _) => status != 401 && status != 403,
                (false, "wrong") => status == 401,
                (false, _) => status == 403,
            };
            assert!(expected, "{method} {path} as {key}: {status}");
        }
    }
}
