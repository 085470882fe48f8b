//! Names of this room's metrics, with their units, and their handles.

use metrics::{Counter, Gauge, Histogram};

use super::QueryError;

/// Searches answered, by result `result` = `ok`, `refused` or `failed`. Counter.
pub const SEARCHES: &str = "shelfmark_searches_total";
/// Searches turned away because they would have waited too long. Counter.
pub const SEARCHES_REJECTED: &str = "shelfmark_searches_rejected_total";
/// Searches whose requester had gone before they began. Counter.
pub const SEARCHES_CANCELLED: &str = "shelfmark_searches_cancelled_total";
/// Searches scanned together. Histogram, a count.
pub const SEARCH_BATCH: &str = "shelfmark_search_batch_size";
/// Time from asking to the start of the search. Histogram, seconds.
pub const SEARCH_WAIT: &str = "shelfmark_search_wait_seconds";
/// How late the threads that read requests are: what a request waits before it is read. Histogram, seconds.
pub const ASYNC_LAG: &str = "shelfmark_async_lag_seconds";
/// CPU time that the threads that read requests used, of what they could have had, from 0 to 1. Gauge.
pub const ASYNC_UTILISATION: &str = "shelfmark_async_utilisation_ratio";
/// Time for which the threads that read requests got a CPU, of the time in which they wanted one, from 0 to 1. Less
/// than 1 when other programs, other threads or a CPU quota keep them from it. Gauge.
pub const ASYNC_CPU_SHARE: &str = "shelfmark_async_cpu_share_ratio";
/// Searches that the rate limiter admits a second; 0 while it admits all. Gauge.
pub const SEARCH_RATE_LIMIT: &str = "shelfmark_search_rate_limit";
/// Time of one batch from its start to its last reply. Histogram, seconds.
pub const SEARCH_TIME: &str = "shelfmark_search_batch_seconds";
/// Rows that a search of the search threads scored exactly. Histogram, a count.
pub const SEARCH_SCORED: &str = "shelfmark_search_scored_rows";
/// Rows of sampled answers that scoring every row finds. Counter.
pub const SEARCH_CHECKED: &str = "shelfmark_search_checked_rows_total";
/// Of these, rows that the answer did not have: recall is `1 - missed / checked`. Counter; anything but 0 is a defect.
pub const SEARCH_MISSED: &str = "shelfmark_search_missed_rows_total";

/// The handles: looked up once, not at every search.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) ok: Counter,
    pub(super) refused: Counter,
    pub(super) failed: Counter,
    pub(super) rejected: Counter,
    pub(super) cancelled: Counter,
    pub(super) batch: Histogram,
    pub(super) wait: Histogram,
    pub(super) lag: Histogram,
    pub(super) utilisation: Gauge,
    pub(super) cpu_share: Gauge,
    pub(super) rate_limit: Gauge,
    pub(super) time: Histogram,
    pub(super) scored: Histogram,
    pub(super) checked: Counter,
    pub(super) missed: Counter,
}

impl Meters {
    pub(super) fn new() -> Self {
        metrics::describe_counter!(SEARCHES, "Searches answered, by result");
        metrics::describe_counter!(SEARCHES_REJECTED, "Searches turned away because they would have waited too long");
        metrics::describe_counter!(SEARCHES_CANCELLED, "Searches whose requester had gone");
        metrics::describe_histogram!(SEARCH_BATCH, "Searches scanned together");
        metrics::describe_histogram!(SEARCH_WAIT, metrics::Unit::Seconds, "Wait for a search thread");
        metrics::describe_histogram!(ASYNC_LAG, metrics::Unit::Seconds, "How late the threads that read requests are");
        metrics::describe_gauge!(ASYNC_UTILISATION, "CPU time that those threads used, of what they could have had");
        metrics::describe_gauge!(ASYNC_CPU_SHARE, "CPU time that those threads got, of what they wanted");
        metrics::describe_gauge!(SEARCH_RATE_LIMIT, "Searches that the rate limiter admits a second, 0 for all");
        metrics::describe_histogram!(SEARCH_TIME, metrics::Unit::Seconds, "Time of one batch");
        metrics::describe_histogram!(SEARCH_SCORED, "Rows scored exactly, by search");
        metrics::describe_counter!(SEARCH_CHECKED, "Rows of sampled answers, by scoring every row");
        metrics::describe_counter!(SEARCH_MISSED, "Of these, rows that the answer did not have");
        Self {
            ok: metrics::counter!(SEARCHES, "result" => "ok"),
            refused: metrics::counter!(SEARCHES, "result" => "refused"),
            failed: metrics::counter!(SEARCHES, "result" => "failed"),
            rejected: metrics::counter!(SEARCHES_REJECTED),
            cancelled: metrics::counter!(SEARCHES_CANCELLED),
            batch: metrics::histogram!(SEARCH_BATCH),
            wait: metrics::histogram!(SEARCH_WAIT),
            lag: metrics::histogram!(ASYNC_LAG),
            utilisation: metrics::gauge!(ASYNC_UTILISATION),
            cpu_share: metrics::gauge!(ASYNC_CPU_SHARE),
            rate_limit: metrics::gauge!(SEARCH_RATE_LIMIT),
            time: metrics::histogram!(SEARCH_TIME),
            scored: metrics::histogram!(SEARCH_SCORED),
            checked: metrics::counter!(SEARCH_CHECKED),
            missed: metrics::counter!(SEARCH_MISSED),
        }
    }

    pub(super) fn count<T>(&self, answer: &Result<T, QueryError>) {
        match answer {
            Ok(_) => self.ok.increment(1),
            Err(QueryError::Failed) => self.failed.increment(1),
            Err(QueryError::Field(_) | QueryError::UnknownItem(_) | QueryError::UnknownUser(_) | QueryError::Busy) => {
                self.refused.increment(1)
            }
        }
    }
}
