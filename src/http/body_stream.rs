//! The bytes of a request body, unpacked as they come (`content-encoding`), in bounded memory.

use std::io;

use async_compression::{
    tokio::bufread::{GzipDecoder, ZstdDecoder},
    zstd::DParameter,
};
use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream::MapErr};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::error::ApiError;

/// Unpacked bytes of one read.
const READ_BYTES: usize = 32 << 10;
/// Unpacked bytes after which other tasks get a turn: about a millisecond.
const TURN_BYTES: usize = 256 << 10;
/// Logarithm of the largest window of zstd, 8 MiB: what RFC 9659 allows for this coding. It bounds the decoder's
/// memory.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Window of gzip.
const GZIP_WINDOW_BYTES: u64 = 32 << 10;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

type Packed = StreamReader<MapErr<BodyDataStream, fn(axum::Error) -> io::Error>, Bytes>;

/// A body that is read piece by piece.
pub struct BodyStream {
    source: Source,
    /// Unpacked bytes since other tasks had a turn.
    since_turn: usize,
}

enum Source {
    Plain(BodyDataStream),
    Gzip(Box<GzipDecoder<Packed>>),
    Zstd(Box<ZstdDecoder<Packed>>),
}

fn coding(headers: &HeaderMap) -> Result<Coding, ApiError> {
    let refuse = |given: &str| ApiError::ContentEncoding { given: given.chars().take(64).collect() };
    let mut found = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let text = value.to_str().map_err(|_| refuse("no ASCII"))?;
        for name in text.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            let next = match name.as_str() {
                "identity" | "" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "zstd" => Coding::Zstd,
                _ => return Err(refuse(text)),
            };
            if found != Coding::Identity {
                return Err(refuse("several codings, one over the other"));
            }
            found = next;
        }
    }
    Ok(found)
}

impl BodyStream {
    /// Reads `body` as its headers say that it is packed.
    pub fn new(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        // Some clients name a coding of no bytes at all.
        let coding = if http_body::Body::is_end_stream(&body) { Coding::Identity } else { coding(headers)? };
        let stream = body.into_data_stream();
        let reader = |stream: BodyDataStream| {
            StreamReader::new(stream.map_err(io::Error::other as fn(axum::Error) -> io::Error))
        };
        let source = match coding {
            Coding::Identity => Source::Plain(stream),
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(reader(stream));
                // Files put one behind the other, and what parallel packers write.
                decoder.multiple_members(true);
                Source::Gzip(Box::new(decoder))
            }
            Coding::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)];
                let mut decoder = ZstdDecoder::with_params(reader(stream), &window);
                decoder.multiple_members(true);
                Source::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { source, since_turn: 0 })
    }

    /// Whether the body is packed, so that `content-length` does not say how long it is.
    pub const fn is_packed(&self) -> bool {
        !matches!(self.source, Source::Plain(_))
    }

    /// Bytes that unpacking may hold beside what it gave out.
    pub const fn decoder_bytes_max(&self) -> u64 {
        match self.source {
            Source::Plain(_) => 0,
            Source::Gzip(_) => GZIP_WINDOW_BYTES,
            Source::Zstd(_) => 1 << ZSTD_WINDOW_LOG_MAX,
        }
    }

    /// The next bytes; `None` at the end. Nothing is lost when it is given up before it is done.
    pub async fn next(&mut self) -> Option<Result<Bytes, ApiError>> {
        if self.since_turn >= TURN_BYTES {
            self.since_turn = 0;
            tokio::task::yield_now().await;
        }
        let read = match &mut self.source {
            Source::Plain(stream) => return Some(stream.next().await?.map_err(|_| ApiError::BodyBroken)),
            Source::Gzip(decoder) => read(decoder, "gzip").await,
            Source::Zstd(decoder) => read(decoder, "zstd").await,
        };
        match read {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => {
                self.since_turn += bytes.len();
                Some(Ok(bytes))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The bytes as they come over the connection, without those that were read.
    pub fn into_packed(self) -> BodyDataStream {
        match self.source {
            Source::Plain(stream) => stream,
            Source::Gzip(decoder) => decoder.into_inner().into_inner().into_inner(),
            Source::Zstd(decoder) => decoder.into_inner().into_inner().into_inner(),
        }
    }
}

async fn read(decoder: &mut (impl AsyncRead + Unpin), name: &str) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::with_capacity(READ_BYTES);
    match decoder.read_buf(&mut bytes).await {
        Ok(_) => Ok(bytes.freeze()),
        // What the connection said comes through as it is.
        Err(error) if error.get_ref().is_some_and(|inner| inner.is::<axum::Error>()) => Err(ApiError::BodyBroken),
        Err(error) => Err(ApiError::Malformed { detail: format!("the body is not whole and valid {name}: {error}") }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;

    use super::*;
    use crate::http::error::CODINGS;

    fn headers(codings: &[&'static str]) -> HeaderMap {
        codings.iter().map(|coding| (header::CONTENT_ENCODING, HeaderValue::from_static(coding))).collect()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).expect("in memory");
        packer.finish().expect("in memory")
    }

    async fn all(codings: &[&'static str], packed: &[u8]) -> Result<Vec<u8>, ApiError> {
        let chunks: Vec<Result<Bytes, io::Error>> =
            packed.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let body = Body::from_stream(futures::stream::iter(chunks));
        let mut stream = BodyStream::new(&headers(codings), body)?;
        let mut all = Vec::new();
        while let Some(bytes) = stream.next().await {
            all.extend_from_slice(&bytes?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn each_coding_is_unpacked_under_all_its_names() {
        let text = b"{\"user\":\"u1\"}\n".repeat(10_000);
        let packed = gzip(&text);
        let twice = [packed.as_slice(), &gzip(b"more")].concat();
        let zstd = zstd::encode_all(text.as_slice(), 1).expect("in memory");
        for (codings, body) in [
            (&[][..], &text),
            (&["identity"], &text),
            (&["gzip"], &packed),
            (&["GZIP, identity"], &packed),
            (&["x-gzip"], &packed),
            (&["identity", "zstd"], &zstd),
        ] {
            assert!(all(codings, body).await.expect("valid") == text, "{codings:?}");
        }
        assert!(all(&["gzip"], &twice).await.expect("valid").ends_with(b"}\nmore"));
    }

    #[tokio::test]
    async fn other_codings_and_broken_ones_are_refused_by_name() {
        for codings in [&["br"][..], &["deflate"], &["gzip, br"], &["gzip", "gzip"], &["gzip, zstd"]] {
            let error = all(codings, b"{}").await.expect_err("refused");
            assert!(matches!(error, ApiError::ContentEncoding { .. }), "{codings:?}: {error:?}");
            assert!(error.to_string().contains("content-encoding") && error.to_string().contains(CODINGS), "{error}");
        }
        let packed = gzip(b"{}");
        for (coding, body) in [("gzip", &b"{}"[..]), ("gzip", &packed[..12]), ("zstd", &packed)] {
            let error = all(&[coding], body).await.expect_err("refused");
            assert!(matches!(&error, ApiError::Malformed { detail } if detail.contains(coding)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_window_beyond_the_bound_is_refused_before_memory_is_taken_for_it() {
        let mut packer = zstd::Encoder::new(Vec::new(), 1).expect("in memory");
        packer.window_log(27).expect("valid");
        packer.include_contentsize(false).expect("valid");
        packer.write_all(&[0; 1 << 20]).expect("in memory");
        let packed = packer.finish().expect("in memory");
        assert!(matches!(all(&["zstd"], &packed).await, Err(ApiError::Malformed { .. })));
    }
}
