//! Pace of a request body: how long it may keep its reader waiting.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use tokio::time::Instant;

use super::{Limits, body_stream::BodyStream, error::ApiError};

/// Bounds of the time that is spent waiting for a body.
#[derive(Debug, Clone, Copy)]
pub struct PaceLimits {
    /// Longest wait without progress.
    pub idle: Duration,
    /// Bytes that stand for a second of waiting; 0 when any byte makes up for all.
    pub rate_min: u64,
}

impl Default for PaceLimits {
    fn default() -> Self {
        let limits = Limits::default();
        Self { idle: limits.stream_idle, rate_min: limits.body_rate_min }
    }
}

/// How long a body may be waited for from now on: a leaky bucket of time. Only waiting counts, so that a sender is not
/// blamed for what the service itself takes.
#[derive(Debug)]
pub struct Pace {
    limits: PaceLimits,
    left: Duration,
}

impl Pace {
    /// Begins with the whole wait.
    pub const fn new(limits: PaceLimits) -> Self {
        Self { limits, left: limits.idle }
    }

    /// Returns the next bytes of a body, `None` at its end. They are no progress yet: see [`Pace::came`].
    pub async fn next(&mut self, stream: &mut BodyStream) -> Result<Option<Bytes>, ApiError> {
        if let Some(ready) = stream.next().now_or_never() {
            return ready.transpose();
        }
        let began = Instant::now();
        let came = tokio::time::timeout(self.left, stream.next()).await;
        self.left = self.left.saturating_sub(began.elapsed());
        let PaceLimits { idle, rate_min } = self.limits;
        came.map_err(|_| ApiError::Stalled { seconds: idle.as_secs(), rate_min })?.transpose()
    }

    /// Notes bytes that are worth something.
    pub fn came(&mut self, bytes: usize) {
        let PaceLimits { idle, rate_min } = self.limits;
        match (bytes as u64 * 1_000_000).checked_div(rate_min) {
            Some(micros) => self.left = (self.left + Duration::from_micros(micros)).min(idle),
            None if bytes > 0 => self.left = idle,
            None => {}
        }
    }

    /// Notes that something whole came.
    pub const fn renew(&mut self) {
        self.left = self.limits.idle;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate_min: u64) -> Pace {
        Pace::new(PaceLimits { idle: Duration::from_secs(10), rate_min })
    }

    #[test]
    fn bytes_make_up_for_waiting_at_the_lowest_rate() {
        let mut pace = pace(1000);
        pace.left = Duration::from_secs(1);
        pace.came(500);
        assert_eq!(pace.left, Duration::from_millis(1500));
        pace.came(0);
        assert_eq!(pace.left, Duration::from_millis(1500));
        pace.came(1 << 30);
        assert_eq!(pace.left, Duration::from_secs(10), "what came early is no credit for later");
    }

    #[test]
    fn without_a_rate_any_byte_will_do() {
        let mut pace = pace(0);
        pace.left = Duration::from_secs(1);
        pace.came(0);
        assert_eq!(pace.left, Duration::from_secs(1));
        pace.came(1);
        assert_eq!(pace.left, Duration::from_secs(10));
    }
}
