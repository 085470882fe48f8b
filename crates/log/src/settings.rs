//! The bounds of one log, in numbers.

use std::time::Duration;

/// Bounds and timings of a log. The defaults are what the service uses.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Most records that wait for an append; beyond it an append is refused at once with [`super::LogError::Full`].
    pub queue_records_max: usize,
    /// Most bytes of encoded records that wait.
    pub queue_bytes_max: usize,
    /// Most requests that wait.
    pub queue_requests_max: usize,
    /// Most records of one append, and of one request.
    pub append_records_max: usize,
    /// Most bytes of one append, encoded, and of one request.
    pub append_bytes_max: usize,
    /// Records from which on an append does not wait for company.
    pub commit_delay_records: usize,
    /// Longest time that a smaller append waits for company while this process's reader is late by as much. Otherwise
    /// it waits no longer than a commit takes.
    pub commit_delay_max: Duration,
    /// Longest time one append may take before its connection is given up and its callers are told so.
    pub append_timeout: Duration,
    /// Most records kept in memory for tails that are close to the head.
    pub recent_records_max: usize,
    /// Most bytes of those records, as they were encoded.
    pub recent_bytes_max: usize,
    /// Most bytes of records that one read of the table takes before it stops at the next boundary.
    pub read_bytes_max: usize,
    /// How often Postgres is asked for the head, in case a notification was lost.
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
            poll_interval: Duration::from_millis(250),
        }
    }
}
