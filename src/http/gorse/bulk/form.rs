//! The file of a form (`multipart/form-data`), as Gorse's dashboard and `curl -F file=@users.jsonl` send it, piece by
//! piece (RFC 7578).

use std::io;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, header},
};
use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

use crate::http::gorse::TextError;

/// Name of the field that the file is in.
const FIELD: &str = "file";
/// Most bytes before the file begins.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Returns the boundary of a form; `None` for a body that is none.
pub fn boundary(headers: &HeaderMap) -> Result<Option<String>, TextError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data")) {
        return Ok(None);
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(TextError::bad("content-encoding: a form cannot be packed; send the lines alone"));
    }
    let boundary = parts.find_map(|part| part.strip_prefix("boundary=")).map(|text| text.trim_matches('"'));
    match boundary.filter(|boundary| (1..=70).contains(&boundary.len())) {
        Some(boundary) => Ok(Some(boundary.to_owned())),
        None => Err(TextError::bad("content-type: the form has no boundary")),
    }
}

/// A form that is read.
struct Form {
    body: BodyDataStream,
    held: BytesMut,
    /// What ends a part.
    delimiter: Vec<u8>,
    ended: bool,
}

/// Returns the content of the form's file as it comes.
pub async fn file(body: Body, boundary: &str) -> Result<Body, TextError> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first boundary has no line before it.
    let mut form = Form { body: body.into_data_stream(), held: BytesMut::from(&b"\r\n"[..]), delimiter, ended: false };
    form.find_file().await?;
    Ok(Body::from_stream(form.pieces()))
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

impl Form {
    /// Reads through the end of the headers of the part that is the file.
    async fn find_file(&mut self) -> Result<(), TextError> {
        loop {
            let Some(begins) = position(&self.held, &self.delimiter) else {
                self.more_head().await?;
                continue;
            };
            let headers = begins + self.delimiter.len();
            let Some(length) = position(&self.held[headers..], b"\r\n\r\n") else {
                self.more_head().await?;
                continue;
            };
            let text = String::from_utf8_lossy(&self.held[headers..headers + length]).to_ascii_lowercase();
            let is_file = text.lines().any(|line| {
                line.starts_with("content-disposition:")
                    && line.split(';').any(|part| part.trim().trim_matches('"') == format!("name=\"{FIELD}"))
            });
            // The line end before the content stays: an empty file's delimiter begins with it.
            self.held.advance(headers + length + 2);
            if is_file {
                return Ok(());
            }
        }
    }

    async fn more_head(&mut self) -> Result<(), TextError> {
        let bad = || TextError::bad(format!("the form has no {FIELD} within its first {HEAD_BYTES_MAX} bytes"));
        if self.held.len() > HEAD_BYTES_MAX {
            return Err(bad());
        }
        match self.body.next().await {
            Some(Ok(piece)) => self.held.extend_from_slice(&piece),
            Some(Err(_)) => return Err(crate::http::error::ApiError::BodyBroken.into()),
            None => return Err(bad()),
        }
        Ok(())
    }

    /// Returns the next piece of the file; `None` after its end.
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            if let Some(end) = position(&self.held, &self.delimiter) {
                self.ended = true;
                return Ok(Some(self.held.split_to(end).freeze()));
            }
            // What may be the beginning of the delimiter waits for the rest.
            let safe = self.held.len().saturating_sub(self.delimiter.len() - 1);
            if safe > 0 {
                return Ok(Some(self.held.split_to(safe).freeze()));
            }
            match self.body.next().await {
                Some(piece) => self.held.extend_from_slice(&piece.map_err(io::Error::other)?),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// The rest of a form after its file is not read.
    fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold(self, async |mut form| Ok(form.piece().await?.map(|piece| (piece, form))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn content(form: &str, piece_bytes: usize) -> Result<String, String> {
        let pieces: Vec<io::Result<Bytes>> =
            form.as_bytes().chunks(piece_bytes).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Body::from_stream(stream::iter(pieces));
        let file = file(body, "XX").await.map_err(|error| error.to_string())?;
        let bytes = axum::body::to_bytes(file, usize::MAX).await.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    #[tokio::test]
    async fn the_file_of_a_form_is_found_however_it_is_cut() {
        let form = "--XX\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"users.jsonl\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n{\"a\":1}\n\r\n-\r\n--X\n{\"b\":2}\r\n--XX--\r\n";
        for piece_bytes in [1, 2, 7, 50, 1000] {
            let found = content(form, piece_bytes).await.expect("a file");
            assert_eq!(found, "{\"a\":1}\n\r\n-\r\n--X\n{\"b\":2}", "in pieces of {piece_bytes}");
        }
        let empty = "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n--XX--";
        assert_eq!(content(empty, 3).await.as_deref(), Ok(""));
        assert!(content(&form[..form.len() - 20], 7).await.is_err(), "a form that is cut off");
        let none = content("--XX\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--XX--", 7).await;
        assert_eq!(none.expect_err("no file"), "the form has no file within its first 16384 bytes");
    }
}
