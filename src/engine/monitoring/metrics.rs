//! Names of the metrics of learning's health, with their units. All carry the label `model`, those of tables `table`.

use metrics::{Gauge, Label, gauge};

use crate::{
    health::{Health, Point, PointQuality, Quality, Survey, TableFigures, Verdict},
    state::LearnedTable,
};

/// Norm of a table's gradient before clipping, root mean square over the steps of a point (gauge).
pub const TABLE_GRADIENT_NORM: &str = "shelfmark_learning_gradient_norm";
/// Norm of a table's update over norm of what was updated (gauge, ratio).
pub const TABLE_UPDATE_RATIO: &str = "shelfmark_learning_update_ratio";
/// Norm of a table's update over norm of its gradient after clipping (gauge).
pub const TABLE_LEARNING_RATE: &str = "shelfmark_learning_effective_rate";
/// Share of rows with a gradient that did not move (gauge, ratio).
pub const TABLE_STILL_SHARE: &str = "shelfmark_learning_still_rows_ratio";
/// Rows with a gradient a step (gauge, rows).
pub const TABLE_ROWS: &str = "shelfmark_learning_rows_per_step";
/// Mean loss of a target over that of a guess at random (gauge, ratio).
pub const LOSS_TO_CHANCE: &str = "shelfmark_learning_loss_to_chance_ratio";
/// Committed records that the live view does not hold (gauge, records).
pub const LAG_RECORDS: &str = "shelfmark_learning_lag_records";
/// Age of the oldest of them (gauge, seconds).
pub const LAG_SECONDS: &str = "shelfmark_learning_lag_seconds";
/// Lengths of a table's rows by label `quantile` (gauge).
pub const ROW_NORM: &str = "shelfmark_learning_row_norm";
/// Relative distance of a table's rows from the newest version by label `quantile` (gauge, ratio).
pub const ROW_DRIFT: &str = "shelfmark_learning_row_drift_ratio";
/// Share of a table's met rows that no gradient ever reached (gauge, ratio).
pub const ROWS_UNTOUCHED: &str = "shelfmark_learning_untouched_rows_ratio";
/// Share of a table's met rows that no step touched in the last 100,000 records (gauge, ratio).
pub const ROWS_STALE: &str = "shelfmark_learning_stale_rows_ratio";
/// 1 for the verdict (label) of a table, or of `all`, 0 for the others (gauge).
pub const VERDICT: &str = "shelfmark_learning_verdict";
/// Recall@20 of sampled targets, by labels `view` (live, served) and `targets` (all, novel) (gauge, ratio).
pub const QUALITY_RECALL: &str = "shelfmark_quality_recall";
/// Mean reciprocal rank@20 of sampled targets, labels as above (gauge, ratio).
pub const QUALITY_MRR: &str = "shelfmark_quality_mrr";
/// Targets in the window of live quality, labels as above (gauge, targets).
pub const QUALITY_TARGETS: &str = "shelfmark_quality_targets";

/// The gauges of one model.
pub struct WatchMetrics {
    model: String,
}

impl WatchMetrics {
    pub fn new(model: &str) -> Self {
        Self { model: model.to_owned() }
    }

    fn set(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: Option<f64>) {
        let Some(value) = value else { return };
        let mut all = vec![Label::new("model", self.model.clone())];
        all.extend(labels.iter().map(|(key, value)| Label::from_static_parts(key, value)));
        let gauge: Gauge = gauge!(name, all);
        gauge.set(value);
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
