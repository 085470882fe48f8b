//! Metrics of the log.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use shelfmark_metrics::{MODEL, MetricInfo, MetricSection};

const HEAD: &str = "shelfmark_log_head";
const RECORDS: &str = "shelfmark_log_records_total";
const APPEND_RECORDS: &str = "shelfmark_log_append_records";
const APPEND_SECONDS: &str = "shelfmark_log_append_seconds";
const FAILURES: &str = "shelfmark_log_append_failures_total";
const LOOKUPS: &str = "shelfmark_log_append_lookups_total";
const DUPLICATES: &str = "shelfmark_log_duplicates_total";
const CONFLICTS: &str = "shelfmark_log_conflicts_total";
const QUEUE_RECORDS: &str = "shelfmark_log_queue_records";
const QUEUE_FULL: &str = "shelfmark_log_queue_full_total";

/// Metrics of the log.
pub const METRICS: MetricSection = MetricSection::new(
    "Log",
    &[
        MetricInfo::gauge(HEAD, "position", "Last committed position that this process knows of").labels(&[MODEL]),
        MetricInfo::counter(RECORDS, "records", "Records committed").labels(&[MODEL]),
        MetricInfo::summary(APPEND_RECORDS, "records", "Records of an append").labels(&[MODEL]),
        MetricInfo::histogram(
            APPEND_SECONDS,
            "seconds",
            "Time from the first statement of an append to the end of its commit",
        )
        .labels(&[MODEL]),
        MetricInfo::counter(FAILURES, "appends", "Appends that failed").labels(&[MODEL]),
        MetricInfo::counter(
            LOOKUPS,
            "appends",
            "Appends begun again with a look-up of every event id, because one was in the log already",
        )
        .labels(&[MODEL]),
        MetricInfo::counter(DUPLICATES, "events", "Events that were in the log already").labels(&[MODEL]),
        MetricInfo::counter(CONFLICTS, "events", "Events whose id is in the log with another body").labels(&[MODEL]),
        MetricInfo::gauge(QUEUE_RECORDS, "records", "Records that wait for an append").labels(&[MODEL]),
        MetricInfo::counter(QUEUE_FULL, "requests", "Requests refused because the append queue was full")
            .labels(&[MODEL]),
    ],
);

/// Handles of one model's metrics, resolved once.
pub(super) struct Metrics {
    pub(super) queue_records: metrics::Gauge,
    pub(super) queue_full: metrics::Counter,
    append_seconds: metrics::Histogram,
    append_records: metrics::Histogram,
    records: metrics::Counter,
    pub(super) duplicates: metrics::Counter,
    pub(super) conflicts: metrics::Counter,
    pub(super) failures: metrics::Counter,
    pub(super) lookups: metrics::Counter,
    pub(super) head: metrics::Gauge,
}

impl Metrics {
    pub(super) fn new(model: &str) -> Self {
        let model = [("model", model.to_owned())];
        Self {
            queue_records: gauge!(QUEUE_RECORDS, &model),
            queue_full: counter!(QUEUE_FULL, &model),
            append_seconds: histogram!(APPEND_SECONDS, &model),
            append_records: histogram!(APPEND_RECORDS, &model),
            records: counter!(RECORDS, &model),
            duplicates: counter!(DUPLICATES, &model),
            conflicts: counter!(CONFLICTS, &model),
            failures: counter!(FAILURES, &model),
            lookups: counter!(LOOKUPS, &model),
            head: gauge!(HEAD, &model),
        }
    }

    /// Records one committed append.
    #[expect(clippy::cast_precision_loss, reason = "an append holds at most some 10,000 records")]
    pub(super) fn committed(&self, records: usize, took: Duration) {
        self.append_seconds.record(took.as_secs_f64());
        self.append_records.record(records as f64);
        self.records.increment(records as u64);
    }
}
