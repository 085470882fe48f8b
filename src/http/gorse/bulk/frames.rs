//! Reader of a dump's markers and records, in bounded memory.

use bytes::{Buf, Bytes, BytesMut};

use crate::http::{
    admission::{self, Share},
    body_pace::{Pace, PaceLimits},
    body_stream::BodyStream,
    error::ApiError,
    gorse::TextError,
};

/// Bytes of a marker or a length.
const NUMBER_BYTES: usize = size_of::<i64>();

/// What a dump has next.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A number that is no length: a table's marker, or the end.
    Marker(i64),
    /// A record.
    Record(Bytes),
}

/// Reader of frames. Holds a record and a piece of the connection, and counts what was read until it is given up.
pub struct Frames {
    stream: BodyStream,
    buffer: BytesMut,
    pace: Pace,
    record_bytes_max: usize,
    share: Option<Share>,
    /// What the decoder holds beside the bytes that come out of it.
    _decoder: Option<Share>,
}

impl Frames {
    /// Reads a body at a pace; records have `record_bytes_max` bytes at most.
    pub fn new(stream: BodyStream, record_bytes_max: usize, pace: PaceLimits) -> Result<Self, ApiError> {
        let ticket = admission::current();
        let share = ticket.as_ref().map(|ticket| ticket.hold_bytes(0)).transpose()?;
        let decoder = ticket.map(|ticket| ticket.hold_bytes(stream.decoder_bytes_max())).transpose()?;
        Ok(Self { stream, buffer: BytesMut::new(), pace: Pace::new(pace), record_bytes_max, share, _decoder: decoder })
    }

    /// Returns the next frame; `None` where the body ends between two.
    pub async fn next(&mut self) -> Result<Option<Frame>, TextError> {
        if !self.filled(NUMBER_BYTES).await? {
            let whole = self.buffer.is_empty();
            return if whole { Ok(None) } else { Err(TextError::bad("the dump ends within a number")) };
        }
        let number = self.buffer.get_i64_le();
        let Some(length) = usize::try_from(number).ok().filter(|length| *length > 0) else {
            return Ok(Some(Frame::Marker(number)));
        };
        if length > self.record_bytes_max {
            let text = format!("a record of {length} bytes is longer than {} bytes", self.record_bytes_max);
            return Err(TextError::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        if !self.filled(length).await? {
            return Err(TextError::bad("the dump ends within a record"));
        }
        let record = self.buffer.split_to(length).freeze();
        self.pace.renew();
        Ok(Some(Frame::Record(record)))
    }

    /// Gives up the bytes of records that are done with.
    pub fn done(&mut self) {
        let left = self.buffer.len() as u64;
        if let Some(share) = &mut self.share {
            drop(share.split(share.units().saturating_sub(left)));
        }
    }

    /// Reads until the buffer has so many bytes; `false` when the body ends before.
    async fn filled(&mut self, bytes: usize) -> Result<bool, ApiError> {
        while self.buffer.len() < bytes {
            let Some(piece) = self.pace.next(&mut self.stream).await? else { return Ok(false) };
            if let Some(share) = &mut self.share {
                share.grow(piece.len() as u64)?;
            }
            self.pace.came(piece.len());
            self.buffer.extend_from_slice(&piece);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::HeaderMap};

    use super::*;

    async fn frames(body: &[u8]) -> Result<Vec<Frame>, TextError> {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            body.chunks(3).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let stream = BodyStream::new(&HeaderMap::new(), body).expect("a plain body");
        let mut frames = Frames::new(stream, 8, PaceLimits::default())?;
        let mut all = Vec::new();
        while let Some(frame) = frames.next().await? {
            all.push(frame);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn markers_and_records_are_told_apart_and_cut_ones_refused() {
        let mut body = (-1_i64).to_le_bytes().to_vec();
        body.extend_from_slice(&2_i64.to_le_bytes());
        body.extend_from_slice(b"ab");
        body.extend_from_slice(&0_i64.to_le_bytes());
        let record = Frame::Record(Bytes::from_static(b"ab"));
        assert_eq!(frames(&body).await.expect("frames"), [Frame::Marker(-1), record, Frame::Marker(0)]);
        assert_eq!(frames(&body[..12]).await.expect_err("cut").to_string(), "the dump ends within a number");
        assert_eq!(frames(&body[..17]).await.expect_err("cut").to_string(), "the dump ends within a record");
        let long = frames(&9_i64.to_le_bytes()).await.expect_err("long").to_string();
        assert_eq!(long, "a record of 9 bytes is longer than 8 bytes");
    }
}
