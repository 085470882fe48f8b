//! Settings of a log: bounds and timings.

use std::time::Duration;

/// Bounds and timings of a log. The defaults are those of the service.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Maximum number of queued records. Beyond it, an append is refused at once with [`super::LogError::Full`].
    pub queue_records_max: usize,
    /// Maximum size of queued records, encoded, in bytes.
    pub queue_bytes_max: usize,
    /// Maximum number of queued requests.
    pub queue_requests_max: usize,
    /// Maximum number of records of one append, and of one request.
    pub append_records_max: usize,
    /// Maximum size of one append, and of one request, encoded, in bytes.
    pub append_bytes_max: usize,
    /// Number of records from which on an append is committed without delay.
    pub commit_delay_records: usize,
    /// Longest commit delay of a smaller append, while this process's reader is late by as much. Otherwise the delay is
    /// no longer than a commit takes.
    pub commit_delay_max: Duration,
    /// Time limit of one append, after which its connection is closed and its callers get an error.
    pub append_timeout: Duration,
    /// Maximum number of records cached for tails that are close to the head.
    pub recent_records_max: usize,
    /// Maximum size of those records, encoded, in bytes.
    pub recent_bytes_max: usize,
    /// Bytes of records after which a read of the table stops at the end of an append.
    pub read_bytes_max: usize,
    /// Whether appends that do not match their checksums are read all the same, and an error is logged for each.
    pub accept_damaged: bool,
    /// Longest time without an answer of Postgres before [`super::Log::database_problem`] says so.
    pub answer_max: Duration,
    /// Interval of reads of the head, in case a notification is lost.
    pub poll_interval: Duration,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            queue_records_max: 65_536,
            queue_bytes_max: 256 << 20,
            queue_requests_max: 16_384,
            append_records_max: 10_000,
            append_bytes_max: 32 << 20,
            commit_delay_records: 64,
            commit_delay_max: Duration::from_millis(10),
            append_timeout: Duration::from_secs(30),
            recent_records_max: 65_536,
            recent_bytes_max: 64 << 20,
            read_bytes_max: 64 << 20,
            accept_damaged: false,
            answer_max: Duration::from_secs(5),
            poll_interval: Duration::from_millis(250),
        }
    }
}
