//! Figures of some steps, added up so that any run of steps has them.

use shelfmark_learner::{StepReport, TableStep};
use shelfmark_state::LearnedTable;

/// What some steps did to one table.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TableSums {
    /// Rows with a gradient, a row counted once a step.
    pub rows: u64,
    /// Squared norms of the gradient before clipping.
    pub gradient: f64,
    /// Of watched steps: rows with a gradient.
    pub watched_rows: u64,
    /// Of watched steps: rows that did not move.
    pub still: u64,
    /// Of watched steps: squared norms of the gradient after clipping.
    pub clipped_gradient: f64,
    /// Of watched steps: squared norms of the updates.
    pub update: f64,
    /// Of watched steps: squared norms of the rows.
    pub weights: f64,
}

/// What some steps did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Steps, dropped ones too.
    pub steps: u64,
    /// Steps whose rows were watched.
    pub watched: u64,
    /// Targets learned from.
    pub targets: u64,
    /// Their losses.
    pub loss: f64,
    /// What a guess at random would have lost: `ln known` a target.
    pub chance: f64,
    /// Squared norms of the whole gradient before clipping.
    pub gradient: f64,
    /// Steps scaled down.
    pub clipped: u64,
    /// Steps dropped because a number was not finite.
    pub quarantined: u64,
    tables: [TableSums; LearnedTable::ALL.len()],
}

impl Sums {
    /// Adds a step. Of a dropped one only the fact: its numbers are not finite.
    pub fn add(&mut self, step: &StepReport) {
        self.steps += 1;
        if step.quarantined {
            self.quarantined += 1;
            return;
        }
        self.targets += step.targets as u64;
        self.loss += step.loss;
        self.chance += step.targets as f64 * (step.known.max(2) as f64).ln();
        self.gradient += f64::from(step.gradient_norm).powi(2);
        self.clipped += u64::from(step.clipped);
        self.watched += u64::from(step.measured);
        let scale = f64::from(step.scale).powi(2);
        for (sums, table) in self.tables.iter_mut().zip(&step.tables) {
            sums.add(table, step.measured, scale);
        }
    }

    /// Adds the steps of `other`.
    pub fn absorb(&mut self, other: &Self) {
        self.steps += other.steps;
        self.watched += other.watched;
        self.targets += other.targets;
        self.loss += other.loss;
        self.chance += other.chance;
        self.gradient += other.gradient;
        self.clipped += other.clipped;
        self.quarantined += other.quarantined;
        for (sums, other) in self.tables.iter_mut().zip(&other.tables) {
            sums.rows += other.rows;
            sums.gradient += other.gradient;
            sums.watched_rows += other.watched_rows;
            sums.still += other.still;
            sums.clipped_gradient += other.clipped_gradient;
            sums.update += other.update;
            sums.weights += other.weights;
        }
    }

    /// One table's.
    pub const fn table(&self, table: LearnedTable) -> &TableSums {
        &self.tables[table.index()]
    }

    /// Mean loss of a target in nats.
    pub fn mean_loss(&self) -> Option<f64> {
        ratio(self.loss, self.targets as f64)
    }

    /// Mean loss of a target over that of a guess at random: 1 is no better than chance.
    pub fn loss_to_chance(&self) -> Option<f64> {
        ratio(self.loss, self.chance)
    }

    /// Norm of the gradient before clipping, root mean square over steps.
    pub fn gradient_norm(&self) -> Option<f64> {
        ratio(self.gradient, (self.steps - self.quarantined) as f64).map(f64::sqrt)
    }

    /// Share of steps that were scaled down.
    pub fn clipped_share(&self) -> Option<f64> {
        ratio(self.clipped as f64, self.steps as f64)
    }
}

impl TableSums {
    fn add(&mut self, step: &TableStep, watched: bool, scale: f64) {
        self.rows += u64::from(step.rows);
        self.gradient += step.gradient;
        if watched {
            self.watched_rows += u64::from(step.rows);
            self.still += u64::from(step.still);
            self.clipped_gradient += scale * step.gradient;
            self.update += step.update;
            self.weights += step.weights;
        }
    }

    /// Norm of the gradient before clipping, root mean square over `steps`.
    pub fn gradient_norm(&self, steps: u64) -> Option<f64> {
        ratio(self.gradient, steps as f64).map(f64::sqrt)
    }

    /// Norm of the gradient after clipping, root mean square over `watched` steps.
    pub fn clipped_gradient_norm(&self, watched: u64) -> Option<f64> {
        ratio(self.clipped_gradient, watched as f64).map(f64::sqrt)
    }

    /// Norm of the update, root mean square over `watched` steps.
    pub fn update_norm(&self, watched: u64) -> Option<f64> {
        ratio(self.update, watched as f64).map(f64::sqrt)
    }

    /// Norm of the touched rows together, root mean square over `watched` steps.
    pub fn weight_norm(&self, watched: u64) -> Option<f64> {
        ratio(self.weights, watched as f64).map(f64::sqrt)
    }

    /// Norm of the update over norm of what was updated.
    pub fn update_ratio(&self) -> Option<f64> {
        ratio(self.update, self.weights).map(f64::sqrt)
    }

    /// The rate that plain gradient descent would have needed for the same length of way: norm of the update over norm of
    /// the gradient after clipping.
    pub fn learning_rate(&self) -> Option<f64> {
        ratio(self.update, self.clipped_gradient).map(f64::sqrt)
    }

    /// Share of rows with a gradient that did not move.
    pub fn still_share(&self) -> Option<f64> {
        ratio(self.still as f64, self.watched_rows as f64)
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
