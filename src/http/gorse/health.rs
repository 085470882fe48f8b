//! `/api/health`: for probes, without a key.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::http::Api;

/// Health as Gorse tells it. Data and cache are one Postgres here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    ready: bool,
    data_store_error: Option<String>,
    cache_store_error: Option<String>,
    data_store_connected: bool,
    cache_store_connected: bool,
}

/// The process answers.
pub async fn live() -> Response {
    health(Vec::new()).into_response()
}

/// Every model is ready to be read.
pub async fn ready(State(api): State<Api>) -> Response {
    let reasons = (api.not_ready)();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, health(reasons)).into_response()
}

fn health(reasons: Vec<String>) -> Json<Health> {
    let ready = reasons.is_empty();
    let error = (!ready).then(|| reasons.join("; "));
    Json(Health {
        ready,
        data_store_error: error.clone(),
        cache_store_error: error,
        data_store_connected: ready,
        cache_store_connected: ready,
    })
}
