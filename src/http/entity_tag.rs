//! Entity tags of versioned reads: who has an answer already gets 304 instead of the same again (RFC 9110, 13.1.2).
//!
//! A tag is a hash of the answer and not of the version's number, because labels change and a forgotten user leaves
//! every version. So a 304 spares the transfer and not the search. Tags are weak: the same answer may be sent packed or
//! not.
//!
//! Recommendations have none: every list has an id of its own, by which clicks are counted.
//!
//! **Bounds.** Answers beyond [`BYTES_MAX`], and those that are made while they are sent, have no tag.

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use xxhash_rust::xxh3::xxh3_128;

use super::{error::ApiError, read_options};

/// Longest answer with a tag.
const BYTES_MAX: usize = 1024 * 1024;

/// Layer around reads: tags what a version answered, and what is said of versions.
pub async fn tag(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD) && !path.ends_with("/recommendations");
    let of_versions = path.contains("/versions/");
    let asked = is_read.then(|| request.headers().clone());
    let response = next.run(request).await;
    match asked {
        Some(asked) if of_versions || read_options::is_of_version(response.headers()) => tagged(&asked, response).await,
        Some(_) | None => response,
    }
}

async fn tagged(asked: &HeaderMap, response: Response) -> Response {
    let bytes = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    if response.status() != StatusCode::OK || bytes.is_none_or(|bytes| bytes > BYTES_MAX) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = match to_bytes(body, BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return ApiError::Internal(error.to_string()).into_response(),
    };
    let tag = format!("\"{:032x}\"", xxh3_128(&body));
    if let Ok(value) = HeaderValue::from_str(&format!("W/{tag}")) {
        parts.headers.insert(header::ETAG, value);
    }
    if !matches(asked, &tag) {
        return Response::from_parts(parts, Body::from(body));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// Whether a caller has what `tag` names, by weak comparison.
pub fn matches(asked: &HeaderMap, tag: &str) -> bool {
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}
