//! Activity of a connection: requests under way, how long it has been idle, and how long a request's headers take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::Version;
use tokio::time::{Instant, sleep_until};

/// Requests of one connection that are under way, when one ended last, and when the headers of the next began. No timer
/// is set for a request: [`Activity::overdue`] looks once in a while.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Requests>);

/// Bounds of a connection without a request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdleLimits {
    /// From the first byte of a request's headers to their last; of a connection's first request, from the beginning.
    pub headers: Duration,
    /// From the end of a request to the first byte of the next.
    pub idle: Duration,
}

/// A connection without a request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    /// Since when.
    pub since: Instant,
    /// Whether it ever had a request.
    pub asked: bool,
}

#[derive(Debug)]
struct Requests {
    began: Instant,
    under_way: AtomicUsize,
    /// Microseconds since `began` at which a request ended; 0 before the first.
    ended: AtomicU64,
    /// Microseconds since `began` at which the first byte after the last request came; 0 while none did.
    headers_began: AtomicU64,
    /// HTTP/2, where bytes come between requests too.
    multiplexed: AtomicBool,
    /// The last request was answered before its body was read.
    body_unread: AtomicBool,
}

/// One request that is under way.
pub(super) struct UnderWay(Arc<Requests>);

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Requests {
            began: Instant::now(),
            under_way: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            headers_began: AtomicU64::new(0),
            multiplexed: AtomicBool::new(false),
            body_unread: AtomicBool::new(false),
        }))
    }

    /// Notes that a request came; it is under way until its answer's body is sent or given up.
    pub(super) fn begin(&self, version: Version) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::AcqRel);
        self.0.headers_began.store(0, Ordering::Release);
        if version == Version::HTTP_2 {
            self.0.multiplexed.store(true, Ordering::Release);
        }
        UnderWay(Arc::clone(&self.0))
    }

    /// Notes that bytes came. While a request is under way they are its body, or a next one that the client was quick
    /// to send.
    pub(super) fn received(&self) {
        let Requests { under_way, headers_began, .. } = &*self.0;
        if under_way.load(Ordering::Acquire) == 0 && headers_began.load(Ordering::Acquire) == 0 {
            headers_began.store(self.0.now(), Ordering::Release);
        }
    }

    /// Notes that the connection ends with a request whose body was not read.
    pub(super) fn left_body_unread(&self) {
        self.0.body_unread.store(true, Ordering::Release);
    }

    /// Whether the client may still be sending the body of an answered request.
    pub(super) fn has_unread_body(&self) -> bool {
        self.0.body_unread.load(Ordering::Acquire)
    }

    /// How the connection is idle; `None` while a request is under way.
    pub(super) fn idle(&self) -> Option<Idle> {
        if self.0.under_way.load(Ordering::Acquire) > 0 {
            return None;
        }
        let ended = self.0.ended.load(Ordering::Acquire);
        Some(Idle { since: self.0.began + Duration::from_micros(ended), asked: ended > 0 })
    }

    /// Waits until the connection has no request under way and is beyond a limit.
    pub(super) async fn overdue(&self, limits: IdleLimits) {
        let often = limits.headers.min(limits.idle);
        loop {
            // One under way ends no sooner than now.
            let now = Instant::now();
            let used = self.0.under_way.load(Ordering::Acquire) > 0;
            let until = if used { now + often } else { self.0.deadline(limits) };
            if until <= now {
                return;
            }
            // Headers may begin meanwhile, which brings the end forward.
            sleep_until(until.min(now + often)).await;
        }
    }
}

impl Requests {
    /// Microseconds since the beginning, at least 1.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    /// When a connection without a request is beyond its limit.
    fn deadline(&self, limits: IdleLimits) -> Instant {
        let at = |micros: &AtomicU64| match micros.load(Ordering::Acquire) {
            0 => None,
            micros => Some(self.began + Duration::from_micros(micros)),
        };
        let headers_began = if self.multiplexed.load(Ordering::Acquire) { None } else { at(&self.headers_began) };
        match (at(&self.ended), headers_began) {
            (None, _) => self.began + limits.headers,
            (Some(_), Some(began)) => began + limits.headers,
            (Some(ended), None) => ended + limits.idle,
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.ended.store(self.0.now(), Ordering::Release);
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(10);

    async fn ends(activity: &Activity, limits: IdleLimits) -> bool {
        tokio::time::timeout(Duration::from_secs(60), activity.overdue(limits)).await.is_ok()
    }

    async fn stays(activity: &Activity, limits: IdleLimits) -> bool {
        tokio::time::timeout(5 * LIMIT, activity.overdue(limits)).await.is_err()
    }

    #[tokio::test]
    async fn a_connection_is_idle_when_it_has_had_no_request_for_the_time() {
        let activity = Activity::new();
        let limits = IdleLimits { headers: LIMIT, idle: LIMIT };
        assert!(ends(&activity, limits).await, "without any");
        let first = activity.begin(Version::HTTP_11);
        let second = activity.begin(Version::HTTP_11);
        drop(first);
        assert!(stays(&activity, limits).await, "one is under way");
        drop(second);
        assert!(ends(&activity, limits).await);
    }

    #[tokio::test]
    async fn a_kept_connection_may_be_idle_for_longer_than_headers_may_take() {
        let limits = IdleLimits { headers: LIMIT, idle: Duration::from_secs(3600) };
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_11));
        assert!(stays(&activity, limits).await, "idle");
        activity.received();
        assert!(ends(&activity, limits).await, "headers began and do not end");
        let activity = Activity::new();
        activity.received();
        assert!(ends(&activity, limits).await, "of the first request");
        let activity = Activity::new();
        drop(activity.begin(Version::HTTP_2));
        activity.received();
        assert!(stays(&activity, limits).await, "bytes of HTTP/2 may be an answer to a ping");
    }
}
