//! L2-SP regularizer `config.pull` (Li, Grandvalet and Davoine 2018): adds `pull * (weight - base weight)` to the
//! gradient of a touched row.

use shelfmark_state::{BaseWeights, LearnedTable};

use super::adagrad::UpdateRule;

/// Regularizer of one step.
#[derive(Debug)]
pub struct BaseRegularizer<'a> {
    base_weights: Option<&'a BaseWeights>,
    strength: f32,
    sum: Vec<f32>,
}

impl<'a> BaseRegularizer<'a> {
    /// Creates the regularizer; without base weights it does nothing.
    pub const fn new(base_weights: Option<&'a BaseWeights>, strength: f32) -> Self {
        Self { base_weights, strength, sum: Vec::new() }
    }

    /// Returns the regularized gradient of a row's update, and the rule to apply it with. Without a base, both are the
    /// given ones. With one, the gradient includes the clipping factor already, as clipping must not scale the
    /// regularizer.
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
