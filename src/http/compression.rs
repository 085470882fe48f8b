//! Compression of answers (gzip, zstd) for callers who accept it.

use axum::http::{HeaderMap, StatusCode, Version, header};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer, Predicate,
        predicate::{And, SizeAbove},
    },
};

/// What is never worth it: rows of floats and archives hardly shrink, and points of a stream must not wait for each
/// other.
const APART: [&str; 4] =
    ["application/octet-stream", "application/x-safetensors", "application/zip", "text/event-stream"];

type Worth = fn(StatusCode, Version, &HeaderMap, &axum::http::Extensions) -> bool;

/// The layer for answers of `bytes_min` bytes and more. At its fastest level: an answer is made for one caller, once.
pub fn layer(bytes_min: u64) -> CompressionLayer<And<SizeAbove, Worth>> {
    let predicate = SizeAbove::new(bytes_min).and(shrinks as Worth);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(predicate)
}

fn shrinks(_: StatusCode, _: Version, headers: &HeaderMap, _: &axum::http::Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    !APART.iter().any(|apart| kind.starts_with(apart))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_worth_it_and_floats_and_streams_are_not() {
        let of = |kind: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, header::HeaderValue::from_static(kind))]);
            shrinks(StatusCode::OK, Version::HTTP_11, &headers, &axum::http::Extensions::default())
        };
        assert!(of("application/json") && of("application/x-ndjson") && of("text/html; charset=utf-8"));
        for kind in APART {
            assert!(!of(kind), "{kind}");
        }
    }
}
