//! Appender: the one task of a process that writes to a model's log. It takes the waiting requests, commits them as one
//! append (a group commit), hands the append to the tails and answers the callers, in that order, until shutdown.
//!
//! The size of an append adapts by itself. While a commit runs, requests queue up, and the next append takes them all,
//! up to its bounds. An idle log commits a single event at once; a busy one commits thousands together.
//!
//! A small append may be delayed when more requests are expected ([`CommitDelay`]). That serves callers who send their
//! next request as soon as they are answered. It also serves the learner, for which an append of one event costs nearly
//! as much as one of sixty.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use sqlx::{Executor, PgConnection, PgPool};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use shelfmark_domain::Append;

use super::{
    LogError, LogSettings,
    batch::{Batch, Committed},
    chain::KnownChain,
    commit::{self, CommitError},
    commit_delay::{Commit, CommitDelay, PendingAppend},
    connect::connect,
    database_health::DatabaseHealth,
    known_head::{Head, KnownHead, ReaderPosition},
    log_target::LogTarget,
    metrics::Metrics,
    queue::{QueueLevel, Request},
    recent_appends::RecentAppends,
};

/// Number of appends that look up their ids first, after an append with a repeated id.
const LOOKUP_APPENDS: u32 = 32;
/// Shortest and longest pause after a failure.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

pub(super) struct Appender {
    pub pool: PgPool,
    pub target: LogTarget,
    pub settings: LogSettings,
    pub requests: mpsc::Receiver<Request>,
    pub level: Arc<QueueLevel>,
    pub recent: Arc<RecentAppends>,
    pub head: Arc<KnownHead>,
    pub reader: Arc<ReaderPosition>,
    pub database: Arc<DatabaseHealth>,
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub delay: CommitDelay,
    pub connection: Option<PgConnection>,
    pub chain: KnownChain,
    /// Request taken from the queue that did not fit into the append before.
    pub held: Option<Request>,
    /// Remaining appends that look up their ids first.
    pub lookups_left: u32,
}

impl Appender {
    /// Appends until shutdown, then commits the requests that still wait.
    pub(super) async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        while let Some(batch) = self.next_batch().await {
            // A panic must not end the task, or every later append would wait for ever. The answers are dropped with
            // the batch, so its callers report that the outcome is unknown.
            let append = AssertUnwindSafe(self.append(batch)).catch_unwind().await;
            if append.unwrap_or_else(|_panic| self.recover_from_panic()) {
                backoff = BACKOFF_MIN;
                continue;
            }
            // Meanwhile the queue fills up and then refuses, so callers learn at once that the log is unavailable.
            let shutdown = self.shutdown.cancelled();
            let _ = tokio::time::timeout(backoff, shutdown).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// Takes the waiting requests, up to the bounds of one append. `None` after shutdown, once no request waits.
    async fn next_batch(&mut self) -> Option<Batch> {
        let first = match self.held.take() {
            Some(request) => request,
            None => self.next_request().await?,
        };
        let mut pending = PendingAppend { requests: 1, records: first.records.len(), since: Instant::now() };
        let mut bytes = first.bytes();
        let mut requests = vec![first];
        while let Some(request) = self.next_in_batch(pending).await {
            pending.requests += 1;
            pending.records += request.records.len();
            bytes += request.bytes();
            let fits = pending.records <= self.settings.append_records_max && bytes <= self.settings.append_bytes_max;
            if !fits {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        Some(Batch::new(requests))
    }

    /// Returns the next request of an append: one that waits already, or one that arrives within the commit delay.
    async fn next_in_batch(&mut self, pending: PendingAppend) -> Option<Request> {
        loop {
            if let Ok(request) = self.requests.try_recv() {
                return Some(request);
            }
            if self.shutdown.is_cancelled() {
                return None;
            }
            let wait = self.delay.wait(pending, self.reader.get(), Instant::now())?;
            tokio::select! {
                biased;
                request = self.requests.recv() => return request,
                // The reader caught up, so the delay is shorter.
                () = self.reader.reached(wait.reader_behind.unwrap_or_default()), if wait.reader_behind.is_some() => {}
                () = tokio::time::sleep_until(wait.until) => return None,
                () = self.shutdown.cancelled() => return None,
            }
        }
    }

    async fn next_request(&mut self) -> Option<Request> {
        if !self.requests.is_closed() {
            tokio::select! {
                biased;
                request = self.requests.recv() => return request,
                () = self.shutdown.cancelled() => self.requests.close(),
            }
        }
        self.requests.recv().await
    }

    /// Commits a batch and answers its callers. Returns whether it succeeded.
    async fn append(&mut self, mut batch: Batch) -> bool {
        let limit = self.settings.append_timeout;
        let attempt = tokio::time::timeout(limit, self.attempt(&mut batch)).await;
        match attempt.unwrap_or(Err(CommitError::Unknown(sqlx::Error::PoolTimedOut))) {
            Ok(committed) => {
                self.finish(batch, &committed);
                true
            }
            Err(error) => {
                self.connection = None;
                self.delay.failed();
                let error = error.into_log_error();
                // A deleted model is not a failure; its log is closed within a second.
                if !matches!(error, LogError::Deleted) {
                    self.metrics.failures.increment(1);
                    self.database.write_failed(&error);
                    tracing::error!(error = &error as &dyn std::error::Error, "log.append_failed");
                }
                batch.fail(&error);
                false
            }
        }
    }

    fn recover_from_panic(&mut self) -> bool {
        self.connection = None;
        self.delay.failed();
        self.metrics.failures.increment(1);
        tracing::error!("log.append_panicked: the appender continues with a new connection");
        false
    }

    async fn attempt(&mut self, batch: &mut Batch) -> Result<Committed, CommitError> {
        // The connection may have died while the log was idle. The first statement then fails, before anything is
        // committed, and a new connection may well succeed.
        let mut reused = self.connection.is_some();
        let mut with_lookup = self.lookups_left > 0 || !batch.restores().is_empty();
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => connect(&self.pool).await?,
            };
            let result = if with_lookup {
                commit::append_with_lookup(&mut connection, self.target, batch, &mut self.chain).await
            } else if batch.has_offsets() {
                commit::append_with_offsets(&mut connection, self.target, batch, &mut self.chain).await
            } else {
                commit::append_optimistically(&mut connection, self.target, batch, &mut self.chain).await
            };
            match result {
                Ok(committed) => {
                    self.connection = Some(connection);
                    return Ok(committed);
                }
                Err(CommitError::Repeats) if !with_lookup => {
                    connection.execute("rollback").await?;
                    self.connection = Some(connection);
                    self.metrics.lookups.increment(1);
                    with_lookup = true;
                }
                Err(CommitError::NotCommitted(error)) if reused && lost(&error) => reused = false,
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands the append to the tails and then answers the callers, both after the commit.
    fn finish(&mut self, mut batch: Batch, committed: &Committed) {
        let (duplicates, conflicts) = batch.repeats();
        self.lookups_left =
            if duplicates + conflicts > 0 { LOOKUP_APPENDS } else { self.lookups_left.saturating_sub(1) };
        self.metrics.duplicates.increment(duplicates);
        self.metrics.conflicts.increment(conflicts);
        let commit = Commit {
            head: committed.head,
            took: committed.took,
            requests: batch.entries.len(),
            waiting: self.requests.len() + usize::from(self.held.is_some()),
        };
        self.delay.committed(commit);
        self.database.written();
        if committed.records > 0 {
            let records = batch.take_records(committed.appended_at);
            self.level.committed(records.len(), committed.took);
            self.metrics.committed(records.len(), committed.took);
            let append = Append { records: records.into() };
            assert_eq!(append.last(), committed.head, "P3: positions are dense up to the head");
            self.recent.push(append, batch.bytes);
            self.head.advance(Head { position: committed.head, at: committed.appended_at });
        }
        batch.answer();
    }
}

/// Whether the connection was lost, as opposed to a statement that Postgres refused.
fn lost(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        // 57P01 to 57P05: the server shuts down, crashed, starts, or ended the session. 25P03: the transaction was idle
        // for too long.
        return refusal.code().is_some_and(|code| code.starts_with("57P") || code == "25P03");
    }
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_))
}
