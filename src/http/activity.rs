//! Activity of a connection: requests under way, and how long it has been idle. It also bounds the time for a
//! request's headers.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

/// Requests of one connection that are under way, and when one ended last. No timer is set for a request: [`Activity::idle`]
/// looks once in a while.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Requests>);

#[derive(Debug)]
struct Requests {
    began: Instant,
    under_way: AtomicUsize,
    /// Microseconds since `began`.
    ended: AtomicU64,
}

/// One request that is under way.
pub(super) struct UnderWay(Arc<Requests>);

impl Activity {
    pub(super) fn new() -> Self {
        let (under_way, ended) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self(Arc::new(Requests { began: Instant::now(), under_way, ended }))
    }

    /// Notes that a request came; it is under way until its answer's body is sent or given up.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
        UnderWay(Arc::clone(&self.0))
    }

    /// Waits until the connection has had no request for `longest`.
    pub(super) async fn idle(&self, longest: Duration) {
        loop {
            // One under way ends no sooner than now.
            let now = Instant::now();
            let used = self.0.under_way.load(Ordering::Acquire) > 0;
            let ended = self.0.began + Duration::from_micros(self.0.ended.load(Ordering::Acquire));
            let until = if used { now } else { ended } + longest;
            if until <= now {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let ended = u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.ended.store(ended, Ordering::Release);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

impl UnderWay {
    /// The answer, which ends the request when it is sent.
    pub(super) fn until_sent(self, response: Response) -> Response<TrackedBody> {
        response.map(|inner| TrackedBody { inner, _under_way: self })
    }
}

/// A body that keeps its request under way.
pub(super) struct TrackedBody {
    inner: Body,
    _under_way: UnderWay,
}

impl http_body::Body for TrackedBody {
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
        let first = activity.begin();
        let second = activity.begin();
        drop(first);
        assert!(stays_used().await, "one is under way");
        let response = second.until_sent(Response::new(Body::from("x")));
        assert!(stays_used().await, "its answer is not sent");
        drop(response);
        assert!(becomes_idle().await);
    }
}
