//! Request bodies: their type, their size, their content.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::{body_stream::BodyStream, decode, error::ApiError};

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

/// Whether the content type is RFC 7396's name of a JSON merge patch.
pub fn is_merge_patch(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/merge-patch+json"))
}

/// Whether a media type is one of the names that newline-delimited JSON goes by.
pub fn is_lines(kind: &str) -> bool {
    ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        .iter()
        .any(|name| kind.eq_ignore_ascii_case(name))
}

/// Reads a whole body of at most `bytes_max` bytes, unpacked, without a byte order mark. Of a larger one the rest is
/// read and thrown away, within bounds and as it is: a client that is still sending sees its connection break, and not
/// the answer.
pub async fn whole(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > bytes_max) && headers.contains_key(header::EXPECT) {
        // The client waits for a word before it sends: this is the word.
        return Err(ApiError::TooLarge { bytes_max });
    }
    let mut buffer = BytesMut::new();
    let mut stream = BodyStream::new(headers, body)?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if buffer.is_empty() {
            if declared == Some(chunk.len()) && chunk.len() <= bytes_max && !stream.is_packed() {
                // A small body comes whole, and is used where it lies.
                return utf_8(chunk);
            }
            buffer.reserve(declared.unwrap_or(0).min(bytes_max));
        }
        if buffer.len() + chunk.len() > bytes_max {
            drop(buffer);
            let _ends_by_itself = tokio::time::timeout(DISCARD_TIME, discard(stream.into_packed())).await;
            return Err(ApiError::TooLarge { bytes_max });
        }
        buffer.extend_from_slice(&chunk);
    }
    utf_8(buffer.freeze())
}

/// The bytes without a byte order mark, which some editors write and RFC 8259 lets a reader pass over.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Refuses the beginning of a text that is UTF-16 or UTF-32: by its mark, or by the zero byte of its first character.
pub fn check_encoding(begin: &[u8]) -> Result<(), ApiError> {
    if matches!(begin, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]) {
        let detail = "the body is UTF-16 or UTF-32; JSON is UTF-8: save or send it so".to_owned();
        return Err(ApiError::Malformed { detail });
    }
    Ok(())
}

fn utf_8(bytes: Bytes) -> Result<Bytes, ApiError> {
    check_encoding(&bytes)?;
    Ok(bytes.slice_ref(without_mark(&bytes)))
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
