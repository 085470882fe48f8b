//! What surrounds every request: its id, its span, its permit, its time limit, its metrics, and the form of its errors.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::Instrument;

use super::{Api, auth, body, error::ApiError, problem::Failure};
use crate::{
    serving::{QueryError, with_cpu_time},
    telemetry,
};

/// Routes that search a view. They are refused here while searches wait as long as they may, or what comes waits too long to be
/// read at all: before anything else is done for them, because a refusal must cost a small part of an answer.
const SEARCHES: [&str; 5] = [
    "/v1/models/{model}/recommendations",
    "/v1/models/{model}/recommendations/batch",
    "/v1/models/{model}/rank",
    "/v1/models/{model}/users/{id}/recommendations",
    "/v1/models/{model}/items/{id}/similar",
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The outermost layer.
pub async fn frame(State(api): State<Api>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let text = id.to_str().unwrap_or_default();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let mut response = if !SEARCHES.contains(&route) {
        watched(&api, route, text, request, next).await
    } else if (api.searches_full)() {
        // Under overload most requests end here: without key, body, span and time limit.
        ApiError::from(QueryError::Busy).into_response()
    } else {
        let (response, used) = with_cpu_time(watched(&api, route, text, request, next)).await;
        (api.search_cpu_time)(used);
        response
    };
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() {
        response = failure.write(response, text);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    telemetry::http_answered(route, &method, response.status(), started.elapsed());
    response
}

/// Answers within a span; what fails is logged.
async fn watched(api: &Api, route: &str, id: &str, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span = tracing::info_span!("http.request", request_id = id, method = %request.method(), route);
    let answer = AssertUnwindSafe(admit(api, route, request, next)).catch_unwind();
    let response = match answer.instrument(span.clone()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(panic) => ApiError::Internal(panic_text(panic.as_ref())).into_response(),
    };
    if let Some(failure) = response.extensions().get::<Arc<Failure>>()
        && let Some(cause) = &failure.cause
    {
        span.in_scope(|| report(failure, id, cause));
    }
    let took_us = started.elapsed().as_micros();
    tracing::debug!(parent: &span, status = response.status().as_u16(), took_us, "http.answered");
    response
}

/// One log line a server-side failure: an error when someone must act, a warning for what passes by itself.
fn report(failure: &Failure, request_id: &str, cause: &str) {
    if failure.status == axum::http::StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(code = failure.code, cause, "http.refused: request {request_id}");
    } else {
        tracing::error!(code = failure.code, cause, "http.failed: request {request_id}");
    }
}

/// Lets a request in and bounds its time.
async fn admit(api: &Api, route: &str, mut request: Request, next: Next) -> Result<Response, ApiError> {
    // Probes answer when nothing else does.
    let probe = matches!(route, "/livez" | "/readyz" | "/metrics");
    let _permit = if probe { None } else { Some(api.permits.try_acquire().map_err(|_| ApiError::Overloaded)?) };
    let caller = auth::recognise(api, &request)?;
    request.extensions_mut().insert(caller);
    if api.read_only {
        request.extensions_mut().insert(auth::ReadOnly);
    }
    let limit = time_limit(api, request.headers());
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => Ok(response),
        Err(_) => Err(ApiError::TimedOut(limit.as_secs())),
    }
}

/// Streams of lines take as long as they are long; their reader bounds every pause.
fn time_limit(api: &Api, headers: &HeaderMap) -> Duration {
    let kind = headers.get(header::CONTENT_TYPE);
    let lines = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| body::is_lines(kind.split(';').next().unwrap_or_default().trim()));
    if lines {
        return Duration::from_secs(24 * 3600);
    }
    api.limits.request
}

/// The caller's request id when it is short and printable, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let decent = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    headers.get(REQUEST_ID).filter(decent).cloned().unwrap_or_else(|| {
        let mut text = uuid::Uuid::encode_buffer();
        let text = uuid::Uuid::now_v7().hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).expect("a uuid is a header's value")
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("no message"))
}
