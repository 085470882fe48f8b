//! Metrics of the health of learning.

use metrics::gauge;
use shelfmark_metrics::{Label, MODEL, MetricInfo, MetricSection};

use shelfmark_monitor::health::{Health, Point, PointQuality, Quality, Survey, TableFigures, Verdict};
use shelfmark_state::LearnedTable;

const VERDICT: &str = "shelfmark_learning_verdict";
const LOSS_TO_CHANCE: &str = "shelfmark_learning_loss_to_chance_ratio";
const LAG_RECORDS: &str = "shelfmark_learning_lag_records";
const LAG_SECONDS: &str = "shelfmark_learning_lag_seconds";
const TABLE_GRADIENT_NORM: &str = "shelfmark_learning_gradient_norm";
const TABLE_UPDATE_RATIO: &str = "shelfmark_learning_update_ratio";
const TABLE_LEARNING_RATE: &str = "shelfmark_learning_effective_rate";
const TABLE_STILL_SHARE: &str = "shelfmark_learning_still_rows_ratio";
const TABLE_ROWS: &str = "shelfmark_learning_rows_per_step";
const ROW_NORM: &str = "shelfmark_learning_row_norm";
const ROW_DRIFT: &str = "shelfmark_learning_row_drift_ratio";
const ROWS_UNTOUCHED: &str = "shelfmark_learning_untouched_rows_ratio";
const ROWS_STALE: &str = "shelfmark_learning_stale_rows_ratio";
const QUALITY_RECALL: &str = "shelfmark_quality_recall";
const QUALITY_MRR: &str = "shelfmark_quality_mrr";
const QUALITY_TARGETS: &str = "shelfmark_quality_targets";

const TABLE: Label = Label::any("table");
const VERDICTS: Label =
    Label::one_of("verdict", &["unknown", "healthy", "sparse", "drifting", "vanishing", "exploding"]);
const QUANTILE: Label = Label::one_of("quantile", &["0.1", "0.5", "0.9", "0.99"]);
const VIEW: Label = Label::one_of("view", &["live", "served"]);
const TARGETS: Label = Label::one_of("targets", &["all", "novel"]);

/// Metrics of the health of learning.
pub const METRICS: MetricSection = MetricSection::new(
    "Health of learning",
    &[
        MetricInfo::gauge(VERDICT, "0 or 1", "1 for the verdict of a table, or of `all`; 0 for the others")
            .labels(&[MODEL, TABLE, VERDICTS]),
        MetricInfo::gauge(LOSS_TO_CHANCE, "ratio", "Mean loss of a target over that of a random guess")
            .labels(&[MODEL]),
        MetricInfo::gauge(LAG_RECORDS, "records", "Committed records that the live view does not hold")
            .labels(&[MODEL]),
        MetricInfo::gauge(
            LAG_SECONDS,
            "seconds",
            "Age of the oldest committed record that the live view does not hold",
        )
        .labels(&[MODEL]),
        MetricInfo::gauge(
            TABLE_GRADIENT_NORM,
            "length",
            "Norm of a table's gradient before clipping, root mean square over the steps of a point",
        )
        .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(TABLE_UPDATE_RATIO, "ratio", "Norm of a table's update over norm of what was updated")
            .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(
            TABLE_LEARNING_RATE,
            "ratio",
            "Norm of a table's update over norm of its gradient after clipping",
        )
        .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(TABLE_STILL_SHARE, "ratio", "Share of rows with a gradient that did not move")
            .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(TABLE_ROWS, "rows", "Rows with a gradient in a step").labels(&[MODEL, TABLE]),
        MetricInfo::gauge(ROW_NORM, "length", "Lengths of a table's rows").labels(&[MODEL, TABLE, QUANTILE]),
        MetricInfo::gauge(ROW_DRIFT, "ratio", "Relative distance of a table's rows from the newest version")
            .labels(&[MODEL, TABLE, QUANTILE]),
        MetricInfo::gauge(ROWS_UNTOUCHED, "ratio", "Share of met rows that no gradient ever reached")
            .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(ROWS_STALE, "ratio", "Share of met rows that no step touched in the last 100,000 records")
            .labels(&[MODEL, TABLE]),
        MetricInfo::gauge(QUALITY_RECALL, "ratio", "Recall@20 of sampled targets").labels(&[MODEL, VIEW, TARGETS]),
        MetricInfo::gauge(QUALITY_MRR, "ratio", "Mean reciprocal rank@20 of sampled targets")
            .labels(&[MODEL, VIEW, TARGETS]),
        MetricInfo::gauge(QUALITY_TARGETS, "targets", "Targets in the window of live quality")
            .labels(&[MODEL, VIEW, TARGETS]),
    ],
)
.note(
    "[LEARNING.md](../LEARNING.md#monitoring) defines the figures. The label `table` names a learned table, such as \
     `items` or `users`.",
);

/// The gauges of one model.
pub struct MonitorMetrics {
    model: String,
}

impl MonitorMetrics {
    pub fn new(model: &str) -> Self {
        Self { model: model.to_owned() }
    }

    fn set(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: Option<f64>) {
        let Some(value) = value else { return };
        let mut all = vec![metrics::Label::new("model", self.model.clone())];
        all.extend(labels.iter().map(|(key, value)| metrics::Label::from_static_parts(key, value)));
        gauge!(name, all).set(value);
    }

    pub fn point(&self, point: &Point) {
        self.set(LOSS_TO_CHANCE, &[], point.sums.loss_to_chance());
        for table in LearnedTable::ALL {
            let figures = TableFigures::of(&point.sums, table);
            let label = [("table", table.name())];
            self.set(TABLE_ROWS, &label, figures.rows);
            self.set(TABLE_GRADIENT_NORM, &label, figures.gradient_norm);
            self.set(TABLE_UPDATE_RATIO, &label, figures.update_ratio);
            self.set(TABLE_LEARNING_RATE, &label, figures.learning_rate);
            self.set(TABLE_STILL_SHARE, &label, figures.still_share);
        }
    }

    pub fn lag(&self, records: u64, milliseconds: u64) {
        self.set(LAG_RECORDS, &[], Some(records as f64));
        self.set(LAG_SECONDS, &[], Some(milliseconds as f64 / 1000.0));
    }

    pub fn survey(&self, survey: &Survey) {
        for table in &survey.tables {
            let label = ("table", table.table.name());
            self.set(ROWS_UNTOUCHED, &[label], table.untouched_share());
            self.set(ROWS_STALE, &[label], table.stale_share());
            for (name, quantiles) in [(ROW_NORM, table.norms), (ROW_DRIFT, table.moved)] {
                let Some(quantiles) = quantiles else { continue };
                for (quantile, value) in
                    [("0.1", quantiles.p10), ("0.5", quantiles.p50), ("0.9", quantiles.p90), ("0.99", quantiles.p99)]
                {
                    self.set(name, &[label, ("quantile", quantile)], Some(f64::from(value)));
                }
            }
        }
    }

    pub fn verdicts(&self, health: &Health) {
        let tables = health.tables.iter().map(|table| (table.figures.table.name(), table.finding.verdict));
        for (table, found) in tables.chain([("all", health.finding.verdict)]) {
            for verdict in Verdict::ALL {
                let value = f64::from(u8::from(verdict == found));
                self.set(VERDICT, &[("table", table), ("verdict", verdict.name())], Some(value));
            }
        }
    }

    pub fn quality(&self, quality: &PointQuality) {
        for (view, quality) in [("live", &quality.live), ("served", &quality.served)] {
            let Quality { targets, recall, mrr, novel_targets, novel_recall, novel_mrr } = *quality;
            for (which, targets, recall, mrr) in
                [("all", targets, recall, mrr), ("novel", novel_targets, novel_recall, novel_mrr)]
            {
                let labels = [("view", view), ("targets", which)];
                self.set(QUALITY_TARGETS, &labels, Some(targets as f64));
                self.set(QUALITY_RECALL, &labels, recall);
                self.set(QUALITY_MRR, &labels, mrr);
            }
        }
    }
}
