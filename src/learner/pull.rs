//! The pull towards a base: `config.pull * (weight - base weight)` is added to the gradient of a touched row.

use super::adagrad::Rule;
use crate::state::{State, Table};

/// Work space.
#[derive(Debug, Default)]
pub struct Pull {
    sum: Vec<f32>,
}

impl Pull {
    /// The gradient that an update with the returned rule needs. Without a base it is the one given, untouched; with one, the
    /// step's factor is in it already, because an explosion scales the loss down and not the pull.
    pub fn add<'a>(
        &'a mut self,
        state: &State,
        (table, row): (Table, u32),
        gradient: &'a [f32],
        rule: Rule,
    ) -> (&'a [f32], Rule) {
        let Some(base) = state.anchor().and_then(|anchor| anchor.row(table, row)) else { return (gradient, rule) };
        let pull = state.config().pull;
        let weights = state.readable.parameters.table(table).row(row as usize);
        self.sum.clear();
        let pulled = weights.iter().zip(base).map(|(weight, base)| pull * (weight - base));
        self.sum.extend(gradient.iter().zip(pulled).map(|(gradient, pulled)| rule.scale * gradient + pulled));
        (&self.sum, Rule { scale: 1.0, ..rule })
    }
}
