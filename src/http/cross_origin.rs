//! Requests of pages of other origins (CORS, Fetch standard). An origin is answered where a key for pages of the model
//! is bound to it, on the routes that such keys reach and nowhere else.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Api, error::ApiError, params::Segments, paths::ModelPath};
use shelfmark_domain::Scope;

/// Methods of the routes that keys for pages reach.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
/// Headers that a page may send there.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, x-api-key, x-request-id");
/// Headers of answers that a page may read.
const RESPONSE_HEADERS: HeaderValue =
    HeaderValue::from_static("retry-after, shelfmark-position, shelfmark-version, x-request-id");
/// Seconds for which a browser need not ask again. A key that is revoked is refused at once all the same.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// The origin of a request's page, where it may read what routes of this scope answer.
pub fn allowed_origin(api: &Api, scope: Option<Scope>, request: &Request) -> Option<HeaderValue> {
    let scope = scope.filter(|scope| scope.is_for_pages())?;
    let origin = request.headers().get(header::ORIGIN)?;
    let model = request.uri().path().strip_prefix("/v1/models/")?.split('/').next()?;
    api.keys.allows_origin(origin.to_str().ok()?, scope, model).then(|| origin.clone())
}

/// Lets the page read the answer.
pub fn let_read(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    headers.append(header::VARY, HeaderValue::from(HeaderName::from_static("origin")));
}

/// Answers a browser that asks whether a page may append events.
pub async fn preflight_ingest(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    preflight(&api, Scope::Ingest, &path.model, &headers)
}

/// Answers a browser that asks whether a page may ask for recommendations.
pub async fn preflight_recommend(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    preflight(&api, Scope::Recommend, &path.model, &headers)
}

/// A browser asks without the key, so the keys of all pages of the model speak for the origin.
fn preflight(api: &Api, scope: Scope, model: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let origin = headers.get(header::ORIGIN).filter(|_| headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD));
    let Some(origin) = origin else { return Err(ApiError::MethodNotAllowed) };
    if !origin.to_str().is_ok_and(|origin| api.keys.allows_origin(origin, scope, model)) {
        return Err(ApiError::OriginRefused);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let_read(&mut response, origin.clone());
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    Ok(response)
}
