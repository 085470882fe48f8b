//! Metrics of the log: names, units and help texts.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Records in the append queue (gauge, records).
pub const QUEUE_RECORDS: &str = "shelfmark_log_queue_records";
/// Requests refused because the queue was full (counter, requests).
pub const QUEUE_FULL: &str = "shelfmark_log_queue_full_total";
/// Time from the first statement of an append to the end of its commit (histogram, seconds).
pub const APPEND_SECONDS: &str = "shelfmark_log_append_seconds";
/// Records of an append (histogram, records).
pub const APPEND_RECORDS: &str = "shelfmark_log_append_records";
/// Records committed (counter, records).
pub const RECORDS: &str = "shelfmark_log_records_total";
/// Events that were in the log already (counter, events).
pub const DUPLICATES: &str = "shelfmark_log_duplicates_total";
/// Events whose id belongs to another event of the log (counter, events).
pub const CONFLICTS: &str = "shelfmark_log_conflicts_total";
/// Appends that failed (counter, appends).
pub const FAILURES: &str = "shelfmark_log_append_failures_total";
/// Appends repeated with a lookup of every event id, because one was in the log already (counter, appends).
pub const LOOKUPS: &str = "shelfmark_log_append_lookups_total";
/// Last committed position known to this process (gauge, position).
pub const HEAD: &str = "shelfmark_log_head";

/// Label with the name of the model.
const MODEL: &str = "model";

/// Describes the metrics. Repeated calls change nothing.
fn describe() {
    describe_gauge!(QUEUE_RECORDS, Unit::Count, "Records in the append queue");
    describe_counter!(QUEUE_FULL, Unit::Count, "Requests refused because the append queue was full");
    describe_histogram!(
        APPEND_SECONDS,
        Unit::Seconds,
        "Time from an append's first statement to the end of its commit"
    );
    describe_histogram!(APPEND_RECORDS, Unit::Count, "Records of one append");
    describe_counter!(RECORDS, Unit::Count, "Records committed");
    describe_counter!(DUPLICATES, Unit::Count, "Events that were in the log already");
    describe_counter!(CONFLICTS, Unit::Count, "Events whose id belongs to another event of the log");
    describe_counter!(FAILURES, Unit::Count, "Appends that failed");
    describe_counter!(LOOKUPS, Unit::Count, "Appends repeated with a lookup of every event id");
    describe_gauge!(HEAD, Unit::Count, "Last committed position known to this process");
}

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
        describe();
        let model = model.to_owned();
        Self {
            queue_records: gauge!(QUEUE_RECORDS, MODEL => model.clone()),
            queue_full: counter!(QUEUE_FULL, MODEL => model.clone()),
            append_seconds: histogram!(APPEND_SECONDS, MODEL => model.clone()),
            append_records: histogram!(APPEND_RECORDS, MODEL => model.clone()),
            records: counter!(RECORDS, MODEL => model.clone()),
            duplicates: counter!(DUPLICATES, MODEL => model.clone()),
            conflicts: counter!(CONFLICTS, MODEL => model.clone()),
            failures: counter!(FAILURES, MODEL => model.clone()),
            lookups: counter!(LOOKUPS, MODEL => model.clone()),
            head: gauge!(HEAD, MODEL => model),
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
