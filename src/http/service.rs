//! Probes and metrics.

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, error::ApiError};
use crate::engine::Model;

/// Answers as long as the process can answer anything.
#[utoipa::path(
    get, path = "/livez", tag = "service", operation_id = "livez", security(()),
    responses((status = 200, description = "Alive", body = String, content_type = "text/plain"))
)]
pub async fn live() -> &'static str {
    "ok\n"
}

/// Whether the process can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Whether the process can do its work.
    ready: bool,
    /// Whether its work is to read only: it follows what other processes write.
    read_only: bool,
    /// Reasons why it cannot; empty when it can.
    reasons: Vec<String>,
    /// Notes for operators that do not affect readiness: learning is frozen, a guard acted, a caller holds its share.
    notes: Vec<String>,
}

/// Says whether the process can do its work, and why not. While a bound of requests is used up for everybody it cannot.
#[utoipa::path(
    get, path = "/readyz", tag = "service", operation_id = "readyz", security(()),
    responses(
        (status = 200, description = "Ready", body = Ready),
        (status = 503, description = "Not ready, with the reasons", body = Ready),
    )
)]
pub async fn ready(State(api): State<Api>) -> Response {
    let mut reasons = (api.not_ready)();
    if api.closing.is_cancelled() {
        reasons.push("the service is shutting down".to_owned());
    }
    let models = api.models.list();
    if models.is_empty() {
        reasons.push("no model is loaded yet".to_owned());
    }
    let (mut used_up, mut notes) = api.admission.used_up();
    reasons.append(&mut used_up);
    for model in models {
        notes.extend(model.notes());
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(Ready { ready, read_only: api.read_only, reasons, notes })).into_response();
    if !ready {
        let wait = axum::http::HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

/// Metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "service", operation_id = "metrics",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain"))
)]
pub async fn metrics(State(api): State<Api>, Extension(caller): Extension<Caller>) -> Result<Response, ApiError> {
    if !caller.may_see_all() {
        return Err(ApiError::Forbidden("the key is for one model, metrics are of all".to_owned()));
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let text = (api.metrics)() + &Model::arm_metrics(&api.models.list());
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
