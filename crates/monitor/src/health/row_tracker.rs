//! Tracker of one row during a replay: the steps that moved it farthest, and their causes.

use serde::Serialize;

use shelfmark_domain::{Id, Position};
use shelfmark_learner::{Observer, StepReport, StepTask};
use shelfmark_state::{Actor, InferenceState, LearnedTable, State, Unit, distance};

use super::cosine;

/// Maximum number of listed steps.
pub const LARGEST_STEPS: usize = 10;

/// Owner of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOwner {
    /// An item: its learned vector, without those of its tokens and content.
    Item(Id),
    /// A user: the user's own vector, without that of the history.
    User(Id),
}

impl RowOwner {
    /// Returns the id of the item or user.
    pub const fn id(&self) -> &Id {
        match self {
            Self::Item(id) | Self::User(id) => id,
        }
    }

    /// Returns the table of the row.
    pub const fn table(&self) -> LearnedTable {
        match self {
            Self::Item(_) => LearnedTable::Items,
            Self::User(_) => LearnedTable::Users,
        }
    }

    /// Returns the row's number in a state.
    pub fn row(&self, inference: &InferenceState) -> Option<u32> {
        match self {
            Self::Item(id) => inference.catalog.row(id.as_str()),
            Self::User(id) => inference.users.get(id.as_str()),
        }
    }

    /// Returns the row's values in a state, `[dim]`.
    pub fn values<'a>(&self, inference: &'a InferenceState) -> Option<&'a [f32]> {
        let rows = inference.parameters.table(self.table());
        self.row(inference).map(|row| rows.row(row as usize))
    }
}

/// Cause of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A step with a target of this item or user.
    Target,
    /// A step in which the item was in the history of a query, or the user was the subject of one.
    History,
    /// A step in which it competed with the targets, as one of all items or as a sampled negative.
    Competitor,
    /// A record between steps: an imported vector or a restore.
    Record,
}

/// Movement of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowStep {
    /// Cause of the movement; the first that applies.
    pub cause: Cause,
    /// Position of the first record of the step's batch, or of the first record that can have caused a movement between
    /// steps.
    pub first: Position,
    /// Position of the last such record.
    pub last: Position,
    /// Euclidean distance of the vectors before and after.
    pub distance: f32,
    /// Cosine of the vectors before and after.
    pub cosine: f32,
    /// Mean loss of the step's targets in nats.
    pub loss: Option<f64>,
    /// Whether the step's gradient was clipped.
    pub clipped: bool,
    /// Number of targets of the step.
    pub targets: u64,
    /// Number of those targets that belong to the item or user.
    pub own_targets: u64,
}

/// Observer of a replay that records the movements of one row.
#[derive(Debug)]
pub struct RowTracker {
    owner: RowOwner,
    /// Movements up to this position do not count.
    after: Position,
    /// The row as last seen, and the position reached then.
    values: Option<Vec<f32>>,
    reached: Position,
    open: Option<Open>,
    moved: u64,
    largest: Vec<RowStep>,
}

/// Step in progress.
#[derive(Debug)]
struct Open {
    first: Position,
    own_targets: u64,
    in_history: bool,
}

impl RowTracker {
    /// Tracks a row from a state at `position` on. Movements that ended at or before `after` do not count.
    pub fn new(owner: RowOwner, from: &InferenceState, position: Position, after: Position) -> Self {
        let values = owner.values(from).map(<[f32]>::to_vec);
        Self { owner, after, values, reached: position, open: None, moved: 0, largest: Vec::new() }
    }

    /// Returns the number of movements, and the farthest ones, farthest first. `inference` is the state at `through`,
    /// where the replay ended.
    pub fn finish(mut self, inference: &InferenceState, through: Position) -> (u64, Vec<RowStep>) {
        self.between(inference, through.next());
        (self.moved, self.largest)
    }

    /// Records a movement between steps, before the batch that begins at `next`.
    fn between(&mut self, inference: &InferenceState, next: Position) {
        let first = self.reached.next();
        let last = Position::new(next.get().saturating_sub(1));
        let moved = self.moved_to(inference);
        if let Some((distance, cosine)) = moved {
            let (cause, loss) = (Cause::Record, None);
            self.note(RowStep {
                cause,
                first,
                last,
                distance,
                cosine,
                loss,
                clipped: false,
                targets: 0,
                own_targets: 0,
            });
        }
    }

    /// Updates the row as last seen. Returns distance and cosine if it moved.
    fn moved_to(&mut self, inference: &InferenceState) -> Option<(f32, f32)> {
        let now = self.owner.values(inference);
        let moved = match (&self.values, now) {
            (Some(old), Some(new)) if old != new => Some((distance(old, new), cosine(old, new))),
            (Some(_), Some(_)) => return None,
            // New, or removed by a restore: there is nothing to compare.
            (None, _) | (_, None) => None,
        };
        self.values = now.map(<[f32]>::to_vec);
        moved
    }

    fn note(&mut self, step: RowStep) {
        if step.last <= self.after {
            return;
        }
        self.moved += 1;
        let place = self.largest.partition_point(|larger| larger.distance >= step.distance);
        self.largest.insert(place, step);
        self.largest.truncate(LARGEST_STEPS);
    }

    fn open(&self, state: &State, task: &StepTask<'_>) -> Open {
        let row = self.owner.row(&state.inference);
        let units = || task.units.iter().filter(|unit| is_subject(&self.owner, row, unit));
        let own = task.pairs.iter().filter(|(unit, target)| {
            let unit = task.units[*unit];
            match self.owner {
                RowOwner::Item(_) => Some(unit.targets[*target].item) == row,
                RowOwner::User(_) => is_subject(&self.owner, row, unit),
            }
        });
        Open { first: Position::new(task.key.0), own_targets: own.count() as u64, in_history: units().next().is_some() }
    }
}

/// Whether the row is part of a unit's query.
fn is_subject(owner: &RowOwner, row: Option<u32>, unit: &Unit) -> bool {
    match owner {
        RowOwner::Item(_) => row.is_some_and(|row| unit.context.history.contains(&row)),
        RowOwner::User(_) => row.is_some_and(|row| unit.actor == Actor::User(row)),
    }
}

impl Observer for RowTracker {
    fn before_learning(&mut self, _: &State, _: &[Unit]) {}

    fn before_step(&mut self, state: &State, task: &StepTask<'_>) {
        self.between(&state.inference, Position::new(task.key.0));
        self.open = Some(self.open(state, task));
    }

    fn after_step(&mut self, state: &State, report: &StepReport) {
        let moved = self.moved_to(&state.inference);
        self.reached = report.through;
        let Some(Open { first, own_targets, in_history }) = self.open.take() else { return };
        let Some((distance, cosine)) = moved else { return };
        let cause = match (own_targets > 0, in_history) {
            (true, _) => Cause::Target,
            (false, true) => Cause::History,
            (false, false) => Cause::Competitor,
        };
        let (last, targets) = (report.through, report.targets as u64);
        let loss = report.liked.total().mean();
        self.note(RowStep {
            cause,
            first,
            last,
            distance,
            cosine,
            loss,
            clipped: report.clipped,
            targets,
            own_targets,
        });
    }

    fn after_learning(&mut self, state: &mut State, _: Position) {
        // Nothing else reads it in a replay.
        state.touched.clear();
    }
}
