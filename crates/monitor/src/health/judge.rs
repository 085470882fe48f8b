//! Health of a model: figures of the newest steps, with a verdict for each table and for the whole model.

use serde::Serialize;

use shelfmark_domain::Position;
use shelfmark_state::LearnedTable;

use super::{
    Convergence, Finding, Series, Sums, Survey, TableSurvey, Verdict, convergence,
    verdict::{self, BEFORE_TARGETS, RECENT_TARGETS},
};

/// Figures of one table over some steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableFigures {
    /// The table.
    pub table: LearnedTable,
    /// Mean number of rows with a gradient in a step.
    pub rows: Option<f64>,
    /// Norm of the gradient before clipping (root mean square over steps).
    pub gradient_norm: Option<f64>,
    /// Norm of the gradient after clipping. This and the following figures are over measured steps.
    pub clipped_gradient_norm: Option<f64>,
    /// Norm of the update.
    pub update_norm: Option<f64>,
    /// Norm of all updated rows together.
    pub weight_norm: Option<f64>,
    /// Norm of the update over the norm of the updated rows.
    pub update_ratio: Option<f64>,
    /// Norm of the update over the norm of the gradient after clipping: the equivalent rate of plain gradient descent.
    pub learning_rate: Option<f64>,
    /// Share of rows in the gradient that did not move, because it was 0 or too small.
    pub still_share: Option<f64>,
}

impl TableFigures {
    /// Computes the figures of every table.
    pub fn all(sums: &Sums) -> Vec<Self> {
        LearnedTable::ALL.into_iter().map(|table| Self::of(sums, table)).collect()
    }

    /// Computes the figures of one table.
    pub fn of(sums: &Sums, table: LearnedTable) -> Self {
        let of = sums.table(table);
        let learned = sums.steps - sums.quarantined;
        let touched = of.rows > 0;
        Self {
            table,
            rows: (learned > 0).then(|| of.rows as f64 / learned as f64),
            gradient_norm: of.gradient_norm(learned).filter(|_| touched),
            clipped_gradient_norm: of.clipped_gradient_norm(sums.measured).filter(|_| touched),
            update_norm: of.update_norm(sums.measured).filter(|_| touched),
            weight_norm: of.weight_norm(sums.measured).filter(|_| touched),
            update_ratio: of.update_ratio(),
            learning_rate: of.learning_rate(),
            still_share: of.still_share(),
        }
    }
}

/// Figures of some steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepFigures {
    /// Number of steps.
    pub steps: u64,
    /// Number of targets learned from.
    pub targets: u64,
    /// Mean loss of a target in nats.
    pub loss: Option<f64>,
    /// Mean loss over the loss of a random guess among the known items: 1 is no better than chance.
    pub loss_to_chance: Option<f64>,
    /// Norm of the whole gradient before clipping (root mean square over steps).
    pub gradient_norm: Option<f64>,
    /// Number of steps whose gradient was clipped.
    pub clipped: u64,
    /// Number of steps that were dropped because a number was not finite.
    pub quarantined: u64,
}

impl StepFigures {
    /// Computes the figures.
    pub fn of(sums: &Sums) -> Self {
        Self {
            steps: sums.steps,
            targets: sums.targets,
            loss: sums.mean_loss(),
            loss_to_chance: sums.loss_to_chance(),
            gradient_norm: sums.gradient_norm(),
            clipped: sums.clipped,
            quarantined: sums.quarantined,
        }
    }
}

/// Health of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableHealth {
    /// The verdict.
    #[serde(flatten)]
    pub finding: Finding,
    /// Figures of the newest steps.
    #[serde(flatten)]
    pub figures: TableFigures,
    /// Survey of its rows; null for the small vectors and before the first survey.
    pub survey: Option<TableSurvey>,
}

/// Health of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The worst verdict of all.
    #[serde(flatten)]
    pub finding: Finding,
    /// Position of the newest step.
    pub position: Position,
    /// Figures of the newest steps: about 2,048 targets.
    pub recent: StepFigures,
    /// Figures of the steps before them: about 16,384 targets.
    pub before: StepFigures,
    /// Whether the loss still falls.
    pub convergence: Convergence,
    /// Health by table.
    pub tables: Vec<TableHealth>,
}

/// Judges the newest steps of a series. `dim` is the number of values of an embedding.
pub fn judge(series: &Series, survey: Option<&Survey>, dim: usize) -> Health {
    let (recent, before) = series.windows(RECENT_TARGETS, BEFORE_TARGETS);
    let tables: Vec<TableHealth> = LearnedTable::ALL
        .into_iter()
        .map(|table| {
            let survey = survey.and_then(|survey| survey.table(table));
            let finding = verdict::table(table, &recent, survey, dim);
            TableHealth { finding, figures: TableFigures::of(&recent, table), survey: survey.cloned() }
        })
        .collect();
    let mut finding = verdict::whole(&recent, &before);
    for table in &tables {
        if table.finding.verdict > finding.verdict.max(Verdict::Healthy) {
            let because = format!("{}: {}", table.figures.table.name(), table.finding.because);
            finding = Finding::new(table.finding.verdict, because);
        }
    }
    Health {
        finding,
        position: series.through(),
        recent: StepFigures::of(&recent),
        before: StepFigures::of(&before),
        convergence: convergence(series),
        tables,
    }
}
