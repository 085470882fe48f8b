//! Sums over steps, from which the figures of any run of steps are computed.

use shelfmark_learner::{LOSS_KINDS, LikedLoss, StepReport, TableStep};
use shelfmark_state::LearnedTable;

/// Sums over steps for one table.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TableSums {
    /// Number of rows with a gradient; a row counts once per step.
    pub rows: u64,
    /// Sum of squared norms of the gradient before clipping.
    pub gradient: f64,
    /// Number of rows with a gradient, in measured steps.
    pub measured_rows: u64,
    /// Number of those rows that did not move.
    pub still: u64,
    /// Sum of squared norms of the gradient after clipping, in measured steps.
    pub clipped_gradient: f64,
    /// Sum of squared norms of the updates, in measured steps.
    pub update: f64,
    /// Sum of squared norms of the updated rows, in measured steps.
    pub weights: f64,
}

/// Sums over steps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Number of steps, dropped ones included.
    pub steps: u64,
    /// Number of steps whose updates were measured.
    pub measured: u64,
    /// Number of targets learned from.
    pub targets: u64,
    /// Sum of squared norms of the whole gradient before clipping.
    pub gradient: f64,
    /// Number of steps whose gradient was clipped.
    pub clipped: u64,
    /// Number of steps dropped because a number was not finite.
    pub quarantined: u64,
    kinds: [KindSums; LOSS_KINDS],
    tables: [TableSums; LearnedTable::ALL.len()],
}

/// Sums over the liked targets of one kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct KindSums {
    /// Losses in nats, each target with weight 1: neither the scale of weights nor dislikes change them.
    pub liked: LikedLoss,
    /// Sum of the losses of random guesses: `ln known` per target.
    pub chance: f64,
}

impl KindSums {
    pub(super) fn add(&mut self, liked: LikedLoss, chance: f64) {
        self.liked.targets += liked.targets;
        self.liked.sum += liked.sum;
        self.chance += chance;
    }
}

impl Sums {
    /// Adds a step. A dropped step is only counted, since its numbers are not finite.
    pub fn add(&mut self, step: &StepReport) {
        self.steps += 1;
        if step.quarantined {
            self.quarantined += 1;
            return;
        }
        self.targets += step.targets as u64;
        let guess = (step.known.max(2) as f64).ln();
        for (sums, liked) in self.kinds.iter_mut().zip(step.liked.by_kind()) {
            sums.add(*liked, liked.targets as f64 * guess);
        }
        self.gradient += f64::from(step.gradient_norm).powi(2);
        self.clipped += u64::from(step.clipped);
        self.measured += u64::from(step.measured);
        let scale = f64::from(step.scale).powi(2);
        for (sums, table) in self.tables.iter_mut().zip(&step.tables) {
            sums.add(table, step.measured, scale);
        }
    }

    /// Adds the steps of `other`.
    pub fn absorb(&mut self, other: &Self) {
        self.steps += other.steps;
        self.measured += other.measured;
        self.targets += other.targets;
        for (sums, other) in self.kinds.iter_mut().zip(&other.kinds) {
            sums.add(other.liked, other.chance);
        }
        self.gradient += other.gradient;
        self.clipped += other.clipped;
        self.quarantined += other.quarantined;
        for (sums, other) in self.tables.iter_mut().zip(&other.tables) {
            sums.rows += other.rows;
            sums.gradient += other.gradient;
            sums.measured_rows += other.measured_rows;
            sums.still += other.still;
            sums.clipped_gradient += other.clipped_gradient;
            sums.update += other.update;
            sums.weights += other.weights;
        }
    }

    /// Returns the sums by kind of event.
    pub const fn kinds(&self) -> &[KindSums; LOSS_KINDS] {
        &self.kinds
    }

    /// Returns the sums of all kinds of event together.
    fn all_kinds(&self) -> KindSums {
        let mut all = KindSums::default();
        for kind in &self.kinds {
            all.add(kind.liked, kind.chance);
        }
        all
    }

    /// Returns the sums of one table.
    pub const fn table(&self, table: LearnedTable) -> &TableSums {
        &self.tables[table.index()]
    }

    /// Computes the mean loss of a liked target in nats.
    pub fn mean_loss(&self) -> Option<f64> {
        self.all_kinds().liked.mean()
    }

    /// Computes the mean loss of a liked target over that of a random guess: 1 is no better than chance.
    pub fn loss_to_chance(&self) -> Option<f64> {
        let all = self.all_kinds();
        ratio(all.liked.sum, all.chance)
    }

    /// Computes the norm of the gradient before clipping, as root mean square over steps.
    pub fn gradient_norm(&self) -> Option<f64> {
        ratio(self.gradient, (self.steps - self.quarantined) as f64).map(f64::sqrt)
    }

    /// Computes the share of steps whose gradient was clipped.
    pub fn clipped_share(&self) -> Option<f64> {
        ratio(self.clipped as f64, self.steps as f64)
    }
}

impl TableSums {
    fn add(&mut self, step: &TableStep, measured: bool, scale: f64) {
        self.rows += u64::from(step.rows);
        self.gradient += step.gradient;
        if measured {
            self.measured_rows += u64::from(step.rows);
            self.still += u64::from(step.still);
            self.clipped_gradient += scale * step.gradient;
            self.update += step.update;
            self.weights += step.weights;
        }
    }

    /// Computes the norm of the gradient before clipping, as root mean square over `steps`.
    pub fn gradient_norm(&self, steps: u64) -> Option<f64> {
        ratio(self.gradient, steps as f64).map(f64::sqrt)
    }

    /// Computes the norm of the gradient after clipping, as root mean square over `measured` steps.
    pub fn clipped_gradient_norm(&self, measured: u64) -> Option<f64> {
        ratio(self.clipped_gradient, measured as f64).map(f64::sqrt)
    }

    /// Computes the norm of the update, as root mean square over `measured` steps.
    pub fn update_norm(&self, measured: u64) -> Option<f64> {
        ratio(self.update, measured as f64).map(f64::sqrt)
    }

    /// Computes the norm of all updated rows together, as root mean square over `measured` steps.
    pub fn weight_norm(&self, measured: u64) -> Option<f64> {
        ratio(self.weights, measured as f64).map(f64::sqrt)
    }

    /// Computes the norm of the update over the norm of the updated rows.
    pub fn update_ratio(&self) -> Option<f64> {
        ratio(self.update, self.weights).map(f64::sqrt)
    }

    /// Computes the equivalent rate of plain gradient descent: the norm of the update over the norm of the gradient
    /// after clipping.
    pub fn learning_rate(&self) -> Option<f64> {
        ratio(self.update, self.clipped_gradient).map(f64::sqrt)
    }

    /// Computes the share of rows with a gradient that did not move.
    pub fn still_share(&self) -> Option<f64> {
        ratio(self.still as f64, self.measured_rows as f64)
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
