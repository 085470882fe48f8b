//! Middleware around every request: its id, span, permit, scope, time limit and metrics, and the form of its errors.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::Instrument;

use super::{
    Api,
    admission::{self, CallerId, ClientAddress, Lane},
    auth::{self, Caller},
    body,
    connections::ConnectionUse,
    cross_origin,
    error::ApiError,
    host::HostFault,
    page_keys,
    problem::Failure,
    request_metrics,
};
use shelfmark_domain::Scope;
use shelfmark_serving::{QueryError, with_cpu_time};

/// Header of the request id; set on every request before its handler, and on every reply.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Longest time of a stream of lines or records.
const STREAM_TIME_MAX: Duration = Duration::from_hours(24);

/// What is done with the requests of a group of routes when there is too much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Answered when nothing else is.
    Probe,
    /// Searches of a view. Refused before anything else is done for them while searches wait as long as they may, or
    /// while requests wait too long to be read: a refusal must cost a small part of an answer.
    Shed,
    /// Bounded in number.
    Bounded,
    /// Bounded in number, and takes as long as its body, whose reader bounds every pause.
    Streamed,
}

/// The policy of a group of routes.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The scope that a caller needs; `None` for everybody.
    pub scope: Option<Scope>,
    /// Under overload.
    pub load: Load,
}

/// State of the layer around a group of routes.
#[derive(Clone)]
pub struct Admission {
    /// The handles.
    pub api: Api,
    /// The group's policy.
    pub policy: Policy,
}

/// Handles one request of a group: the layer around every route and fallback.
pub async fn handle(State(admission): State<Admission>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let text = id.to_str().unwrap_or_default();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let origin = cross_origin::allowed_origin(&admission.api, admission.policy.scope, &request);
    let mut response = if admission.policy.load != Load::Shed {
        traced(&admission, route, text, request, next).await
    } else if (admission.api.searches_full)() {
        // Under overload most requests end here: without key, body, span and time limit.
        ApiError::from(QueryError::Busy).into_response()
    } else {
        let (response, used) = with_cpu_time(traced(&admission, route, text, request, next)).await;
        (admission.api.search_cpu_time)(used);
        response
    };
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() {
        response = failure.write(response, text);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    if let Some(origin) = origin {
        cross_origin::let_read(&mut response, origin);
    }
    request_metrics::answered(route, &method, response.status(), started.elapsed());
    response
}

/// Answers within a span; failures are logged.
async fn traced(admission: &Admission, route: &str, id: &str, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let span = tracing::info_span!("http.request", request_id = id, method = %request.method(), route);
    let answer = AssertUnwindSafe(admit(admission, request, next)).catch_unwind();
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
async fn admit(admission: &Admission, mut request: Request, next: Next) -> Result<Response, ApiError> {
    let Admission { api, policy } = admission;
    if let Some(HostFault(why)) = request.extensions().get() {
        return Err(ApiError::BadHost(why));
    }
    let reserved = request.extensions().get() == Some(&ConnectionUse::Probes);
    if reserved && policy.load != Load::Probe {
        return Err(ApiError::NoConnection);
    }
    let caller = auth::recognise(api, &request)?;
    if let Some(scope) = policy.scope {
        request = authorise(api, scope, &caller, request).await?;
        if let Caller::Key(key) = &caller
            && key.scope.is_for_pages()
        {
            request = page_keys::admit(api, key, request)?;
        }
    }
    let ticket = match policy.load {
        Load::Probe => None,
        Load::Shed | Load::Bounded | Load::Streamed => {
            let lane = match policy.scope {
                Some(Scope::Write | Scope::Ingest) => Lane::Ingest,
                Some(Scope::Read | Scope::Export | Scope::Admin | Scope::Recommend) | None => Lane::Other,
            };
            let has_body = !http_body::Body::is_end_stream(request.body());
            Some(api.admission.admit(caller_id(&caller, &request), lane, has_body)?)
        }
    };
    let limit = match policy.load {
        Load::Streamed => STREAM_TIME_MAX,
        Load::Probe | Load::Shed | Load::Bounded => time_limit(api, request.headers()),
    };
    request.extensions_mut().insert(caller);
    let handled = tokio::time::timeout(limit, async {
        match &ticket {
            Some(ticket) => admission::enter(ticket.clone(), next.run(request)).await,
            None => next.run(request).await,
        }
    });
    let mut response = handled.await.map_err(|_| ApiError::TimedOut(limit.as_secs()))?;
    if let Some(ticket) = ticket {
        // Held until the answer is sent.
        response.extensions_mut().insert(ticket);
    }
    Ok(response)
}

/// Whose share a request takes.
fn caller_id(caller: &Caller, request: &Request) -> CallerId {
    match caller {
        Caller::Key(key) => CallerId::Key(key.name.as_str().into()),
        Caller::Anonymous | Caller::Unknown(_) => {
            let address = request.extensions().get::<ClientAddress>().copied();
            CallerId::Address(address.unwrap_or(ClientAddress::unknown()))
        }
    }
}

/// Checks scope and model. A process that only reads answers reads alone: those of scope read and export, and GETs of
/// scope admin.
async fn authorise(api: &Api, scope: Scope, caller: &Caller, request: Request) -> Result<Request, ApiError> {
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    let params = params.map_err(|refusal| ApiError::BadPath(refusal.body_text()))?;
    let model = params.iter().find_map(|(name, value)| (name == "model").then_some(value));
    caller.check(scope, model)?;
    if api.read_only && !scope.only_reads() && parts.method != Method::GET {
        return Err(ApiError::ReadOnly);
    }
    Ok(Request::from_parts(parts, body))
}

/// Streams of lines take as long as they are long; their reader bounds every pause.
fn time_limit(api: &Api, headers: &HeaderMap) -> Duration {
    let kind = headers.get(header::CONTENT_TYPE);
    let lines = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| body::is_lines(kind.split(';').next().unwrap_or_default().trim()));
    if lines {
        return STREAM_TIME_MAX;
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
