//! Metrics of a series, by the names that queries use.

use shelfmark_state::LearnedTable;

use super::{Point, TableFigures};

/// Defines an enum of figures with their names in queries.
macro_rules! figures {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum $name {
            $($variant),+
        }

        impl $name {
            const ALL: &[(Self, &str)] = &[$((Self::$variant, $text)),+];
        }
    };
}

figures! {
    /// Figures of whole steps.
    StepFigure {
        Loss => "loss",
        LossToChance => "loss_to_chance",
        GradientNorm => "gradient_norm",
        ClippedShare => "clipped_share",
        Quarantined => "quarantined",
        Steps => "steps",
        Targets => "targets",
        Recall => "recall",
        Mrr => "mrr",
        NovelRecall => "novel_recall",
        NovelMrr => "novel_mrr",
        ServedRecall => "served_recall",
        ServedMrr => "served_mrr",
        ServedNovelRecall => "served_novel_recall",
        PopularityRecall => "popularity_recall",
        PopularityMrr => "popularity_mrr",
    }
}

figures! {
    /// Figures of a table.
    TableFigure {
        Rows => "rows",
        GradientNorm => "gradient_norm",
        ClippedGradientNorm => "clipped_gradient_norm",
        UpdateNorm => "update_norm",
        WeightNorm => "weight_norm",
        UpdateRatio => "update_ratio",
        LearningRate => "learning_rate",
        StillShare => "still_share",
    }
}

/// Figure of a series, of whole steps (`all`) or of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric(Figure);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Step(StepFigure),
    Table(LearnedTable, TableFigure),
}

/// Error for an unknown name. The text lists the known names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownMetric {
    /// The table is unknown.
    #[error("is not one of: all, {0}")]
    Table(String),
    /// The table has no such figure.
    #[error("is not one of: {0}")]
    Metric(String),
}

/// Finds a figure by its name. The error lists all names.
fn find<T: Copy>(all: &[(T, &str)], name: &str) -> Result<T, UnknownMetric> {
    let found = all.iter().find(|(_, known)| *known == name).map(|(figure, _)| *figure);
    found.ok_or_else(|| UnknownMetric::Metric(all.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")))
}

impl Metric {
    /// Parses the name of a table, or `all`, and the name of a figure.
    pub fn parse(table: &str, metric: &str) -> Result<Self, UnknownMetric> {
        if table == "all" {
            return find(StepFigure::ALL, metric).map(|figure| Self(Figure::Step(figure)));
        }
        let known = LearnedTable::ALL.into_iter().find(|known| known.name() == table);
        let table = known.ok_or_else(|| UnknownMetric::Table(LearnedTable::ALL.map(LearnedTable::name).join(", ")))?;
        find(TableFigure::ALL, metric).map(|figure| Self(Figure::Table(table, figure)))
    }

    /// Returns the figure at a point; `None` where it was not measured.
    pub fn value(self, point: &Point) -> Option<f64> {
        match self.0 {
            Figure::Step(figure) => figure.value(point),
            Figure::Table(table, figure) => figure.value(&TableFigures::of(&point.sums, table)),
        }
    }
}

impl TableFigure {
    fn value(self, figures: &TableFigures) -> Option<f64> {
        match self {
            Self::Rows => figures.rows,
            Self::GradientNorm => figures.gradient_norm,
            Self::ClippedGradientNorm => figures.clipped_gradient_norm,
            Self::UpdateNorm => figures.update_norm,
            Self::WeightNorm => figures.weight_norm,
            Self::UpdateRatio => figures.update_ratio,
            Self::LearningRate => figures.learning_rate,
            Self::StillShare => figures.still_share,
        }
    }
}

impl StepFigure {
    fn value(self, point: &Point) -> Option<f64> {
        let (sums, quality) = (&point.sums, &point.quality);
        let (live, served, popularity) = (&quality.live, &quality.served, &quality.popularity);
        match self {
            Self::Loss => sums.mean_loss(),
            Self::LossToChance => sums.loss_to_chance(),
            Self::GradientNorm => sums.gradient_norm(),
            Self::ClippedShare => sums.clipped_share(),
            Self::Quarantined => Some(sums.quarantined as f64),
            Self::Steps => Some(sums.steps as f64),
            Self::Targets => Some(sums.targets as f64),
            Self::Recall => live.recall,
            Self::Mrr => live.mrr,
            Self::NovelRecall => live.novel_recall,
            Self::NovelMrr => live.novel_mrr,
            Self::ServedRecall => served.recall,
            Self::ServedMrr => served.mrr,
            Self::ServedNovelRecall => served.novel_recall,
            Self::PopularityRecall => popularity.recall,
            Self::PopularityMrr => popularity.mrr,
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
        for (_, name) in StepFigure::ALL {
            Metric::parse("all", name).expect("listed").value(&point);
        }
        for table in LearnedTable::ALL {
            for (_, name) in TableFigure::ALL {
                Metric::parse(table.name(), name).expect("listed").value(&point);
            }
        }
        let text = |table, metric| Metric::parse(table, metric).expect_err("refused").to_string();
        assert!(text("items", "loss").contains("update_ratio"));
        assert!(text("all", "rows").contains("loss_to_chance"));
        assert!(text("colours", "loss").contains("items, last"));
    }
}
