//! Whether a connection is used: what HTTP/1.1 bounds by the time for a request's headers, HTTP/2 leaves open.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, http::Version, response::Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;

/// Requests of one connection that are under way, by which [`Activity::idle`] knows. The requests of an HTTP/1.1 connection are
/// not counted: it is bounded by itself once the first has come.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<watch::Sender<usize>>);

/// One request that is under way.
pub(super) struct UnderWay(Arc<watch::Sender<usize>>);

/// What stands for all requests of an HTTP/1.1 connection.
const BOUNDED: usize = usize::MAX;

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Notes that a request came; it is under way until its answer's body is sent or given up.
    pub(super) fn begin(&self, version: Version) -> Option<UnderWay> {
        if version != Version::HTTP_2 {
            self.0.send_if_modified(|count| std::mem::replace(count, BOUNDED) != BOUNDED);
            return None;
        }
        self.0.send_modify(|count| *count += 1);
        Some(UnderWay(Arc::clone(&self.0)))
    }

    /// Waits until the connection has had no request for `longest`.
    pub(super) async fn idle(&self, longest: Duration) {
        let mut count = self.0.subscribe();
        loop {
            // The sender is ours: it is not gone.
            let _ = count.wait_for(|count| *count == 0).await;
            if tokio::time::timeout(longest, count.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl UnderWay {
    /// The answer, which ends the request when it is sent.
    pub(super) fn until_sent(self, response: Response) -> Response {
        response.map(|inner| Body::new(Sent { inner, _under_way: self }))
    }
}

/// A body that keeps its request under way.
struct Sent {
    inner: Body,
    _under_way: UnderWay,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_when_it_has_had_no_request_for_the_time() {
        let activity = Activity::new();
        let limit = Duration::from_millis(10);
        let becomes_idle = async || tokio::time::timeout(Duration::from_secs(60), activity.idle(limit)).await.is_ok();
        let stays_used = async || tokio::time::timeout(5 * limit, activity.idle(limit)).await.is_err();
        assert!(becomes_idle().await, "without any");
        let first = activity.begin(Version::HTTP_2).expect("counted");
        let second = activity.begin(Version::HTTP_2).expect("counted");
        drop(first);
        assert!(stays_used().await, "one is under way");
        let response = second.until_sent(Response::new(Body::from("x")));
        assert!(stays_used().await, "its answer is not sent");
        drop(response);
        assert!(becomes_idle().await);
        assert!(activity.begin(Version::HTTP_11).is_none());
        assert!(stays_used().await, "HTTP/1.1 bounds itself");
    }
}
