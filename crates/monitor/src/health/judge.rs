//! The health of a model now: figures of the newest steps with a verdict for each table and for the whole.

use serde::Serialize;

use shelfmark_domain::Position;
use shelfmark_state::LearnedTable;

use super::{
    Finding, Series, Sums, Survey, TableSurvey, Verdict,
    verdict::{self, BEFORE_TARGETS, RECENT_TARGETS},
};

/// What steps did to one table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableFigures {
    /// The table.
    pub table: LearnedTable,
    /// Rows with a gradient, a step.
    pub rows: Option<f64>,
    /// Norm of its gradient before clipping (root mean square over steps).
    pub gradient_norm: Option<f64>,
    /// Norm of its gradient after clipping, over watched steps as all that follow.
    pub clipped_gradient_norm: Option<f64>,
    /// Norm of its update.
    pub update_norm: Option<f64>,
    /// Norm of the rows that were updated, together.
    pub weight_norm: Option<f64>,
    /// Norm of the update over norm of what was updated.
    pub update_ratio: Option<f64>,
    /// Norm of the update over norm of the gradient after clipping: the rate that plain gradient descent would have needed.
    pub learning_rate: Option<f64>,
    /// Share of rows with a gradient that was 0, or too small to move them.
    pub still_share: Option<f64>,
}

impl TableFigures {
    /// Of some steps, every table.
    pub fn all(sums: &Sums) -> Vec<Self> {
        LearnedTable::ALL.into_iter().map(|table| Self::of(sums, table)).collect()
    }

    /// Of some steps.
    pub fn of(sums: &Sums, table: LearnedTable) -> Self {
        let of = sums.table(table);
        let learned = sums.steps - sums.quarantined;
        let touched = of.rows > 0;
        Self {
            table,
            rows: (learned > 0).then(|| of.rows as f64 / learned as f64),
            gradient_norm: of.gradient_norm(learned).filter(|_| touched),
            clipped_gradient_norm: of.clipped_gradient_norm(sums.watched).filter(|_| touched),
            update_norm: of.update_norm(sums.watched).filter(|_| touched),
            weight_norm: of.weight_norm(sums.watched).filter(|_| touched),
            update_ratio: of.update_ratio(),
            learning_rate: of.learning_rate(),
            still_share: of.still_share(),
        }
    }
}

/// What some steps did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepFigures {
    /// Steps.
    pub steps: u64,
    /// Targets learned from.
    pub targets: u64,
    /// Mean loss of a target in nats.
    pub loss: Option<f64>,
    /// The same over the loss of a guess at random among the known items: 1 is no better than chance.
    pub loss_to_chance: Option<f64>,
    /// Norm of the whole gradient before clipping (root mean square over steps).
    pub gradient_norm: Option<f64>,
    /// Steps whose gradient was scaled down.
    pub clipped: u64,
    /// Steps that were dropped because a number was not finite.
    pub quarantined: u64,
}

impl StepFigures {
    /// Of some steps.
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

/// One table, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableHealth {
    /// The verdict.
    #[serde(flatten)]
    pub finding: Finding,
    /// What the newest steps did to it.
    #[serde(flatten)]
    pub figures: TableFigures,
    /// What its rows look like; null for the small vectors and before the first survey.
    pub survey: Option<TableSurvey>,
}

/// The health of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The worst of all.
    #[serde(flatten)]
    pub finding: Finding,
    /// Position of the newest step.
    pub position: Position,
    /// What the newest steps did: about 2,048 targets.
    pub recent: StepFigures,
    /// What about 16,384 targets before them did.
    pub before: StepFigures,
    /// By table.
    pub tables: Vec<TableHealth>,
}

/// Judges the newest steps of a series. `dim`: values of one embedding.
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
        tables,
    }
}
