//! The pages for people: the landing page, the reference, and the document behind it. They use nothing from the network.

mod error_codes;

use std::sync::LazyLock;

use axum::{
    Extension, Json,
    extract::State,
    http::header,
    response::{Html, IntoResponse},
};
use bytes::Bytes;

use super::{Api, auth::Caller};
use shelfmark_domain::Scope;

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

static REFERENCE: LazyLock<String> =
    LazyLock::new(|| include_str!("pages/docs.html").replace("<!-- error codes -->", &error_codes::rows()));

/// `/docs`.
pub async fn docs() -> impl IntoResponse {
    page(REFERENCE.as_str())
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

/// The version of the service, for clients, and who asks.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct About {
    /// `shelfmark`.
    name: &'static str,
    /// Version of the binary.
    version: &'static str,
    /// Who asks; null without a known key where one is needed.
    caller: Option<CallerOut>,
    /// Whether the process only reads: every write is refused.
    read_only: bool,
    /// Whether the console shows pictures of items (`--console-images`).
    console_images: bool,
}

/// Who asks, and what they may do.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct CallerOut {
    /// Name of the key; null while there are no keys.
    key: Option<String>,
    /// `read`, `export`, `write`, `admin`, `ingest` or `recommend`.
    scope: &'static str,
    /// The only model that the key is for; null for all.
    model: Option<String>,
}

/// Says what answers here, and what the caller may do.
#[utoipa::path(
    get, path = "/v1", tag = "service", operation_id = "about", security(()),
    responses((status = 200, description = "Name, version and caller", body = About))
)]
pub async fn about(State(api): State<Api>, Extension(caller): Extension<Caller>) -> Json<About> {
    let caller = match caller {
        Caller::Anonymous => Some(CallerOut { key: None, scope: Scope::Admin.name(), model: None }),
        Caller::Key(key) => {
            Some(CallerOut { key: Some(key.name.clone()), scope: key.scope.name(), model: key.model.clone() })
        }
        Caller::Unknown(_) => None,
    };
    let (read_only, console_images) = (api.read_only, api.console_images);
    Json(About { name: "shelfmark", version: env!("CARGO_PKG_VERSION"), caller, read_only, console_images })
}
