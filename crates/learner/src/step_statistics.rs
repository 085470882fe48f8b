//! Step statistics: gradient, update and weight norms by table, for monitoring. They never enter the state (P4).
//!
//! Gradient norms are by-products and taken in every step. Update and weight norms cost a pass over the rows, so they
//! are measured in one of [`STATISTICS_EVERY`] steps.

use shelfmark_state::{LearnedTable, Scalars};

/// Default interval of steps whose rows are measured.
pub const STATISTICS_EVERY: u32 = 8;
/// Relative norm below which an update is lost in rounding (f32 values have a spacing of `1.2e-7`).
const STILL: f64 = 1e-7;

/// Statistics of one step on one table. Norms are squared, so that steps add up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TableStep {
    /// Rows with a gradient.
    pub rows: u32,
    /// Squared norm of the gradient before clipping.
    pub gradient: f64,
    /// In a measured step: rows whose gradient was 0 or whose update was lost in rounding.
    pub still: u32,
    /// In a measured step: squared norm of the updates.
    pub update: f64,
    /// In a measured step: squared norm of the updated rows.
    pub weights: f64,
}

/// Statistics of one step, by [`LearnedTable::index`].
pub type TableSteps = [TableStep; LearnedTable::ALL.len()];

/// Collects [`TableSteps`] while a step runs.
#[derive(Debug)]
pub struct StepStatistics {
    every: u32,
    steps: u32,
    on: bool,
    before: Vec<f32>,
    tables: TableSteps,
}

impl Default for StepStatistics {
    fn default() -> Self {
        Self::every(STATISTICS_EVERY)
    }
}

impl StepStatistics {
    /// Creates a collector that measures the rows of every `every`th step; 0 measures none.
    pub fn every(every: u32) -> Self {
        Self { every, steps: 0, on: false, before: Vec::new(), tables: TableSteps::default() }
    }

    /// Begins a step.
    pub fn begin(&mut self) {
        self.on = self.every > 0 && self.steps.is_multiple_of(self.every);
        self.steps = self.steps.wrapping_add(1);
        self.tables = TableSteps::default();
    }

    /// Returns whether the rows were measured, and the statistics.
    pub const fn finish(&self) -> (bool, TableSteps) {
        (self.on, self.tables)
    }

    /// Records the squared norm of a table's whole gradient.
    pub fn gradient(&mut self, table: LearnedTable, squares: f64) {
        self.tables[table.index()].gradient = squares;
    }

    /// Records rows with a gradient of 0, which are not updated.
    pub fn still(&mut self, table: LearnedTable, rows: usize) {
        let rows = u32::try_from(rows).expect("rows are u32");
        let seen = &mut self.tables[table.index()];
        seen.rows += rows;
        seen.still += if self.on { rows } else { 0 };
    }

    /// Runs the update of a row and measures it.
    #[inline]
    pub fn around(&mut self, table: LearnedTable, weights: &mut [f32], update: impl FnOnce(&mut [f32])) {
        let seen = &mut self.tables[table.index()];
        seen.rows += 1;
        if !self.on {
            return update(weights);
        }
        self.before.clear();
        self.before.extend_from_slice(weights);
        update(weights);
        let (moved, norm) = squares(&self.before, weights);
        seen.update += moved;
        seen.weights += norm;
        seen.still += u32::from(moved <= STILL * STILL * norm);
    }

    /// Runs the update of the small vectors and measures it. Values without a gradient, such as positions beyond the
    /// longest history, are excluded from the norms.
    pub fn around_small(&mut self, weights: &mut Scalars, gradient: &Scalars, update: impl FnOnce(&mut Scalars)) {
        if !self.on {
            self.tables[LearnedTable::Small.index()].rows += 1;
            return update(weights);
        }
        let old = *weights;
        update(weights);
        let values = |scalars: &Scalars| bytemuck::cast_slice::<_, f32>(std::slice::from_ref(scalars)).to_vec();
        let pairs = values(&old).into_iter().zip(values(weights));
        let learned = pairs.zip(values(gradient)).filter(|(_, gradient)| *gradient != 0.0).map(|(pair, _)| pair);
        let (mut before, after): (Vec<f32>, Vec<f32>) = learned.unzip();
        self.around(LearnedTable::Small, &mut before, |row| row.copy_from_slice(&after));
    }
}

/// Returns the squared norms of `after - before` and of `after`, in eight lanes so that the compiler vectorizes them.
fn squares(before: &[f32], after: &[f32]) -> (f64, f64) {
    let (mut moved, mut norm) = ([0.0_f32; 8], [0.0_f32; 8]);
    let (before8, before_rest) = before.as_chunks::<8>();
    let (after8, after_rest) = after.as_chunks::<8>();
    for (before, after) in before8.iter().zip(after8) {
        for lane in 0..8 {
            let difference = after[lane] - before[lane];
            moved[lane] = difference.mul_add(difference, moved[lane]);
            norm[lane] = after[lane].mul_add(after[lane], norm[lane]);
        }
    }
    for ((before, after), lane) in before_rest.iter().zip(after_rest).zip(0..) {
        moved[lane] += (after - before) * (after - before);
        norm[lane] += after * after;
    }
    (f64::from(moved.iter().sum::<f32>()), f64::from(norm.iter().sum::<f32>()))
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;

    use super::*;

    #[test]
    fn measured_steps_have_the_norms_computed_by_hand() {
        let mut statistics = StepStatistics::every(2);
        for step in 0..4 {
            statistics.begin();
            statistics.still(LearnedTable::Items, 1);
            let mut row = [3.0_f32, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
            statistics.around(LearnedTable::Items, &mut row, |row| row[0] = 0.0);
            statistics.around(LearnedTable::Items, &mut row, |_| {});
            let (on, tables) = statistics.finish();
            let items = tables[LearnedTable::Items.index()];
            assert_eq!((on, items.rows), (step % 2 == 0, 3));
            let expected = if on { (2, 9.0, 34.0) } else { (0, 0.0, 0.0) };
            assert_eq!((items.still, items.update, items.weights), expected);
        }
    }

    #[test]
    fn small_vectors_are_measured_where_they_have_a_gradient() {
        let mut statistics = StepStatistics::every(1);
        statistics.begin();
        let mut weights = Scalars::initial();
        let gradient = Scalars { wm: 1.0, ..Scalars::zeroed() };
        statistics.around_small(&mut weights, &gradient, |weights| weights.wm = 0.25);
        let small = statistics.finish().1[LearnedTable::Small.index()];
        assert_eq!((weights.wm, small.rows, small.still), (0.25, 1, 0));
        assert_eq!((small.update, small.weights), (0.0625, 0.0625));
    }
}
