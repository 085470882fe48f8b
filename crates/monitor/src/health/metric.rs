//! The names of what a series can be asked for.
use shelfmark_state::LearnedTable;

use super::{Point, TableFigures};

/// Figures of the whole.
const WHOLE: [&str; 14] = [
    "loss",
    "loss_to_chance",
    "gradient_norm",
    "clipped_share",
    "quarantined",
    "steps",
    "targets",
    "recall",
    "mrr",
    "novel_recall",
    "novel_mrr",
    "served_recall",
    "served_mrr",
    "served_novel_recall",
];
/// Figures of a table.
const TABLE: [&str; 8] = [
    "rows",
    "gradient_norm",
    "clipped_gradient_norm",
    "update_norm",
    "weight_norm",
    "update_ratio",
    "learning_rate",
    "still_share",
];

/// One figure of a series, of the whole (`all`) or of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    table: Option<LearnedTable>,
    name: &'static str,
}

/// Why there is no such figure; the text lists those that there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownMetric {
    /// No such table.
    #[error("is not one of: all, {0}")]
    Table(String),
    /// No such figure of that table.
    #[error("is not one of: {0}")]
    Metric(String),
}

impl Metric {
    /// Reads `all` or a table's name, and a figure's.
    pub fn parse(table: &str, metric: &str) -> Result<Self, UnknownMetric> {
        let names = || LearnedTable::ALL.map(LearnedTable::name).join(", ");
        let table = match table {
            "all" => None,
            name => {
                let known = LearnedTable::ALL.into_iter().find(|table| table.name() == name);
                Some(known.ok_or_else(|| UnknownMetric::Table(names()))?)
            }
        };
        let metrics: &[&'static str] = if table.is_some() { &TABLE } else { &WHOLE };
        let name = metrics.iter().find(|name| **name == metric);
        let name = name.ok_or_else(|| UnknownMetric::Metric(metrics.join(", ")))?;
        Ok(Self { table, name })
    }

    /// The figure at a point; `None` where it was not measured.
    pub fn value(self, point: &Point) -> Option<f64> {
        let Some(table) = self.table else { return self.whole(point) };
        let figures = TableFigures::of(&point.sums, table);
        match self.name {
            "rows" => figures.rows,
            "gradient_norm" => figures.gradient_norm,
            "clipped_gradient_norm" => figures.clipped_gradient_norm,
            "update_norm" => figures.update_norm,
            "weight_norm" => figures.weight_norm,
            "update_ratio" => figures.update_ratio,
            "learning_rate" => figures.learning_rate,
            "still_share" => figures.still_share,
            other => unreachable!("{other} is not in the list"),
        }
    }

    fn whole(self, point: &Point) -> Option<f64> {
        let (sums, live, served) = (&point.sums, &point.quality.live, &point.quality.served);
        match self.name {
            "loss" => sums.mean_loss(),
            "loss_to_chance" => sums.loss_to_chance(),
            "gradient_norm" => sums.gradient_norm(),
            "clipped_share" => sums.clipped_share(),
            "quarantined" => Some(sums.quarantined as f64),
            "steps" => Some(sums.steps as f64),
            "targets" => Some(sums.targets as f64),
            "recall" => live.recall,
            "mrr" => live.mrr,
            "novel_recall" => live.novel_recall,
            "novel_mrr" => live.novel_mrr,
            "served_recall" => served.recall,
            "served_mrr" => served.mrr,
            "served_novel_recall" => served.novel_recall,
            other => unreachable!("{other} is not in the list"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{PointQuality, Sums};

    #[test]
    fn every_listed_figure_can_be_asked_for_and_others_are_refused_with_the_list() {
        let point = Point { through: Default::default(), sums: Sums::default(), quality: PointQuality::default() };
        for name in WHOLE {
            Metric::parse("all", name).expect("listed").value(&point);
        }
        for table in LearnedTable::ALL {
            for name in TABLE {
                Metric::parse(table.name(), name).expect("listed").value(&point);
            }
        }
        let text = |table, metric| Metric::parse(table, metric).expect_err("refused").to_string();
        assert!(text("items", "loss").contains("update_ratio"));
        assert!(text("all", "rows").contains("loss_to_chance"));
        assert!(text("colours", "loss").contains("items, last"));
    }
}
