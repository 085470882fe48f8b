//! The pull towards a base: `config.pull * (weight - base weight)` is added to the gradient of a touched row.

use shelfmark_state::{BaseWeights, LearnedTable};

use super::adagrad::UpdateRule;

/// A step's pull.
#[derive(Debug)]
pub struct BaseRegularizer<'a> {
    base_weights: Option<&'a BaseWeights>,
    strength: f32,
    sum: Vec<f32>,
}

impl<'a> BaseRegularizer<'a> {
    /// `base_weights`: what it pulls towards; without one it does nothing.
    pub const fn new(base_weights: Option<&'a BaseWeights>, strength: f32) -> Self {
        Self { base_weights, strength, sum: Vec::new() }
    }

    /// The gradient that an update of `weights`, a row of a table, needs with the returned rule. Without a base it is the one
    /// given, untouched; with one, the step's factor is in it already: an explosion scales the loss down and not the pull.
    pub fn add<'b>(
        &'b mut self,
        (table, row): (LearnedTable, u32),
        weights: &[f32],
        gradient: &'b [f32],
        rule: UpdateRule,
    ) -> (&'b [f32], UpdateRule) {
        let Some(base) = self.base_weights.and_then(|base_weights| base_weights.row(table, row)) else {
            return (gradient, rule);
        };
        let pulled = weights.iter().zip(base).map(|(weight, base)| self.strength * (weight - base));
        self.sum.clear();
        self.sum.extend(gradient.iter().zip(pulled).map(|(gradient, pulled)| rule.scale * gradient + pulled));
        (&self.sum, UpdateRule { scale: 1.0, ..rule })
    }
}
