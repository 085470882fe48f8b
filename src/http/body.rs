//! Request bodies: their type, their size, their content.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::{decode, error::ApiError};

/// Most bytes of a body that is too large that are read and thrown away.
const DISCARD_BYTES: usize = 256 << 20;
/// Longest time for it.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// What a body says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`, or nothing said.
    Json,
    /// `application/x-ndjson`: one JSON value a line.
    Lines,
}

/// Reads the content type of a route that takes JSON only, or lines too.
pub fn format(headers: &HeaderMap, lines: bool) -> Result<Format, ApiError> {
    let expected = if lines { "application/json or application/x-ndjson" } else { "application/json" };
    let refuse = || ApiError::MediaType { expected };
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(refuse());
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Format::Json);
    };
    let text = value.to_str().map_err(|_| refuse())?;
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(Format::Json);
    }
    if lines && is_lines(kind) {
        return Ok(Format::Lines);
    }
    Err(refuse())
}

/// Whether a media type is one of the names that newline-delimited JSON goes by.
pub fn is_lines(kind: &str) -> bool {
    ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        .iter()
        .any(|name| kind.eq_ignore_ascii_case(name))
}

/// Reads a whole body of at most `bytes_max` bytes. Of a larger one the rest is read and thrown away, within bounds: a client
/// that is still sending sees its connection break, and not the answer.
pub async fn whole(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > bytes_max) && headers.contains_key(header::EXPECT) {
        // The client waits for a word before it sends: this is the word.
        return Err(ApiError::TooLarge { bytes_max });
    }
    let mut buffer = BytesMut::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::BodyBroken)?;
        if buffer.is_empty() {
            if declared == Some(chunk.len()) && chunk.len() <= bytes_max {
                // A small body comes whole, and is used where it lies.
                return Ok(chunk);
            }
            buffer.reserve(declared.unwrap_or(0).min(bytes_max));
        }
        if buffer.len() + chunk.len() > bytes_max {
            drop(buffer);
            let _ends_by_itself = tokio::time::timeout(DISCARD_TIME, discard(stream)).await;
            return Err(ApiError::TooLarge { bytes_max });
        }
        buffer.extend_from_slice(&chunk);
    }
    Ok(buffer.freeze())
}

async fn discard(mut stream: BodyDataStream) {
    let mut bytes = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        bytes += chunk.len();
        if bytes > DISCARD_BYTES {
            return;
        }
    }
}

/// Reads a JSON body.
pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<T, ApiError> {
    format(headers, false)?;
    let bytes = whole(headers, body, bytes_max).await?;
    decode::json(&bytes)
}

/// Like [`json`], where no body at all means `T::default()`.
pub async fn json_or_default<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<T, ApiError> {
    let bytes = whole(headers, body, bytes_max).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    format(headers, false)?;
    decode::json(&bytes)
}
