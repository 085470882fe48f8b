//! Lines of a body that may be of any length, in bounded memory.

use bytes::{Buf, Bytes, BytesMut};
use futures::FutureExt;

use crate::http::{
    admission::{self, Share},
    body,
    body_pace::{Pace, PaceLimits},
    body_stream::BodyStream,
    error::ApiError,
};

/// Most lines of a run.
pub const LINES_MAX: usize = 1_000;
/// Bytes after which a run is closed, however few lines it has.
const RUN_BYTES: usize = 4 << 20;

/// Reader of lines. Holds at most one run, one line and one chunk of the connection.
pub struct Lines {
    stream: BodyStream,
    buffer: BytesMut,
    /// Bytes of `buffer` known to hold no line end.
    scanned: usize,
    /// Lines read so far: the index of the next one.
    count: u64,
    /// Bytes of the blank lines since the last other one.
    blank: usize,
    /// Whether the first bytes were found to be no UTF-16.
    begun: bool,
    ended: bool,
    /// Met after lines that are still to be handed over.
    failed: Option<ApiError>,
    line_bytes_max: usize,
    pace: Pace,
    /// What the decoder holds beside the bytes that come out of it.
    _decoder: Option<Share>,
    /// Bytes that are held and not yet handed over.
    share: Option<Share>,
    /// A chunk for which there was no room.
    unheld: Option<Bytes>,
}

/// Some lines.
#[derive(Debug, Default)]
pub struct LineRun {
    /// Each with its index, from 0. Blank lines are counted and left out.
    pub lines: Vec<(u64, Bytes)>,
    /// Counts their bytes until they are dropped.
    _share: Option<Share>,
}

impl Lines {
    /// Reads a body at a pace. Each line begins it anew, blank ones do not count.
    pub fn new(stream: BodyStream, line_bytes_max: usize, pace: PaceLimits) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            scanned: 0,
            count: 0,
            blank: 0,
            begun: false,
            ended: false,
            failed: None,
            line_bytes_max,
            pace: Pace::new(pace),
            _decoder: None,
            share: None,
            unheld: None,
        }
    }

    /// Lines read so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next run: up to [`LINES_MAX`] lines, fewer when the sender pauses, so that what arrived is appended.
    /// `None` at the end. An error comes after the lines before it.
    pub async fn run(&mut self) -> Result<Option<LineRun>, ApiError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut lines = Vec::new();
        match self.fill(&mut lines).await {
            Ok(()) => {}
            Err(error) if lines.is_empty() => return Err(error),
            Err(error) => self.failed = Some(error),
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let left = self.buffer.len() as u64;
        let share = self.share.as_mut().map(|share| share.split(share.units().saturating_sub(left)));
        Ok(Some(LineRun { lines, _share: share }))
    }

    async fn fill(&mut self, run: &mut Vec<(u64, Bytes)>) -> Result<(), ApiError> {
        let mut bytes = 0;
        loop {
            while let Some(line) = self.line()? {
                bytes += line.1.len();
                if !line.1.is_empty() {
                    run.push(line);
                }
                if run.len() >= LINES_MAX || bytes >= RUN_BYTES {
                    return Ok(());
                }
            }
            if self.ended {
                return Ok(());
            }
            let chunk = match self.unheld.take() {
                Some(chunk) => Some(chunk),
                None if run.is_empty() => self.pace.next(&mut self.stream).await?,
                None => match self.stream.next().now_or_never() {
                    Some(chunk) => chunk.transpose()?,
                    None => return Ok(()),
                },
            };
            let Some(chunk) = chunk else {
                self.ended = true;
                continue;
            };
            if let Err(refused) = self.hold(chunk.len()) {
                if run.is_empty() {
                    return Err(refused);
                }
                // The lines so far go first, and make room.
                self.unheld = Some(chunk);
                return Ok(());
            }
            self.pace.came(chunk.iter().filter(|byte| !byte.is_ascii_whitespace()).count());
            self.buffer.extend_from_slice(&chunk);
        }
    }

    fn hold(&mut self, bytes: usize) -> Result<(), ApiError> {
        match &mut self.share {
            Some(share) => share.grow(bytes as u64)?,
            None => {
                let Some(ticket) = admission::current() else { return Ok(()) };
                self._decoder = Some(ticket.hold_bytes(self.stream.decoder_bytes_max())?);
                self.share = Some(ticket.hold_bytes(bytes as u64)?);
            }
        }
        Ok(())
    }

    /// The next whole line in the buffer, trimmed.
    fn line(&mut self) -> Result<Option<(u64, Bytes)>, ApiError> {
        if !self.begun && (self.ended || self.buffer.len() >= 2) {
            body::check_encoding(&self.buffer)?;
            self.begun = true;
        }
        let fresh = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = fresh.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(self.buffer.len(), |end| self.scanned + end);
        // Blank lines count as the beginning of the next one: without end they would be work without end.
        if length + self.blank > self.line_bytes_max {
            return Err(ApiError::LineTooLarge { line: self.count, bytes_max: self.line_bytes_max });
        }
        let line = match end {
            Some(_) => {
                let line = self.buffer.split_to(length).freeze();
                self.buffer.advance(1);
                line
            }
            None if self.ended && !self.buffer.is_empty() => self.buffer.split().freeze(),
            None => {
                self.scanned = self.buffer.len();
                return Ok(None);
            }
        };
        self.scanned = 0;
        let index = self.count;
        self.count += 1;
        // Files with a mark each may have been put one behind the other.
        let trimmed = body::without_mark(&line).trim_ascii();
        if trimmed.is_empty() {
            self.blank += line.len() + 1;
        } else {
            self.blank = 0;
            self.pace.renew();
        }
        let line = line.slice_ref(trimmed);
        Ok(Some((index, line)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;

    use super::*;

    const PACE: PaceLimits = PaceLimits { idle: Duration::from_secs(5), rate_min: 1024 };

    fn body(chunks: &[&[u8]]) -> BodyStream {
        let chunks: Vec<Result<Bytes, std::io::Error>> =
            chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        plain(Body::from_stream(futures::stream::iter(chunks)))
    }

    fn plain(body: Body) -> BodyStream {
        BodyStream::new(&axum::http::HeaderMap::new(), body).expect("without a coding")
    }

    async fn all(mut lines: Lines) -> Result<Vec<(u64, String)>, ApiError> {
        let mut all = Vec::new();
        while let Some(run) = lines.run().await? {
            for (index, line) in run.lines {
                all.push((index, String::from_utf8_lossy(&line).into_owned()));
            }
        }
        Ok(all)
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_body_is_cut() {
        // With marks, at the beginning and where a file was put behind another.
        let text = "\u{feff}{\"a\":1}\n\r\n  {\"b\":2}\r\n\u{feff}{\"c\":3}";
        let expected =
            [(0, "{\"a\":1}"), (2, "{\"b\":2}"), (3, "{\"c\":3}")].map(|(index, line)| (index, line.to_owned()));
        for size in 1..=text.len() {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let lines = Lines::new(body(&chunks), 100, PACE);
            assert_eq!(all(lines).await.expect("valid"), expected, "in chunks of {size}");
        }
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_is_refused_by_number_before_it_is_held_whole() {
        let endless = [&b"{}\n"[..], b"xxxxxxxx", b"xxxxxxxx", b"xxxxxxxx"];
        let error = all(Lines::new(body(&endless), 10, PACE)).await.expect_err("too long");
        assert!(matches!(error, ApiError::LineTooLarge { line: 1, bytes_max: 10 }), "{error:?}");
        let blank = [&b"{}\n"[..], b"\n\n\n \n\n", b"{}\n", b"\n\n\n\n\n\n\n\n\n\n\n"];
        let error = all(Lines::new(body(&blank), 10, PACE)).await.expect_err("blank without end");
        assert!(matches!(error, ApiError::LineTooLarge { line: 18, .. }), "{error:?}");
    }

    #[tokio::test]
    async fn another_encoding_is_refused_by_name() {
        for text in [&b"\xff\xfe{\0}\0\n\0"[..], b"\xfe\xff\0{\0}\0\n", b"{\0}\0\n\0", b"\0{\0}\0\n"] {
            for size in 1..=text.len() {
                let chunks: Vec<&[u8]> = text.chunks(size).collect();
                let error = all(Lines::new(body(&chunks), 100, PACE)).await.expect_err("refused");
                assert!(matches!(&error, ApiError::Malformed { detail } if detail.contains("UTF-16")), "{error:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_arrived_is_handed_over_when_the_sender_pauses_and_a_long_pause_ends_the_stream() {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(4);
        let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let pace = PaceLimits { idle: Duration::from_millis(20), ..PACE };
        let mut lines = Lines::new(plain(body), 100, pace);
        sender.send(Ok(Bytes::from_static(b"{}\n{}\n{"))).await.expect("open");
        let run = lines.run().await.expect("valid").expect("two lines");
        assert_eq!(run.lines.len(), 2);
        let error = lines.run().await.expect_err("stalled");
        assert!(matches!(error, ApiError::Stalled { .. }), "{error:?}");
        drop(sender);
    }
}
