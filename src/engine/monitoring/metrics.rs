//! Metrics of learning's health: names, descriptions and gauges.

use metrics::{Label, gauge};

use crate::{
    health::{Health, Point, PointQuality, Quality, Survey, TableFigures, Verdict},
    state::LearnedTable,
    telemetry::{MetricInfo, MetricKind::Gauge},
};

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

/// Health of learning.
pub const METRICS: &[MetricInfo] = &[
    MetricInfo::new(
        VERDICT,
        Gauge,
        "`model`, `table`, `verdict`",
        "1 for the verdict of a table, or of `all`; 0 for the others",
    ),
    MetricInfo::new(LOSS_TO_CHANCE, Gauge, "`model`", "Mean loss of a target over that of a random guess"),
    MetricInfo::new(LAG_RECORDS, Gauge, "`model`", "Committed records that the live view does not hold"),
    MetricInfo::new(LAG_SECONDS, Gauge, "`model`", "Age of the oldest of them"),
    MetricInfo::new(
        TABLE_GRADIENT_NORM,
        Gauge,
        "`model`, `table`",
        "Norm of a table's gradient before clipping, root mean square over the steps of a point",
    ),
    MetricInfo::new(
        TABLE_UPDATE_RATIO,
        Gauge,
        "`model`, `table`",
        "Norm of a table's update over norm of what was updated",
    ),
    MetricInfo::new(
        TABLE_LEARNING_RATE,
        Gauge,
        "`model`, `table`",
        "Norm of a table's update over norm of its gradient after clipping",
    ),
    MetricInfo::new(TABLE_STILL_SHARE, Gauge, "`model`, `table`", "Share of rows with a gradient that did not move"),
    MetricInfo::new(TABLE_ROWS, Gauge, "`model`, `table`", "Rows with a gradient in a step"),
    MetricInfo::new(ROW_NORM, Gauge, "`model`, `table`, `quantile`", "Lengths of a table's rows"),
    MetricInfo::new(
        ROW_DRIFT,
        Gauge,
        "`model`, `table`, `quantile`",
        "Relative distance of a table's rows from the newest version",
    ),
    MetricInfo::new(ROWS_UNTOUCHED, Gauge, "`model`, `table`", "Share of met rows that no gradient ever reached"),
    MetricInfo::new(
        ROWS_STALE,
        Gauge,
        "`model`, `table`",
        "Share of met rows that no step touched in the last 100,000 records",
    ),
    MetricInfo::new(
        QUALITY_RECALL,
        Gauge,
        "`model`, `view` (`live`, `served`), `targets` (`all`, `novel`)",
        "Recall@20 of sampled targets",
    ),
    MetricInfo::new(QUALITY_MRR, Gauge, "`model`, `view`, `targets`", "Mean reciprocal rank@20 of sampled targets"),
    MetricInfo::new(QUALITY_TARGETS, Gauge, "`model`, `view`, `targets`", "Targets in the window of live quality"),
];

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
        let mut all = vec![Label::new("model", self.model.clone())];
        all.extend(labels.iter().map(|(key, value)| Label::from_static_parts(key, value)));
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
