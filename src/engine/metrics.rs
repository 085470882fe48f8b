//! Metrics of learning and of published views.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use shelfmark_metrics::{MetricInfo, MetricSection};

use shelfmark_domain::{Position, Timestamp};
use shelfmark_learner::Applied;

pub const RECORDS_APPLIED: &str = "shelfmark_engine_records_applied_total";
pub const POSITION: &str = "shelfmark_engine_position";
pub const VIEWS: &str = "shelfmark_engine_views_total";
pub const PUBLISH_SECONDS: &str = "shelfmark_engine_publish_seconds";
pub const VISIBLE_SECONDS: &str = "shelfmark_engine_visible_seconds";
pub const VERSIONS: &str = "shelfmark_engine_versions_total";
pub const VERSION_SECONDS: &str = "shelfmark_engine_version_seconds";
pub const VERSION_READ_BACK_FAILURES: &str = "shelfmark_engine_version_read_back_failures_total";
pub const LEARNER_FAILURES: &str = "shelfmark_engine_learner_failures_total";
pub const APPLY_SECONDS: &str = "shelfmark_learner_append_seconds";
pub const STEPS: &str = "shelfmark_learner_steps_total";
pub const TARGETS: &str = "shelfmark_learner_targets_total";
pub const LOSS: &str = "shelfmark_learner_loss_nats";
pub const GRADIENT_NORM: &str = "shelfmark_learner_gradient_norm";
pub const CLIPPED: &str = "shelfmark_learner_clipped_steps_total";
pub const QUARANTINED: &str = "shelfmark_learner_quarantined_steps_total";
pub const IDLE_DROPPED: &str = "shelfmark_learner_idle_dropped_total";

/// Metrics of learning and of published views.
pub const METRICS: MetricSection = MetricSection::new(
    "Learner and views",
    &[
        MetricInfo::counter(RECORDS_APPLIED, "records", "Records applied to the live state"),
        MetricInfo::gauge(POSITION, "position", "Position of the live view"),
        MetricInfo::counter(VIEWS, "views", "Views published"),
        MetricInfo::histogram(PUBLISH_SECONDS, "seconds", "Time of publishing one view"),
        MetricInfo::histogram(
            VISIBLE_SECONDS,
            "seconds",
            "From commit to published view, for the newest record of a view",
        ),
        MetricInfo::counter(VERSIONS, "versions", "Versions taken"),
        MetricInfo::histogram(VERSION_SECONDS, "seconds", "Time of taking one version"),
        MetricInfo::counter(
            VERSION_READ_BACK_FAILURES,
            "versions",
            "Versions that were not read back as they were stored, and were not kept",
        ),
        MetricInfo::counter(LEARNER_FAILURES, "failures", "Times the learner stopped after a failure"),
        MetricInfo::histogram(APPLY_SECONDS, "seconds", "Time of applying one append"),
        MetricInfo::counter(STEPS, "steps", "Gradient steps"),
        MetricInfo::counter(TARGETS, "targets", "Targets learned from"),
        MetricInfo::summary(LOSS, "nats", "Mean loss of a step's liked targets, each with weight 1"),
        MetricInfo::summary(GRADIENT_NORM, "length", "Euclidean norm of a step's gradient before clipping"),
        MetricInfo::counter(CLIPPED, "steps", "Steps whose gradient was clipped"),
        MetricInfo::counter(QUARANTINED, "steps", "Steps dropped because a number was not finite"),
        MetricInfo::counter(IDLE_DROPPED, "users and sessions", "Users and sessions dropped because they were idle"),
    ],
);

/// Counts one applied append.
pub fn record_applied(applied: &Applied, records: usize, elapsed: Duration) {
    counter!(RECORDS_APPLIED).increment(records as u64);
    counter!(STEPS).increment(applied.steps.len() as u64);
    histogram!(APPLY_SECONDS).record(elapsed);
    counter!(IDLE_DROPPED).increment(applied.dropped as u64);
    for step in &applied.steps {
        counter!(TARGETS).increment(step.targets as u64);
        counter!(CLIPPED).increment(u64::from(step.clipped));
        counter!(QUARANTINED).increment(u64::from(step.quarantined));
        if !step.quarantined {
            // A step of dislikes has no such loss, and 0 would be a perfect one.
            if let Some(loss) = step.liked.mean() {
                histogram!(LOSS).record(loss);
            }
            histogram!(GRADIENT_NORM).record(step.gradient_norm);
        }
    }
}

/// Counts one published view; `committed_at` is its newest record's commit.
pub fn record_publish(position: Position, elapsed: Duration, committed_at: Option<Timestamp>) {
    counter!(VIEWS).increment(1);
    histogram!(PUBLISH_SECONDS).record(elapsed);
    #[expect(clippy::cast_precision_loss, reason = "gauges are f64")]
    gauge!(POSITION).set(position.get() as f64);
    if let Some(committed_at) = committed_at {
        histogram!(VISIBLE_SECONDS).record(Timestamp::now().seconds_since(committed_at).max(0.0));
    }
}
