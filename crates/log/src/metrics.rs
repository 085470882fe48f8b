//! Metrics of the log: names, units and help texts.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Records that wait for an append (gauge, records).
pub const QUEUE_RECORDS: &str = "shelfmark_log_queue_records";
/// Requests refused because the queue was full (counter, requests).
pub const QUEUE_FULL: &str = "shelfmark_log_queue_full_total";
/// From the first statement of an append to the end of its commit (histogram, seconds).
pub const APPEND_SECONDS: &str = "shelfmark_log_append_seconds";
/// Records of an append (histogram, records).
pub const APPEND_RECORDS: &str = "shelfmark_log_append_records";
/// Records committed (counter, records).
pub const RECORDS: &str = "shelfmark_log_records_total";
/// Events that stood in the log already (counter, events).
pub const DUPLICATES: &str = "shelfmark_log_duplicates_total";
/// Events whose id stands in the log with another body (counter, events).
pub const CONFLICTS: &str = "shelfmark_log_conflicts_total";
/// Appends that failed (counter, appends).
pub const FAILURES: &str = "shelfmark_log_append_failures_total";
/// Appends begun again with a look-up of every id, because one stood in the log already (counter, appends).
pub const LOOKUPS: &str = "shelfmark_log_append_lookups_total";
/// Last committed position that this process knows of (gauge, position).
pub const HEAD: &str = "shelfmark_log_head";

/// Every call names the model by this label.
const MODEL: &str = "model";

/// Describes the metrics; the same again changes nothing.
fn describe() {
    describe_gauge!(QUEUE_RECORDS, Unit::Count, "Records that wait for an append");
    describe_counter!(QUEUE_FULL, Unit::Count, "Requests refused because the append queue was full");
    describe_histogram!(
        APPEND_SECONDS,
        Unit::Seconds,
        "Time from an append's first statement to the end of its commit"
    );
    describe_histogram!(APPEND_RECORDS, Unit::Count, "Records of one append");
    describe_counter!(RECORDS, Unit::Count, "Records committed");
    describe_counter!(DUPLICATES, Unit::Count, "Events that stood in the log already");
    describe_counter!(CONFLICTS, Unit::Count, "Events whose id stands in the log with another body");
    describe_counter!(FAILURES, Unit::Count, "Appends that failed");
    describe_counter!(LOOKUPS, Unit::Count, "Appends begun again with a look-up of every event id");
    describe_gauge!(HEAD, Unit::Count, "Last committed position that this process knows of");
}

/// Handles of one model's metrics, looked up once.
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

    /// Notes one committed append.
    #[expect(clippy::cast_precision_loss, reason = "an append holds at most some 10,000 records")]
    pub(super) fn committed(&self, records: usize, took: Duration) {
        self.append_seconds.record(took.as_secs_f64());
        self.append_records.record(records as f64);
        self.records.increment(records as u64);
    }
}
