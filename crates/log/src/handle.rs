//! Handle of one model's log.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sqlx::{PgPool, Row};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use shelfmark_domain::{
    Append, Event, Id, Interval, ModelName, NewRecord, OffsetCommit, Position, ProfileUpdate, Record, StoredOffset,
    Timestamp,
};

use super::{
    AppendOutcome, LogError, LogSettings, RecordsPage, Tail,
    appender::Appender,
    chain::KnownChain,
    check_log::{LogCheck, check_log},
    commit_delay::CommitDelay,
    copy::EncodedRows,
    database_health::DatabaseHealth,
    filtered_page::filtered_page,
    known_head::{Head, KnownHead},
    listener,
    log_target::LogTarget,
    lookups,
    metrics::Metrics,
    moved_history,
    queue::{QueueLevel, Request, offset_bytes},
    reader,
    recent_appends::RecentAppends,
    state::LogState,
    stream_offsets, summaries, write_probe,
};

/// Maximum number of records of a page.
const PAGE_LIMIT_MAX: usize = 1000;
/// Records, or bytes, that a caller encodes before it yields to other tasks: some 100 us.
const ENCODE_RECORDS: usize = 256;
const ENCODE_BYTES: usize = 64 << 10;

/// Handle of one model's log: cheap to clone.
#[derive(Clone)]
pub struct Log {
    shared: Arc<LogState>,
    requests: mpsc::Sender<Request>,
}

impl Log {
    /// Opens the log of an existing model, and starts this process's appender and listener on `tracker`. After
    /// `shutdown`, they commit the queued requests and end. Error: [`LogError::UnknownModel`].
    ///
    /// Open each model once in a process. Two handles are correct, as two processes are, but their commits wait for
    /// each other.
    pub async fn open(
        pool: PgPool,
        model: &ModelName,
        settings: LogSettings,
        shutdown: CancellationToken,
        tracker: &TaskTracker,
    ) -> Result<Self, LogError> {
        let model_id: Option<i32> = sqlx::query("select id from models where name = $1 and deleted_at is null")
            .bind(model.as_str())
            .fetch_optional(&pool)
            .await?
            .map(|row| row.try_get(0))
            .transpose()?;
        let model_id = model_id.ok_or_else(|| LogError::UnknownModel(model.clone()))?;
        let (position, at) = reader::head(&pool, model_id).await?;
        let at = at.unwrap_or_else(Timestamp::now);
        let metrics = Arc::new(Metrics::new(model.as_str()));
        let (sender, requests) = mpsc::channel(settings.queue_requests_max);
        let shared = Arc::new(LogState {
            target: LogTarget { model_id, origin: rand::random() },
            recent: Arc::new(RecentAppends::new(settings.recent_records_max, settings.recent_bytes_max)),
            head: Arc::new(KnownHead::new(Head { position, at })),
            level: Arc::new(QueueLevel::new(&settings, Arc::clone(&metrics))),
            reader: Arc::default(),
            database: Arc::new(DatabaseHealth::new()),
            metrics,
            pool,
            settings,
            shutdown,
        });
        let appender = Appender {
            pool: shared.pool.clone(),
            target: shared.target,
            settings: shared.settings.clone(),
            requests,
            level: Arc::clone(&shared.level),
            recent: Arc::clone(&shared.recent),
            head: Arc::clone(&shared.head),
            reader: Arc::clone(&shared.reader),
            database: Arc::clone(&shared.database),
            metrics: Arc::clone(&shared.metrics),
            shutdown: shared.shutdown.clone(),
            delay: CommitDelay::new(&shared.settings),
            connection: None,
            chain: KnownChain::default(),
            held: None,
            lookups_left: 0,
        };
        tracker.spawn(appender.run());
        tracker.spawn(listener::run(Arc::clone(&shared)));
        tracker.spawn(summaries::run(Arc::clone(&shared)));
        Ok(Self { shared, requests: sender })
    }

    /// Appends the records as part of one group commit. Returns after the commit, with one outcome per record, in
    /// order. New records get consecutive positions in the order given.
    ///
    /// Errors: [`LogError::Full`] (at once), [`LogError::TooLarge`], [`LogError::TooManyBytes`], [`LogError::Refused`],
    /// [`LogError::Closed`], [`LogError::Deleted`] and [`LogError::Database`]: nothing was accepted.
    /// [`LogError::CommitUnknown`]: the records may be durable or not. Once queued, the records are committed even if
    /// the caller drops the future.
    pub async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<AppendOutcome>, LogError> {
        self.append_within(records, Duration::ZERO).await
    }

    /// Appends as [`Log::append`] does, but waits for a full queue, at most for `patience`. For callers that send
    /// nothing else before these records.
    pub async fn append_within(
        &self,
        records: Vec<NewRecord>,
        patience: Duration,
    ) -> Result<Vec<AppendOutcome>, LogError> {
        self.append_with_offsets(records, Vec::new(), patience).await
    }

    /// Appends as [`Log::append_within`] does, and commits offsets of streams outside in the same transaction. With
    /// any, the records are accepted all or none. Without records, the offsets alone are committed.
    ///
    /// Errors besides: [`LogError::OffsetsMoved`], [`LogError::Conflicts`] and [`LogError::TooManyPartitions`]: nothing
    /// was accepted.
    pub async fn append_with_offsets(
        &self,
        mut records: Vec<NewRecord>,
        offsets: Vec<OffsetCommit>,
        patience: Duration,
    ) -> Result<Vec<AppendOutcome>, LogError> {
        let until = Instant::now() + patience;
        let shared = &self.shared;
        if records.is_empty() && offsets.is_empty() {
            return Ok(Vec::new());
        }
        let records_max = shared.settings.append_records_max;
        if records.len() > records_max {
            return Err(LogError::TooLarge { records: records.len(), records_max });
        }
        if shared.shutdown.is_cancelled() {
            return Err(LogError::Closed);
        }
        let mut reservation = retry_while_full(until, || shared.level.reserve(records.len())).await?;
        let rows = self.encode(&mut records).await?;
        let bytes = rows.bytes() + offset_bytes(&offsets);
        retry_while_full(until, || reservation.reserve_bytes(bytes)).await?;
        let place = || {
            self.requests.try_reserve().map_err(|error| match error {
                mpsc::error::TrySendError::Full(()) => shared.level.full(),
                mpsc::error::TrySendError::Closed(()) => LogError::Closed,
            })
        };
        let place = retry_while_full(until, place).await?;
        let (answer, answered) = oneshot::channel();
        place.send(Request { records, rows, offsets, answer, reservation });
        // The answer is dropped unsent only when the appender panicked during this append.
        answered.await.unwrap_or_else(|_dropped| Err(LogError::CommitUnknown(Arc::new(sqlx::Error::WorkerCrashed))))
    }

    /// Encodes records on the caller's task, since every caller waits for the appender.
    async fn encode(&self, records: &mut [NewRecord]) -> Result<EncodedRows, LogError> {
        let LogState { target, settings, .. } = &*self.shared;
        let mut rows = EncodedRows::with_capacity(records.len());
        let mut rested = (0, 0);
        for (index, record) in records.iter_mut().enumerate() {
            if index - rested.0 >= ENCODE_RECORDS || rows.bytes() - rested.1 >= ENCODE_BYTES {
                rested = (index, rows.bytes());
                tokio::task::yield_now().await;
            }
            rows.push(target.model_id, record).map_err(|detail| LogError::Refused { index, detail })?;
            if rows.bytes() > settings.append_bytes_max {
                return Err(LogError::TooManyBytes { bytes: rows.bytes(), bytes_max: settings.append_bytes_max });
            }
        }
        Ok(rows)
    }

    /// Reads whole appends after a position, oldest first: about `records_max` records, without cutting an append.
    pub async fn read_after(&self, after: Position, records_max: usize) -> Result<Vec<Append>, LogError> {
        self.shared.read_after(after, records_max).await.map(Vec::from)
    }

    /// Reads the last committed position.
    pub async fn head(&self) -> Result<Position, LogError> {
        let shared = &self.shared;
        let (position, at) = reader::head(&shared.pool, shared.target.model_id).await?;
        let at = at.unwrap_or_else(Timestamp::now);
        shared.head.advance(Head { position, at });
        Ok(position)
    }

    /// Returns the last committed position known to this process, and the time of its commit, without asking Postgres.
    /// Appends, notifications and a timer update it. Of an empty log, the time is when it was opened.
    pub fn head_known(&self) -> (Position, Timestamp) {
        let head = self.shared.head.get();
        (head.position, head.at)
    }

    /// Tries whether Postgres takes records, for [`Log::database_problem`]. Appends nothing.
    pub async fn check_writable(&self) {
        write_probe::check_writable(&self.shared).await;
    }

    /// Returns why Postgres does not answer, or takes no appends, as far as this process knows; `None` while all is
    /// well.
    pub fn database_problem(&self) -> Option<String> {
        self.shared.database.problem(self.shared.settings.answer_max)
    }

    /// Returns the number of records that wait to be committed.
    pub fn queued_records(&self) -> u64 {
        self.shared.level.records()
    }

    /// Sets the position that this process's reader has reached. From then on, the commit delay is longer while the
    /// reader is behind, and up to `commit_delay_max` while it is late.
    pub fn set_reader_position(&self, position: Position) {
        self.shared.reader.set(position);
    }

    /// Opens a reader that returns every append after `after`, once and in order, whichever process committed it.
    /// `after` is 0 or the end of an append. Inside an append, the reader starts with the rest of it.
    pub fn tail(&self, after: Position) -> Tail {
        Tail::new(Arc::clone(&self.shared), after)
    }

    /// Reads one page of records, and where the next page begins; `None` at the end of the log. With a filter a page
    /// may have fewer records than its limit before that end: the search takes about a quarter of a second at most.
    pub async fn page(&self, page: RecordsPage) -> Result<(Vec<Record>, Option<Position>), LogError> {
        let page = RecordsPage { limit: page.limit.clamp(1, PAGE_LIMIT_MAX), ..page };
        let LogState { pool, target, .. } = &*self.shared;
        if page.user.is_none() && page.item.is_none() {
            let records = reader::page(pool, target.model_id, &page).await?;
            let full = records.len() == page.limit;
            let next = records.last().map(|record| record.position).filter(|_| full);
            return Ok((records, next));
        }
        let head = self.head().await?;
        let found = filtered_page(pool, target.model_id, &page, head).await?;
        Ok((found.records, Some(found.through).filter(|through| *through < head)))
    }

    /// Returns the records at these positions, in order of position. What is beyond the head is left out.
    pub async fn records_at(&self, positions: &[Position]) -> Result<Vec<Record>, LogError> {
        reader::records_at(&self.shared.pool, self.shared.target.model_id, positions).await
    }

    /// Lists the offsets of streams outside that are stored with the log, of one topic or all.
    pub async fn offsets(&self, topic: Option<&Id>) -> Result<Vec<StoredOffset>, LogError> {
        stream_offsets::stored(&self.shared.pool, self.shared.target.model_id, topic).await
    }

    /// Finds the event with this id, and its position.
    pub async fn find_event(&self, event_id: &Id) -> Result<Option<(Position, Event)>, LogError> {
        reader::find_event(&self.shared.pool, self.shared.target.model_id, event_id).await
    }

    /// Returns the retractions of the events at some positions, with one query: the event's position and the
    /// retraction's. `attempt` counts the retractions of an event before it.
    pub async fn retractions(&self, events: &[Position], attempt: u32) -> Result<Vec<(Position, Position)>, LogError> {
        lookups::retractions(&self.shared.pool, self.shared.target.model_id, events, attempt).await
    }

    /// Returns the newest updates of the profiles of users with one query, newest first of each: all through the newest
    /// that replaces its profile, 16 at most.
    pub async fn newest_profile_updates(&self, users: &[Id]) -> Result<BTreeMap<Id, Vec<ProfileUpdate>>, LogError> {
        lookups::newest_profile_updates(&self.shared.pool, self.shared.target.model_id, users).await
    }

    /// Finds the user who has the history now that an event went into, when merges or an event that names both session
    /// and user moved it. Reads up to 1,000,000 records after the event.
    pub async fn moved_to(&self, event: &Event, position: Position) -> Result<Option<Id>, LogError> {
        let through = self.head().await?.min(position.advanced(moved_history::RECORDS_MAX));
        let after_event = Interval { after: position, through };
        moved_history::moved_to(&self.shared.pool, self.shared.target.model_id, event, after_event).await
    }

    /// Compares every append with its checksum, and finds missing records. `reached` is told how far it is.
    pub async fn check(&self, reached: &(dyn Fn(Position) + Send + Sync)) -> Result<LogCheck, LogError> {
        check_log(&self.shared.pool, self.shared.target.model_id, reached).await
    }

    /// Checks that positions are dense from 1 to the head (P3), and describes the violation if they are not. Counts
    /// every record.
    pub async fn gap(&self) -> Result<Option<String>, LogError> {
        reader::gap(&self.shared.pool, self.shared.target.model_id).await
    }

    /// Finds the newest restore in an interval.
    pub async fn last_restore(&self, within: Interval) -> Result<Option<Record>, LogError> {
        reader::last_restore(&self.shared.pool, self.shared.target.model_id, within).await
    }

    /// Returns the last position of the append that a position belongs to; `None` beyond the head.
    pub async fn append_last(&self, position: Position) -> Result<Option<Position>, LogError> {
        reader::append_last(&self.shared.pool, self.shared.target.model_id, position).await
    }

    /// Returns the last position that was committed at or before `at`, by the clocks of the appending processes; 0 when
    /// there is none. A binary search: log2 of the log's length in queries.
    pub async fn position_at(&self, at: Timestamp) -> Result<Position, LogError> {
        let head = self.head().await?;
        reader::position_at(&self.shared.pool, self.shared.target.model_id, head, at).await
    }

    /// Returns the model's number in the tables.
    pub fn model_id(&self) -> i32 {
        self.shared.target.model_id
    }
}

/// Repeats `take` while the queue is full, as long as the suggested pause ends before `until`.
async fn retry_while_full<T>(until: Instant, mut take: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    loop {
        match take() {
            Err(LogError::Full { retry_after, .. }) if Instant::now() + retry_after < until => {
                tokio::time::sleep(retry_after).await;
            }
            taken => return taken,
        }
    }
}
