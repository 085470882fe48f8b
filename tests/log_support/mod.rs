//! What the tests of the log share: handles on a fresh database, and events.

use std::time::Duration;

use shelfmark_domain::{Event, Id, ModelName, NewRecord, Position, RecordBody, Timestamp};
use shelfmark_log::{AppendOutcome, Log, LogError, LogSettings};
use shelfmark_postgres as postgres;
use sqlx::PgPool;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// One process's log: its handle and the means to end it.
pub struct Opened {
    pub log: Log,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Opened {
    /// Ends the appender and the listener, and proves that they end.
    pub async fn close(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(10), self.tracker.wait())
            .await
            .expect("the log's tasks end after shutdown");
    }
}

pub async fn migrated(url: &str) -> PgPool {
    let pool = postgres::connect(url, 10).await.expect("a pool");
    postgres::migrate(&pool).await.expect("migrated");
    pool
}

pub async fn open(pool: &PgPool) -> Opened {
    open_with(pool, LogSettings::default()).await
}

pub async fn open_with(pool: &PgPool, settings: LogSettings) -> Opened {
    let shutdown = CancellationToken::new();
    let tracker = TaskTracker::new();
    let log =
        Log::open(pool.clone(), &ModelName::new("default").expect("a name"), settings, shutdown.clone(), &tracker)
            .await
            .expect("an open log");
    Opened { log, shutdown, tracker }
}

pub fn id(text: &str) -> Id {
    Id::new("id", text).expect("an id")
}

pub fn plain_event(event_id: &str, value: f64) -> Event {
    Event {
        event_id: id(event_id),
        user: Some(id("u1")),
        session: None,
        item: id("i1"),
        kind: "click".to_owned(),
        value: Some(value),
        ts: Timestamp::from_micros(1_700_000_000_123_456).expect("in range"),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }
}

/// An event whose id the client gave; `value` is its body.
pub fn event(event_id: &str, value: f64) -> NewRecord {
    NewRecord {
        body: RecordBody::Event(plain_event(event_id, value)),
        retry_hash: Some(value.to_bits() as i64),
        source: None,
    }
}

pub fn accepted(outcome: &AppendOutcome) -> Option<Position> {
    match outcome {
        AppendOutcome::Accepted(position) => Some(*position),
        AppendOutcome::Duplicate(_) | AppendOutcome::Conflict(_) => None,
    }
}

pub fn at(position: u64) -> Position {
    Position::new(position)
}

/// Appends until it is acknowledged: what a client does.
pub async fn append_until_acknowledged(log: &Log, records: Vec<NewRecord>) -> Vec<AppendOutcome> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        match log.append(records.clone()).await {
            Ok(outcomes) => return outcomes,
            Err(error @ (LogError::Full { .. } | LogError::Database(_) | LogError::CommitUnknown(_))) => {
                assert!(tokio::time::Instant::now() < deadline, "not acknowledged within a minute: {error:?}");
                // A client's pause between tries, not a wait for a state.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("refused: {error:?}"),
        }
    }
}
