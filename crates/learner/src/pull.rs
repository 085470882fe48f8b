//! The pull towards a base: `config.pull * (weight - base weight)` is added to the gradient of a touched row.

use shelfmark_state::{Anchor, Table};

use super::adagrad::Rule;

/// A step's pull.
#[derive(Debug)]
pub struct Pull<'a> {
    anchor: Option<&'a Anchor>,
    strength: f32,
    sum: Vec<f32>,
}

impl<'a> Pull<'a> {
    /// `anchor`: what it pulls towards; without one it does nothing.
    pub const fn new(anchor: Option<&'a Anchor>, strength: f32) -> Self {
        Self { anchor, strength, sum: Vec::new() }
    }

    /// The gradient that an update of `weights`, a row of a table, needs with the returned rule. Without a base it is the one
    /// given, untouched; with one, the step's factor is in it already: an explosion scales the loss down and not the pull.
    pub fn add<'b>(
        &'b mut self,
        (table, row): (Table, u32),
        weights: &[f32],
        gradient: &'b [f32],
        rule: Rule,
    ) -> (&'b [f32], Rule) {
        let Some(base) = self.anchor.and_then(|anchor| anchor.row(table, row)) else { return (gradient, rule) };
        let pulled = weights.iter().zip(base).map(|(weight, base)| self.strength * (weight - base));
        self.sum.clear();
        self.sum.extend(gradient.iter().zip(pulled).map(|(gradient, pulled)| rule.scale * gradient + pulled));
        (&self.sum, Rule { scale: 1.0, ..rule })
    }
}
