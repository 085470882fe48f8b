//! Names of the engine's metrics, with their units.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::{
    domain::{Position, Timestamp},
    learner::Applied,
};

/// Records applied to the live state (counter, records).
pub const RECORDS_APPLIED: &str = "shelfmark_engine_records_applied_total";
/// Gradient steps (counter).
pub const STEPS: &str = "shelfmark_learner_steps_total";
/// Targets learned from (counter).
pub const TARGETS: &str = "shelfmark_learner_targets_total";
/// Time of applying one append (histogram, seconds).
pub const APPLY_SECONDS: &str = "shelfmark_learner_append_seconds";
/// Mean loss of a step's targets (histogram, nats).
pub const LOSS: &str = "shelfmark_learner_loss_nats";
/// Euclidean norm of a step's gradient before clipping (histogram).
pub const GRADIENT_NORM: &str = "shelfmark_learner_gradient_norm";
/// Steps scaled down as explosions (counter).
pub const CLIPPED: &str = "shelfmark_learner_clipped_steps_total";
/// Steps dropped because a number was not finite (counter).
pub const QUARANTINED: &str = "shelfmark_learner_quarantined_steps_total";
/// Views published (counter).
pub const VIEWS: &str = "shelfmark_engine_views_total";
/// Time of publishing one view (histogram, seconds).
pub const PUBLISH_SECONDS: &str = "shelfmark_engine_publish_seconds";
/// From commit to published view, for the newest record of a view (histogram, seconds).
pub const VISIBLE_SECONDS: &str = "shelfmark_engine_visible_seconds";
/// Position of the live view (gauge).
pub const POSITION: &str = "shelfmark_engine_position";
/// Versions taken (counter).
pub const VERSIONS: &str = "shelfmark_engine_versions_total";
/// Versions that were not read back as they were stored, and were not kept (counter).
pub const VERSION_READ_BACK_FAILURES: &str = "shelfmark_engine_version_read_back_failures_total";
/// Time of taking one version (histogram, seconds).
pub const VERSION_SECONDS: &str = "shelfmark_engine_version_seconds";
/// Users and sessions that were dropped because they were idle (counter).
pub const IDLE_DROPPED: &str = "shelfmark_learner_idle_dropped_total";
/// Times the learner stopped after a failure (counter).
pub const LEARNER_FAILURES: &str = "shelfmark_engine_learner_failures_total";

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
            #[expect(clippy::cast_precision_loss, reason = "a step has at most 2,048 targets")]
            histogram!(LOSS).record(step.loss / step.targets.max(1) as f64);
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
