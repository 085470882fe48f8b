//! Metrics of learning and of published views.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use shelfmark_metrics::{MODEL, MetricInfo, MetricSection};

use shelfmark_domain::{ModelName, Position, Timestamp};
use shelfmark_learner::Applied;

const RECORDS_APPLIED: &str = "shelfmark_engine_records_applied_total";
const POSITION: &str = "shelfmark_engine_position";
const VIEWS: &str = "shelfmark_engine_views_total";
const PUBLISH_SECONDS: &str = "shelfmark_engine_publish_seconds";
const VISIBLE_SECONDS: &str = "shelfmark_engine_visible_seconds";
const VERSIONS: &str = "shelfmark_engine_versions_total";
const VERSION_SECONDS: &str = "shelfmark_engine_version_seconds";
const VERSION_READ_BACK_FAILURES: &str = "shelfmark_engine_version_read_back_failures_total";
const LEARNER_FAILURES: &str = "shelfmark_engine_learner_failures_total";
const APPLY_SECONDS: &str = "shelfmark_learner_append_seconds";
const STEPS: &str = "shelfmark_learner_steps_total";
const TARGETS: &str = "shelfmark_learner_targets_total";
const LOSS: &str = "shelfmark_learner_loss_nats";
const GRADIENT_NORM: &str = "shelfmark_learner_gradient_norm";
const CLIPPED: &str = "shelfmark_learner_clipped_steps_total";
const QUARANTINED: &str = "shelfmark_learner_quarantined_steps_total";
const IDLE_DROPPED: &str = "shelfmark_learner_idle_dropped_total";

/// Metrics of learning and of published views.
pub const METRICS: MetricSection = MetricSection::new(
    "Learner and views",
    &[
        MetricInfo::counter(RECORDS_APPLIED, "records", "Records applied to the live state").labels(&[MODEL]),
        MetricInfo::gauge(POSITION, "position", "Position of the live view").labels(&[MODEL]),
        MetricInfo::counter(VIEWS, "views", "Views published").labels(&[MODEL]),
        MetricInfo::histogram(PUBLISH_SECONDS, "seconds", "Time of publishing one view").labels(&[MODEL]),
        MetricInfo::histogram(
            VISIBLE_SECONDS,
            "seconds",
            "From commit to published view, for the newest record of a view",
        )
        .labels(&[MODEL]),
        MetricInfo::counter(VERSIONS, "versions", "Versions taken").labels(&[MODEL]),
        MetricInfo::histogram(VERSION_SECONDS, "seconds", "Time of taking one version").labels(&[MODEL]),
        MetricInfo::counter(
            VERSION_READ_BACK_FAILURES,
            "versions",
            "Versions that were not read back as they were stored, and were not kept",
        )
        .labels(&[MODEL]),
        MetricInfo::counter(LEARNER_FAILURES, "failures", "Times the learner stopped after a failure").labels(&[MODEL]),
        MetricInfo::histogram(APPLY_SECONDS, "seconds", "Time of applying one append").labels(&[MODEL]),
        MetricInfo::counter(STEPS, "steps", "Gradient steps").labels(&[MODEL]),
        MetricInfo::counter(TARGETS, "targets", "Targets learned from").labels(&[MODEL]),
        MetricInfo::summary(LOSS, "nats", "Mean loss of a step's liked targets, each with weight 1").labels(&[MODEL]),
        MetricInfo::summary(GRADIENT_NORM, "length", "Euclidean norm of a step's gradient before clipping")
            .labels(&[MODEL]),
        MetricInfo::counter(CLIPPED, "steps", "Steps whose gradient was clipped").labels(&[MODEL]),
        MetricInfo::counter(QUARANTINED, "steps", "Steps dropped because a number was not finite").labels(&[MODEL]),
        MetricInfo::counter(IDLE_DROPPED, "users and sessions", "Users and sessions dropped because they were idle")
            .labels(&[MODEL]),
    ],
);

/// Metrics of one model, resolved once.
pub struct ModelMetrics {
    records_applied: Counter,
    position: Gauge,
    views: Counter,
    publish_seconds: Histogram,
    visible_seconds: Histogram,
    versions: Counter,
    version_seconds: Histogram,
    pub read_back_failures: Counter,
    pub learner_failures: Counter,
    apply_seconds: Histogram,
    steps: Counter,
    targets: Counter,
    loss: Histogram,
    gradient_norm: Histogram,
    clipped: Counter,
    quarantined: Counter,
    idle_dropped: Counter,
}

impl ModelMetrics {
    pub fn new(model: &ModelName) -> Self {
        let model = [("model", model.as_str().to_owned())];
        Self {
            records_applied: counter!(RECORDS_APPLIED, &model),
            position: gauge!(POSITION, &model),
            views: counter!(VIEWS, &model),
            publish_seconds: histogram!(PUBLISH_SECONDS, &model),
            visible_seconds: histogram!(VISIBLE_SECONDS, &model),
            versions: counter!(VERSIONS, &model),
            version_seconds: histogram!(VERSION_SECONDS, &model),
            read_back_failures: counter!(VERSION_READ_BACK_FAILURES, &model),
            learner_failures: counter!(LEARNER_FAILURES, &model),
            apply_seconds: histogram!(APPLY_SECONDS, &model),
            steps: counter!(STEPS, &model),
            targets: counter!(TARGETS, &model),
            loss: histogram!(LOSS, &model),
            gradient_norm: histogram!(GRADIENT_NORM, &model),
            clipped: counter!(CLIPPED, &model),
            quarantined: counter!(QUARANTINED, &model),
            idle_dropped: counter!(IDLE_DROPPED, &model),
        }
    }

    /// Counts one applied append.
    pub fn applied(&self, applied: &Applied, records: usize, elapsed: Duration) {
        self.records_applied.increment(records as u64);
        self.steps.increment(applied.steps.len() as u64);
        self.apply_seconds.record(elapsed);
        self.idle_dropped.increment(applied.dropped as u64);
        for step in &applied.steps {
            self.targets.increment(step.targets as u64);
            self.clipped.increment(u64::from(step.clipped));
            self.quarantined.increment(u64::from(step.quarantined));
            if !step.quarantined {
                // A step of dislikes has no such loss, and 0 would be a perfect one.
                if let Some(loss) = step.liked.total().mean() {
                    self.loss.record(loss);
                }
                self.gradient_norm.record(step.gradient_norm);
            }
        }
    }

    /// Counts one published view; `committed_at` is its newest record's commit.
    pub fn published(&self, position: Position, elapsed: Duration, committed_at: Option<Timestamp>) {
        self.views.increment(1);
        self.publish_seconds.record(elapsed);
        #[expect(clippy::cast_precision_loss, reason = "gauges are f64")]
        self.position.set(position.get() as f64);
        if let Some(committed_at) = committed_at {
            self.visible_seconds.record(Timestamp::now().seconds_since(committed_at).max(0.0));
        }
    }

    /// Counts one version that was taken.
    pub fn version_taken(&self, elapsed: Duration) {
        self.versions.increment(1);
        self.version_seconds.record(elapsed);
    }
}
