//! The one task of a process that appends to a model's log: it takes what waits, commits it as one append, hands it to
//! the tails and answers the callers, in that order, and never ends before shutdown.
//!
//! Batching adapts by itself: while a commit runs, requests gather, and the next append takes them all (up to its
//! bounds). An idle log commits a single event at once; a busy one commits thousands together.
//!
//! Small appends wait a little for company when some is to be expected ([`CommitDelay`]): for the sake of callers who
//! come back as soon as they are answered, and of the learner, for whom an append of one event costs nearly as much as
//! one of sixty.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use sqlx::{Executor, PgConnection, PgPool};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use shelfmark_domain::{Append, Position};

use super::{
    LogError, LogSettings,
    batch::{Batch, Committed},
    commit::{self, CommitError, LogTarget},
    commit_delay::{Commit, CommitDelay, PendingAppend},
    connect::connect,
    known_head::{Head, KnownHead, ReaderPosition},
    metrics::Metrics,
    queue::{QueueLevel, Request},
    recent_appends::RecentAppends,
};

/// How many appends look up their ids after one that met a repeat.
const LOOKUP_APPENDS: u32 = 32;
/// First and longest pause after a failure.
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
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub delay: CommitDelay,
    pub connection: Option<PgConnection>,
    /// Taken from the queue, and too large for the append before it.
    pub held: Option<Request>,
    /// Appends left that look up their ids first.
    pub lookups_left: u32,
}

impl Appender {
    /// Appends until shutdown, then what still waits, then ends.
    pub(super) async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        while let Some(batch) = self.next_batch().await {
            // A panic must not end the task: every later append would wait for ever. The callers' answers are dropped
            // with the batch, and they report that the outcome is not known.
            let append = AssertUnwindSafe(self.append(batch)).catch_unwind().await;
            if append.unwrap_or_else(|_panic| self.recover_from_panic()) {
                backoff = BACKOFF_MIN;
                continue;
            }
            // Meanwhile the queue fills and refuses: callers learn at once that the log is not available.
            let shutdown = self.shutdown.cancelled();
            let _ = tokio::time::timeout(backoff, shutdown).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// All that waits, up to the bounds of one append. `None`: shut down, and nothing waits.
    async fn next_batch(&mut self) -> Option<Batch> {
        let first = match self.held.take() {
            Some(request) => request,
            None => self.next_request().await?,
        };
        let mut pending = PendingAppend { requests: 1, records: first.records.len(), since: Instant::now() };
        let mut bytes = first.rows.bytes();
        let mut requests = vec![first];
        while let Some(request) = self.next_in_batch(pending).await {
            pending.requests += 1;
            pending.records += request.records.len();
            bytes += request.rows.bytes();
            let fits = pending.records <= self.settings.append_records_max && bytes <= self.settings.append_bytes_max;
            if !fits {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        Some(Batch::new(requests))
    }

    /// The next request for an append: one that waits already, or one that comes while it is worth waiting for.
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
                // Then there is less to wait for.
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

    /// Commits a batch and answers its callers. False after a failure.
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
                // A deleted model is no failure; its log ends here within a second.
                if !matches!(error, LogError::Deleted) {
                    self.metrics.failures.increment(1);
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
        tracing::error!("log.append_panicked: the appender goes on with a new connection");
        false
    }

    async fn attempt(&mut self, batch: &mut Batch) -> Result<Committed, CommitError> {
        // The connection may have died while the log was idle; that shows in the first statement, before anything is
        // committed, and says nothing about the database of now.
        let mut reused = self.connection.is_some();
        let mut with_lookup = self.lookups_left > 0 || !batch.restores().is_empty();
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => connect(&self.pool).await?,
            };
            let result = if with_lookup {
                commit::append_with_lookup(&mut connection, self.target, batch).await
            } else {
                commit::append_optimistically(&mut connection, self.target, batch).await
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

    /// Hands the append to the tails, then answers: both only after the commit.
    fn finish(&mut self, mut batch: Batch, committed: &Committed) {
        let (duplicates, conflicts) = batch.repeats();
        self.lookups_left =
            if duplicates + conflicts > 0 { LOOKUP_APPENDS } else { self.lookups_left.saturating_sub(1) };
        self.metrics.duplicates.increment(duplicates);
        self.metrics.conflicts.increment(conflicts);
        let commit = Commit {
            before: Position::new(committed.head.get() - committed.records),
            head: committed.head,
            took: committed.took,
            requests: batch.entries.len(),
            waiting: self.requests.len() + usize::from(self.held.is_some()),
            at: Instant::now(),
        };
        self.delay.committed(commit, self.reader.get());
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

/// Whether the error says that the connection is gone, rather than that Postgres refused something.
fn lost(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(refusal) = error {
        // 57P01 to 57P05: the server goes down, was crashed, starts, or ended the session; 25P03: it was idle too long.
        return refusal.code().is_some_and(|code| code.starts_with("57P") || code == "25P03");
    }
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_))
}
