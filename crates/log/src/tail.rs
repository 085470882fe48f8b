//! An ordered, gapless reader of the log.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use shelfmark_domain::{Append, Position};

use super::{LogError, reader, state::LogState};

/// Records of one read of the table, about.
const READ_RECORDS: usize = 10_000;
/// First and longest pause after a failed read.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Ordered, gapless reader: see [`super::Log::tail`]. It looks in memory first, then in the table, then waits.
pub struct Tail {
    shared: Arc<LogState>,
    /// Last position that was yielded.
    after: Position,
    /// Read from the table and not yet yielded.
    read: VecDeque<Append>,
}

impl Tail {
    pub(super) fn new(shared: Arc<LogState>, after: Position) -> Self {
        Self { shared, after, read: VecDeque::new() }
    }

    /// Last position that [`Tail::next`] yielded, or where it began.
    pub fn position(&self) -> Position {
        self.after
    }

    /// The next append; waits for one, also while Postgres is away. Cancel-safe: what was not returned comes again.
    ///
    /// Errors: [`LogError::Closed`] after shutdown, once memory holds nothing more; [`LogError::Unreadable`] for a record
    /// of a later release, again and again.
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
        let read = reader::read_after(
            &shared.pool,
            shared.target.model_id,
            self.after,
            READ_RECORDS,
            shared.settings.read_bytes_max,
        );
        let read = tokio::select! {
            read = read => read?,
            () = shared.shutdown.cancelled() => return Err(LogError::Closed),
        };
        if let Some(append) = read.front()
            && append.first() != self.after.next()
        {
            let detail = format!("P3: it follows position {} in the table", self.after);
            return Err(LogError::Unreadable { position: append.first(), detail });
        }
        self.read = read;
        Ok(())
    }
}
