//! Queue of append requests, bounded in records, bytes and requests.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use shelfmark_domain::{NewRecord, OffsetCommit};

use super::{AppendOutcome, LogError, LogSettings, copy::EncodedRows, metrics::Metrics};

/// Answer to one request.
pub(super) type Answer = Result<Vec<AppendOutcome>, LogError>;

/// Append request: records of one caller, encoded by the caller. They stay together, in order.
pub(super) struct Request {
    pub records: Vec<NewRecord>,
    pub rows: EncodedRows,
    /// Places in streams outside that the records come from. With any, the records are accepted all or none.
    pub offsets: Vec<OffsetCommit>,
    pub answer: oneshot::Sender<Answer>,
    pub reservation: Reservation,
}

/// Fill level of the queue, shared by callers and the appender.
pub(super) struct QueueLevel {
    records: AtomicUsize,
    bytes: AtomicUsize,
    records_max: usize,
    bytes_max: usize,
    /// Moving average of the commit time per record, in nanoseconds. Determines `retry_after`.
    record_nanos: AtomicU64,
    /// Records appended since the start.
    appended: watch::Sender<u64>,
    metrics: Arc<Metrics>,
}

/// Reserved share of the queue, released when dropped.
pub(super) struct Reservation {
    level: Arc<QueueLevel>,
    records: usize,
    bytes: usize,
}

impl Request {
    /// Returns how many bytes it adds to an append.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + offset_bytes(&self.offsets)
    }
}

/// Returns how many bytes offsets take.
pub(super) fn offset_bytes(offsets: &[OffsetCommit]) -> usize {
    offsets.iter().map(OffsetCommit::bytes).sum()
}

impl QueueLevel {
    pub(super) fn new(settings: &LogSettings, metrics: Arc<Metrics>) -> Self {
        Self {
            records: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            records_max: settings.queue_records_max,
            bytes_max: settings.queue_bytes_max,
            record_nanos: AtomicU64::new(10_000),
            appended: watch::Sender::new(0),
            metrics,
        }
    }

    /// Reserves a number of records. Error, without waiting: [`LogError::Full`].
    pub(super) fn reserve(self: &Arc<Self>, records: usize) -> Result<Reservation, LogError> {
        take(&self.records, records, self.records_max).map_err(|_| self.full())?;
        self.show();
        Ok(Reservation { level: Arc::clone(self), records, bytes: 0 })
    }

    /// Returns the number of records in the queue.
    pub(super) fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed) as u64
    }

    /// Returns the number of records appended since the start, as it grows.
    pub(super) fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// Counts a refusal, and returns the error for a full queue.
    pub(super) fn full(&self) -> LogError {
        self.metrics.queue_full.increment(1);
        let records = self.records.load(Ordering::Relaxed);
        let nanos = self.record_nanos.load(Ordering::Relaxed).saturating_mul(records as u64);
        LogError::Full {
            records,
            retry_after: Duration::from_nanos(nanos).clamp(Duration::from_millis(50), Duration::from_secs(5)),
        }
    }

    /// Updates the moving average with the commit time of an append.
    pub(super) fn committed(&self, records: usize, took: Duration) {
        self.appended.send_modify(|appended| *appended += records as u64);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / records.max(1) as u64;
        let before = self.record_nanos.load(Ordering::Relaxed);
        self.record_nanos.store(before - before / 8 + nanos / 8, Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "bounded far below 2^53")]
    fn show(&self) {
        let records = self.records.load(Ordering::Relaxed);
        self.metrics.queue_records.set(records as f64);
    }
}

impl Reservation {
    /// Reserves the bytes of the encoded records. Error, without waiting: [`LogError::Full`].
    pub(super) fn reserve_bytes(&mut self, bytes: usize) -> Result<(), LogError> {
        let level = &self.level;
        take(&level.bytes, bytes, level.bytes_max).map_err(|_| level.full())?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.level.records.fetch_sub(self.records, Ordering::Relaxed);
        self.level.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.level.show();
    }
}

/// Adds `amount` unless the sum would exceed `max`.
fn take(level: &AtomicUsize, amount: usize, max: usize) -> Result<usize, usize> {
    level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| now.checked_add(amount).filter(|sum| *sum <= max))
}
