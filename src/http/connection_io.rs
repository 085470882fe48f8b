//! The bytes of a connection on their way: it notes when some come, gives the server's own refusals of a request's head
//! the form of all errors, and lets a client that is still sending read its answer before the connection ends.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{activity::Activity, error::ApiError};

/// The heads that hyper answers by itself, without a body and before any handler, by how the answer begins.
const REFUSALS: [(&[u8], ApiError); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\n", ApiError::BadHead),
    (b"HTTP/1.1 414 URI Too Long\r\n", ApiError::UriTooLong),
    (b"HTTP/1.1 431 Request Header Fields Too Large\r\n", ApiError::HeadTooLarge),
];

/// Most bytes that are read and thrown away after the last answer.
const LINGER_BYTES: usize = 256 << 20;
/// Longest time for it.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// A connection.
pub(super) struct ConnectionIo<S> {
    stream: S,
    activity: Activity,
    /// What is written in place of an answer of hyper's, as far as it is not written yet.
    instead: Option<Bytes>,
    /// There once the last answer is out, when the client may still be sending.
    linger: Option<Linger>,
}

/// Reading of what a client still sends, until it has sent all. If the connection were closed at once, the system would
/// reset it, and the client could lose the answer (RFC 9112, 9.6).
struct Linger {
    bytes_left: usize,
    until: Pin<Box<Sleep>>,
}

impl Linger {
    fn new() -> Self {
        Self { bytes_left: LINGER_BYTES, until: Box::pin(sleep(LINGER_TIME)) }
    }

    /// Ready when the client has ended its side, or at a bound.
    fn poll(&mut self, stream: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 8 << 10];
        while self.bytes_left > 0 && self.until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            let count = buffer.filled().len();
            if read.is_err() || count == 0 {
                break;
            }
            self.bytes_left = self.bytes_left.saturating_sub(count);
        }
        Poll::Ready(())
    }
}

impl<S> ConnectionIo<S> {
    pub(super) const fn new(stream: S, activity: Activity) -> Self {
        Self { stream, activity, instead: None, linger: None }
    }
}

/// The answer in place of one of hyper's; `None` for all others. Those of handlers carry a request id.
fn refusal(answer: &[u8]) -> Option<Bytes> {
    let (line, error) = REFUSALS.iter().find(|(line, _)| answer.starts_with(line))?;
    let head = std::str::from_utf8(answer).ok()?.strip_suffix("\r\n\r\n")?;
    let has = |header: &str| head.split("\r\n").any(|line| line.to_ascii_lowercase().starts_with(header));
    if !has("content-length: 0") || has("x-request-id:") {
        return None;
    }
    let id = uuid::Uuid::now_v7().to_string();
    let body = error.document(&id);
    let mut text = String::from_utf8_lossy(line).into_owned();
    for header in head.split("\r\n").skip(1).filter(|line| !line.to_ascii_lowercase().starts_with("content-length:")) {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str(&format!(
        "content-type: application/problem+json\r\nx-request-id: {id}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    ));
    Some(Bytes::from([text.into_bytes(), body].concat()))
}

impl<S: AsyncRead + Unpin> AsyncRead for ConnectionIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> ConnectionIo<S> {
    /// Writes what stands in place of `answer`, whole; how much of `answer` that is. `None` when it goes out as it is.
    fn poll_instead(&mut self, context: &mut Context<'_>, answer: &[u8]) -> Poll<io::Result<Option<usize>>> {
        if self.instead.is_none() {
            self.instead = refusal(answer);
        }
        let Some(instead) = &mut self.instead else { return Poll::Ready(Ok(None)) };
        while instead.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            instead.advance(written);
        }
        self.instead = None;
        Poll::Ready(Ok(Some(answer.len())))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ConnectionIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(written) = ready!(self.poll_instead(context, bytes))? {
            return Poll::Ready(Ok(written));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = buffers.iter().find(|buffer| !buffer.is_empty()).map_or(&[][..], |buffer| buffer);
        if let Some(written) = ready!(self.poll_instead(context, first))? {
            return Poll::Ready(Ok(written));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, activity, linger, .. } = self.get_mut();
        if linger.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
            if !activity.has_unread_body() {
                return Poll::Ready(Ok(()));
            }
        }
        linger.get_or_insert_with(Linger::new).poll(stream, context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_that_no_handler_made_are_replaced() {
        let hypers = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: today\r\n\r\n";
        let text = String::from_utf8(refusal(hypers).expect("replaced").to_vec()).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("date: today") && head.contains("connection: close"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())) && !head.contains("length: 0"), "{head}");
        assert!(body.contains("\"code\":\"bad_head\"") && body.contains("\"status\":400"), "{body}");
        for other in [
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "",
        ] {
            assert!(refusal(other.as_bytes()).is_none(), "{other}");
        }
    }
}
