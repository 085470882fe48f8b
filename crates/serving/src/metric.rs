//! Metrics of searches: their descriptions and their handles.

use metrics::{Counter, Gauge, Histogram};
use shelfmark_metrics::{Label, MetricInfo, MetricSection};

use super::QueryError;

const SEARCHES: &str = "shelfmark_searches_total";
const SEARCHES_REJECTED: &str = "shelfmark_searches_rejected_total";
const SEARCHES_CANCELLED: &str = "shelfmark_searches_cancelled_total";
const SEARCH_WAIT: &str = "shelfmark_search_wait_seconds";
const ASYNC_LAG: &str = "shelfmark_async_lag_seconds";
const ASYNC_UTILISATION: &str = "shelfmark_async_utilisation_ratio";
const ASYNC_CPU_SHARE: &str = "shelfmark_async_cpu_share_ratio";
const SEARCH_RATE_LIMIT: &str = "shelfmark_search_rate_limit";
const SEARCH_BATCH: &str = "shelfmark_search_batch_size";
const SEARCH_TIME: &str = "shelfmark_search_batch_seconds";
const SEARCH_SCORED: &str = "shelfmark_search_scored_rows";
const SEARCH_CHECKED: &str = "shelfmark_search_checked_rows_total";
const SEARCH_MISSED: &str = "shelfmark_search_missed_rows_total";

/// Metrics of searches.
pub const METRICS: MetricSection = MetricSection::new(
    "Search",
    &[
        MetricInfo::counter(SEARCHES, "searches", "Searches answered")
            .labels(&[Label::one_of("result", &["ok", "refused", "failed"])]),
        MetricInfo::counter(
            SEARCHES_REJECTED,
            "searches",
            "Searches refused because they would have waited too long",
        ),
        MetricInfo::counter(
            SEARCHES_CANCELLED,
            "searches",
            "Searches whose requester had gone before they began",
        ),
        MetricInfo::histogram(SEARCH_WAIT, "seconds", "Time from asking to the start of the search"),
        MetricInfo::histogram(ASYNC_LAG, "seconds", "How late the threads that read requests are"),
        MetricInfo::gauge(
            ASYNC_UTILISATION,
            "ratio",
            "CPU time that the threads that read requests used, of what they could have had",
        ),
        MetricInfo::gauge(
            ASYNC_CPU_SHARE,
            "ratio",
            "Time for which the threads that read requests got a CPU, of the time in which they wanted one",
        ),
        MetricInfo::gauge(
            SEARCH_RATE_LIMIT,
            "searches per second",
            "Searches that the rate limiter admits; 0 while it admits all",
        ),
        MetricInfo::summary(SEARCH_BATCH, "searches", "Searches scanned together"),
        MetricInfo::histogram(SEARCH_TIME, "seconds", "Time of one batch, from its start to its last reply"),
        MetricInfo::summary(SEARCH_SCORED, "rows", "Rows that a search of the search threads scored exactly"),
        MetricInfo::counter(SEARCH_CHECKED, "rows", "Rows of sampled answers that scoring every row finds"),
        MetricInfo::counter(
            SEARCH_MISSED,
            "rows",
            "Rows of sampled answers that the answer did not have, though scoring every row finds them; anything but 0 is a defect",
        ),
    ],
)
.note(
    "A sample of the answers is compared with scoring every row: recall is 1 - `shelfmark_search_missed_rows_total` / \
     `shelfmark_search_checked_rows_total`.",
);

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
