//! Tail: an ordered reader of the log without gaps.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use shelfmark_domain::{Append, Position};

use super::{LogError, state::LogState};

/// Approximate number of records of one read of the table.
const READ_RECORDS: usize = 10_000;
/// Shortest and longest pause after a failed read.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Ordered reader without gaps, see [`super::Log::tail`]. It reads the cache first, then the table, and then waits.
pub struct Tail {
    shared: Arc<LogState>,
    /// Last position that was returned.
    after: Position,
    /// Appends read from the table and not yet returned.
    read: VecDeque<Append>,
}

impl Tail {
    pub(super) fn new(shared: Arc<LogState>, after: Position) -> Self {
        Self { shared, after, read: VecDeque::new() }
    }

    /// Returns the last position that [`Tail::next`] returned, or the start.
    pub fn position(&self) -> Position {
        self.after
    }

    /// Returns the next append, and waits for it, also while Postgres is unreachable. Cancel-safe: an append that was
    /// not returned is returned by the next call.
    ///
    /// Errors: [`LogError::Closed`] after shutdown, once the cache has no further append; [`LogError::Unreadable`], on
    /// every call, for a damaged record or one of a later release.
    pub async fn next(&mut self) -> Result<Append, LogError> {
        let mut backoff = BACKOFF_MIN;
        loop {
            let next = self.after.next();
            if let Some(append) = self.ready(next) {
                self.after = append.last();
                return Ok(append);
            }
            if self.shared.shutdown.is_cancelled() {
                return Err(LogError::Closed);
            }
            if self.shared.head.get().position < next {
                tokio::select! {
                    () = self.shared.head.reached(next) => {}
                    () = self.shared.shutdown.cancelled() => {}
                }
                continue;
            }
            match self.read_table().await {
                Ok(()) if !self.read.is_empty() => continue,
                Ok(()) => {}
                Err(error @ LogError::Unreadable { .. }) => return Err(error),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "log.tail_read_failed");
                }
            }
            let shutdown = self.shared.shutdown.cancelled();
            let _ = tokio::time::timeout(backoff, shutdown).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    fn ready(&mut self, next: Position) -> Option<Append> {
        self.read.pop_front().or_else(|| self.shared.recent.beginning_at(next))
    }

    async fn read_table(&mut self) -> Result<(), LogError> {
        let shared = &self.shared;
        let read = shared.read_after(self.after, READ_RECORDS);
        let read = tokio::select! {
            read = read => read?,
            () = shared.shutdown.cancelled() => return Err(LogError::Closed),
        };
        self.read = read;
        Ok(())
    }
}
