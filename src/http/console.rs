//! The web console: files of `console/dist`, embedded in the binary as they were built.
//!
//! A file whose name ends in `.br` is the brotli form of the file beside it. Files below `assets/` have a hash of their
//! content in their names and are kept by browsers for good. Without a built console, a page says how to get it.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{Embed, EmbeddedFile};

use super::{Api, entity_tag, error::ApiError};

/// Scripts, styles and requests of this service only; no inline script, no other site may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
);
/// As the policy, with pictures of every site that is asked over TLS: the pictures of items lie where their owners put
/// them.
const POLICY_WITH_IMAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
);
/// Of files whose names change with their content.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Of files that are asked for again with their ETag.
const ASKED_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

#[derive(Embed)]
#[folder = "console/dist"]
#[allow_missing = true]
struct Files;

/// `/console`: the console's links are relative to its folder. The target is relative too, for proxies that serve
/// under a prefix.
pub async fn to_folder() -> impl IntoResponse {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "console/")])
}

/// `/console/`.
pub async fn index(State(api): State<Api>, headers: HeaderMap) -> Result<Response, ApiError> {
    let policy = policy(&api);
    if Files::get("index.html").is_none() {
        let policy = [(header::CONTENT_SECURITY_POLICY, policy)];
        return Ok((StatusCode::NOT_FOUND, policy, Html(include_str!("pages/console_not_built.html"))).into_response());
    }
    answer("index.html", &headers, policy)
}

/// `/console/{path}`.
pub async fn file(State(api): State<Api>, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    answer(&path, &headers, policy(&api))
}

fn policy(api: &Api) -> HeaderValue {
    if api.console_images { POLICY_WITH_IMAGES } else { POLICY }
}

fn answer(path: &str, asked: &HeaderMap, policy: HeaderValue) -> Result<Response, ApiError> {
    let plain = Files::get(path).filter(|_| !path.ends_with(".br")).ok_or(ApiError::RouteNotFound)?;
    let packed = Files::get(&format!("{path}.br")).filter(|_| accepts_brotli(asked));
    let coding = packed.is_some();
    let file = packed.unwrap_or(plain);
    let tag = etag(&file);
    let mut answer = if entity_tag::matches(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data).into_response()
    };
    let kept = if path.starts_with("assets/") { KEPT } else { ASKED_AGAIN };
    let mut set = |name: HeaderName, value: HeaderValue| answer.headers_mut().insert(name, value);
    set(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    set(header::CACHE_CONTROL, kept);
    set(header::VARY, HeaderValue::from_static("accept-encoding"));
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set(header::ETAG, tag);
    }
    if coding {
        set(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(answer)
}

/// A tag of the bytes that are sent: the brotli form has one of its own.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let text: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{text}\"")
}

fn accepts_brotli(asked: &HeaderMap) -> bool {
    let codings = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let refused = parts.any(|part| {
            part.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0)
        });
        named && !refused
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        for takes in ["br", "gzip, br", "gzip;q=0.5, BR;q=0.9"] {
            assert!(accepts_brotli(&headers(header::ACCEPT_ENCODING, takes)), "{takes}");
        }
        for not in ["", "gzip", "br;q=0", "brx", "gzip, br; q=0.0"] {
            assert!(!accepts_brotli(&headers(header::ACCEPT_ENCODING, not)), "{not}");
        }
    }

    #[test]
    fn a_tag_is_found_among_several_and_weak_ones_count() {
        for same in ["\"a\"", "\"b\", \"a\"", "W/\"a\"", "*"] {
            assert!(entity_tag::matches(&headers(header::IF_NONE_MATCH, same), "\"a\""), "{same}");
        }
        assert!(!entity_tag::matches(&headers(header::IF_NONE_MATCH, "\"b\""), "\"a\""));
    }
}
