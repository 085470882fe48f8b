//! Tail: an ordered reader of the log without gaps.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};

use shelfmark_domain::{Append, ForgottenUser, Position};

use super::{LogError, reader, state::LogState};

/// Approximate number of records of one read of the table.
const READ_RECORDS: usize = 10_000;
/// Reads that erasures may come between, before the next try waits.
const READS_MAX: usize = 5;
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
    /// Position of the newest erasure that was seen in the table. Up to it the table has other names than the cache.
    erased_through: Position,
    /// Whether an append was returned. Whoever begins has a state with the names of the table.
    has_returned: bool,
    /// Read of the table that is under way: it goes on when a wait is given up. The lock is never taken.
    reading: Mutex<Option<BoxFuture<'static, Result<ReadWithErasures, LogError>>>>,
    /// Users whose names the table had already replaced when it was read.
    forgotten: Vec<ForgottenUser>,
}

impl Tail {
    pub(super) fn new(shared: Arc<LogState>, after: Position) -> Self {
        Self {
            shared,
            after,
            read: VecDeque::new(),
            erased_through: after,
            has_returned: false,
            reading: Mutex::default(),
            forgotten: Vec::new(),
        }
    }

    /// Takes the users whose names are pseudonyms in what [`Tail::next`] returned last, although the record that
    /// forgets them comes later.
    ///
    /// An erasure rewrites the table at once. A reader that learned earlier events under the name must replace it
    /// before it goes on, or it would take one person for two, which no later reading of the log does (P4).
    pub fn take_forgotten(&mut self) -> Vec<ForgottenUser> {
        std::mem::take(&mut self.forgotten)
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
                self.has_returned = true;
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
        if let Some(append) = self.read.pop_front() {
            return Some(append);
        }
        // What the cache holds from before an erasure has the names, and the table has not.
        if self.after < self.erased_through {
            return None;
        }
        let cached = self.shared.recent.beginning_at(next)?;
        // A read that was given up begins before it.
        *self.reading.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        Some(cached)
    }

    async fn read_table(&mut self) -> Result<(), LogError> {
        let Self { shared, reading, after, erased_through, .. } = self;
        let begin = || read_with_erasures(Arc::clone(shared), *after, *erased_through).boxed();
        let reading = reading.get_mut().unwrap_or_else(PoisonError::into_inner);
        let read = tokio::select! {
            read = reading.get_or_insert_with(begin) => read,
            () = shared.shutdown.cancelled() => return Err(LogError::Closed),
        };
        *reading = None;
        let (appends, erasures) = read?;
        if let Some((newest, _)) = erasures.last() {
            self.erased_through = *newest;
        }
        if self.has_returned {
            self.forgotten.extend(erasures.into_iter().map(|(_, user)| user));
        }
        self.read = appends;
        Ok(())
    }
}

/// Appends, and the erasures whose names they do not hold, with the positions of their records.
type ReadWithErasures = (VecDeque<Append>, Vec<(Position, ForgottenUser)>);

/// Reads appends, and the erasures after `erased_through`, so that the appends hold no name that one of them replaces
/// and no pseudonym of another.
async fn read_with_erasures(
    shared: Arc<LogState>,
    after: Position,
    erased_through: Position,
) -> Result<ReadWithErasures, LogError> {
    let (pool, model_id) = (&shared.pool, shared.target.model_id);
    // None, as a first guess: most reads meet no erasure, and need no second try.
    let mut erasures = Vec::new();
    for _ in 0..READS_MAX {
        let appends = shared.read_after(after, READ_RECORDS).await?;
        let since = reader::erasures(pool, model_id, erased_through).await?;
        if since.len() == erasures.len() {
            return Ok((appends, erasures));
        }
        erasures = since;
    }
    // The caller tries again after a pause.
    Ok((VecDeque::new(), Vec::new()))
}
