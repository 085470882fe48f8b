//! The pages for people: the landing page, the reference, and the document behind it. They use nothing from the network.

use std::sync::LazyLock;

use axum::{
    Json,
    http::header,
    response::{Html, IntoResponse},
};
use bytes::Bytes;

/// The pages' own scripts and styles only; no other site may frame them.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = super::openapi();
    Bytes::from(serde_json::to_vec(&document).unwrap_or_default())
});

/// `/`.
pub async fn landing() -> impl IntoResponse {
    page(include_str!("pages/landing.html"))
}

/// `/docs`.
pub async fn docs() -> impl IntoResponse {
    page(include_str!("pages/docs.html"))
}

fn page(text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(text))
}

/// `/openapi.json`.
pub async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// The version of the service, for the landing page and for clients.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct About {
    /// `shelfmark`.
    name: &'static str,
    /// Version of the binary.
    version: &'static str,
}

/// Says what answers here.
#[utoipa::path(
    get, path = "/v1", tag = "service", operation_id = "about", security(()),
    responses((status = 200, description = "Name and version", body = About))
)]
pub async fn about() -> Json<About> {
    Json(About { name: "shelfmark", version: env!("CARGO_PKG_VERSION") })
}
