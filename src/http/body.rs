//! Request bodies: their type, their size, their content.

use std::{mem, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::{
    admission::{self, Share, Ticket},
    body_pace::Pace,
    body_stream::BodyStream,
    decode,
    error::ApiError,
};

/// Most bytes of a body that is too large that are read and thrown away.
const DISCARD_BYTES: usize = 256 << 20;
/// Longest time for it.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Size up to which a body that came whole is not counted: it is a part of what its connection has read ahead.
const UNCOUNTED_BYTES_MAX: usize = 16 << 10;

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
fn is_merge_patch(headers: &HeaderMap) -> bool {
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
    let ticket = admission::current();
    let stream = BodyStream::new(headers, body)?;
    let bytes = read(stream, declared, bytes_max, ticket.as_ref()).await?;
    if let Some(ticket) = &ticket {
        ticket.body_ended()?;
    }
    utf_8(bytes)
}

async fn read(
    mut stream: BodyStream,
    declared: Option<usize>,
    bytes_max: usize,
    ticket: Option<&Ticket>,
) -> Result<Bytes, ApiError> {
    let mut buffer = BodyBuffer { bytes: BytesMut::new(), share: None, ticket };
    let mut pace = Pace::new(ticket.map(Ticket::pace).unwrap_or_default());
    while let Some(chunk) = pace.next(&mut stream).await? {
        pace.came(chunk.len());
        if buffer.bytes.is_empty() && declared == Some(chunk.len()) && chunk.len() <= bytes_max && !stream.is_packed() {
            // A small body comes whole, and is used where it lies.
            return buffer.whole(chunk);
        }
        let taken = if buffer.bytes.len() + chunk.len() > bytes_max {
            Err(ApiError::TooLarge { bytes_max })
        } else {
            buffer.extend(&chunk, declared.unwrap_or(0).min(bytes_max), bytes_max)
        };
        if let Err(refused) = taken {
            drop(buffer);
            let _ends_by_itself = tokio::time::timeout(DISCARD_TIME, discard(stream.into_packed())).await;
            return Err(refused);
        }
    }
    Ok(buffer.freeze())
}

/// The bytes of a body as they come, as many as the request may hold.
struct BodyBuffer<'a> {
    bytes: BytesMut,
    share: Option<Share>,
    ticket: Option<&'a Ticket>,
}

/// Bytes that count until the last reference to them is dropped.
struct CountedBytes {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for CountedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl BodyBuffer<'_> {
    fn hold(&mut self, bytes: usize) -> Result<(), ApiError> {
        match (&mut self.share, self.ticket) {
            (Some(share), _) => share.grow(bytes as u64)?,
            (None, Some(ticket)) => self.share = Some(ticket.hold_bytes(bytes as u64)?),
            (None, None) => {}
        }
        Ok(())
    }

    /// Appends a piece of a body of `expected` bytes, 0 for an unknown number, and of `bytes_max` at most.
    fn extend(&mut self, piece: &[u8], expected: usize, bytes_max: usize) -> Result<(), ApiError> {
        let needed = self.bytes.len() + piece.len();
        let capacity = self.bytes.capacity();
        if needed > capacity {
            let wanted = if capacity == 0 { expected } else { capacity.saturating_mul(2).min(bytes_max) }.max(needed);
            self.hold(wanted - capacity)?;
            self.bytes.reserve(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn whole(mut self, bytes: Bytes) -> Result<Bytes, ApiError> {
        if bytes.len() > UNCOUNTED_BYTES_MAX {
            self.hold(bytes.len())?;
        }
        Ok(self.counted(bytes))
    }

    fn freeze(mut self) -> Bytes {
        let bytes = mem::take(&mut self.bytes).freeze();
        self.counted(bytes)
    }

    fn counted(self, bytes: Bytes) -> Bytes {
        match self.share {
            Some(share) => Bytes::from_owner(CountedBytes { bytes, _share: share }),
            None => bytes,
        }
    }
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

/// Reads the text of a JSON body, which may say that it is a merge patch (RFC 7396).
pub async fn patch_text(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    if !is_merge_patch(headers) {
        format(headers, false)?;
    }
    whole(headers, body, bytes_max).await
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
