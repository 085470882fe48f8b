//! Request bodies of HTTP/1 that an answer came before: a small rest is read, so that the connection can be used again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::{Version, body::Incoming};

/// Size up to which the rest of a body is read and thrown away.
const REST_BYTES_MAX: u64 = 64 << 10;
/// Longest time for it.
const REST_TIME: Duration = Duration::from_secs(1);

/// A body on its way to a handler.
pub(super) struct RequestBody {
    /// `None` once its end was read.
    inner: Option<Incoming>,
    unread: UnreadBody,
}

/// What is left of a body when its handler is done with it.
#[derive(Clone)]
pub(super) struct UnreadBody(Option<Arc<Mutex<Option<Incoming>>>>);

impl RequestBody {
    /// Wraps a body. One of HTTP/2 has a stream of its own, which ends alone.
    pub(super) fn new(inner: Incoming, version: Version) -> Self {
        let keeps_rest = version < Version::HTTP_2 && !inner.is_end_stream();
        Self { inner: Some(inner), unread: UnreadBody(keeps_rest.then(Arc::default)) }
    }

    pub(super) fn unread(&self) -> UnreadBody {
        self.unread.clone()
    }
}

impl UnreadBody {
    /// Reads what is left if it is little. Returns whether all was read.
    pub(super) async fn read(self) -> bool {
        let rest = self.0.and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(mut rest) = rest else { return true };
        if rest.size_hint().upper().is_none_or(|bytes| bytes > REST_BYTES_MAX) {
            return false;
        }
        let read = async { while rest.frame().await.is_some_and(|frame| frame.is_ok()) {} };
        tokio::time::timeout(REST_TIME, read).await.is_ok()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let (Some(rest), UnreadBody(Some(unread))) = (self.inner.take(), &self.unread) {
            *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest);
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut *inner).poll_frame(context));
        if frame.is_none() || inner.is_end_stream() {
            self.inner = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
