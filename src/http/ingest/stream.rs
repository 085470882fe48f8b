//! Lines of a body that may be of any length, in bounded memory.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Buf, Bytes, BytesMut};
use futures::{FutureExt, StreamExt};

use crate::http::error::ApiError;

/// Most lines of a run.
pub const LINES_MAX: usize = 1_000;
/// Bytes after which a run is closed, however few lines it has.
const RUN_BYTES: usize = 4 << 20;

/// Reader of lines. Holds at most one run, one line and one chunk of the connection.
pub struct Lines {
    stream: BodyDataStream,
    buffer: BytesMut,
    /// Bytes of `buffer` known to hold no line end.
    scanned: usize,
    /// Lines read so far: the index of the next one.
    count: u64,
    ended: bool,
    /// Met after lines that are still to be handed over.
    failed: Option<ApiError>,
    line_bytes_max: usize,
    idle: Duration,
}

/// Some lines with their indexes, from 0. Blank lines are counted and left out.
pub type LineRun = Vec<(u64, Bytes)>;

impl Lines {
    /// Reads `body`; a pause longer than `idle` ends it.
    pub fn new(body: Body, line_bytes_max: usize, idle: Duration) -> Self {
        Self {
            stream: body.into_data_stream(),
            buffer: BytesMut::new(),
            scanned: 0,
            count: 0,
            ended: false,
            failed: None,
            line_bytes_max,
            idle,
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
        let mut run = LineRun::new();
        match self.fill(&mut run).await {
            Ok(()) => {}
            Err(error) if run.is_empty() => return Err(error),
            Err(error) => self.failed = Some(error),
        }
        Ok((!run.is_empty()).then_some(run))
    }

    async fn fill(&mut self, run: &mut LineRun) -> Result<(), ApiError> {
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
            let chunk = match self.stream.next().now_or_never() {
                Some(chunk) => chunk,
                None if run.is_empty() => tokio::time::timeout(self.idle, self.stream.next())
                    .await
                    .map_err(|_| ApiError::Stalled(self.idle.as_secs()))?,
                None => return Ok(()),
            };
            match chunk {
                Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
                Some(Err(_)) => return Err(ApiError::BodyBroken),
                None => self.ended = true,
            }
        }
    }

    /// The next whole line in the buffer, trimmed.
    fn line(&mut self) -> Result<Option<(u64, Bytes)>, ApiError> {
        let fresh = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = fresh.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(self.buffer.len(), |end| self.scanned + end);
        if length > self.line_bytes_max {
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
        let trimmed = line.trim_ascii();
        let line = line.slice_ref(trimmed);
        Ok(Some((index, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(chunks: &[&str]) -> Body {
        let chunks: Vec<Result<Bytes, std::io::Error>> =
            chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        Body::from_stream(futures::stream::iter(chunks))
    }

    async fn all(mut lines: Lines) -> Result<Vec<(u64, String)>, ApiError> {
        let mut all = Vec::new();
        while let Some(run) = lines.run().await? {
            for (index, line) in run {
                all.push((index, String::from_utf8_lossy(&line).into_owned()));
            }
        }
        Ok(all)
    }

    #[tokio::test]
    async fn lines_are_the_same_however_the_body_is_cut() {
        let text = "{\"a\":1}\n\r\n  {\"b\":2}\r\n{\"c\":3}";
        let expected =
            [(0, "{\"a\":1}"), (2, "{\"b\":2}"), (3, "{\"c\":3}")].map(|(index, line)| (index, line.to_owned()));
        for size in 1..=text.len() {
            let chunks: Vec<&str> =
                text.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).expect("ascii")).collect();
            let lines = Lines::new(body(&chunks), 100, Duration::from_secs(5));
            assert_eq!(all(lines).await.expect("valid"), expected, "in chunks of {size}");
        }
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_is_refused_by_number_before_it_is_held_whole() {
        let endless = ["{}\n", "xxxxxxxx", "xxxxxxxx", "xxxxxxxx"];
        let error = all(Lines::new(body(&endless), 10, Duration::from_secs(5))).await.expect_err("too long");
        assert!(matches!(error, ApiError::LineTooLarge { line: 1, bytes_max: 10 }), "{error:?}");
    }

    #[tokio::test]
    async fn what_arrived_is_handed_over_when_the_sender_pauses_and_a_long_pause_ends_the_stream() {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(4);
        let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
        let mut lines = Lines::new(body, 100, Duration::from_millis(20));
        sender.send(Ok(Bytes::from_static(b"{}\n{}\n{"))).await.expect("open");
        let run = lines.run().await.expect("valid").expect("two lines");
        assert_eq!(run.len(), 2);
        let error = lines.run().await.expect_err("stalled");
        assert!(matches!(error, ApiError::Stalled(_)), "{error:?}");
        drop(sender);
    }
}
