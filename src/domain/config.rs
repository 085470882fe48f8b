//! A model's configuration: part of its state, changed only by a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, text_within};

/// Everything that decides how a model learns. Two states with different configurations have different digests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Values of one embedding.
    pub dim: usize,
    /// How many of the newest events make up a query.
    pub history: usize,
    /// Weight of an example's loss by the event's kind; a kind that is not here is refused. 0 to 100.
    pub kinds: BTreeMap<String, f32>,
    /// Keys every random draw together with position and draw number.
    pub seed: u64,
    /// Targets of one gradient step, at least; a step takes up to twice as many rather than leave a rest.
    pub step_targets: usize,
    /// Shared negatives of a step once the softmax is sampled.
    pub negatives: usize,
    /// Known items below which the softmax is full.
    pub full_softmax_below: usize,
    /// Adagrad rates by table.
    pub rates: LearningRates,
    /// Whether transition memory takes part in scores.
    pub memory: bool,
    /// Whether words, categories and other metadata of items take part in their vectors.
    pub tokens: bool,
    /// A step whose global gradient norm is more than this many times the running median is scaled down to it.
    pub clip_ratio: f32,
}

/// Adagrad rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LearningRates {
    /// Item vectors.
    pub items: f32,
    /// Last-item vectors.
    pub last: f32,
    /// User vectors.
    pub users: f32,
    /// Token vectors.
    pub tokens: f32,
    /// Item biases.
    pub bias: f32,
    /// Log weights of history places and of time gaps.
    pub history: f32,
    /// Weights of pool, last item and user.
    pub parts: f32,
    /// Repeat table.
    pub repeat: f32,
    /// Weight of the transition memory.
    pub memory: f32,
    /// Weights of popularity.
    pub popularity: f32,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let kinds = ["view", "click", "like", "favorite", "cart", "purchase", "rating", "play", "share"];
        Self {
            dim: 128,
            history: 20,
            kinds: kinds.into_iter().map(|kind| (kind.to_owned(), 1.0)).collect(),
            seed: 0,
            step_targets: 64,
            negatives: 2048,
            full_softmax_below: 4096,
            rates: LearningRates::default(),
            memory: true,
            tokens: true,
            clip_ratio: 10.0,
        }
    }
}

impl Default for LearningRates {
    fn default() -> Self {
        Self {
            items: 0.08,
            last: 0.08,
            users: 0.08,
            tokens: 0.07,
            bias: 0.1,
            history: 0.1,
            parts: 0.05,
            repeat: 0.2,
            memory: 0.1,
            popularity: 0.02,
        }
    }
}

impl ModelConfig {
    /// Most kinds.
    pub const KINDS_MAX: usize = 64;

    /// Checks every rule; the error names the field as in JSON.
    pub fn check(&self) -> FieldResult<()> {
        within("dim", self.dim, 4, 1024)?;
        if !self.dim.is_multiple_of(4) {
            return Err(FieldError::new("dim", "not_a_multiple", "must be a multiple of 4"));
        }
        within("history", self.history, 1, 200)?;
        within("step_targets", self.step_targets, 1, 1024)?;
        within("negatives", self.negatives, 16, 65_536)?;
        within("full_softmax_below", self.full_softmax_below, 0, 65_536)?;
        within("kinds", self.kinds.len(), 1, Self::KINDS_MAX)?;
        for (kind, weight) in &self.kinds {
            text_within("kinds", kind, super::Event::CONTEXT_BYTES_MAX)?;
            number(&format!("kinds.{kind}"), *weight, 0.0, 100.0)?;
        }
        let r = &self.rates;
        for (name, rate) in [
            ("items", r.items),
            ("last", r.last),
            ("users", r.users),
            ("tokens", r.tokens),
            ("bias", r.bias),
            ("history", r.history),
            ("parts", r.parts),
            ("repeat", r.repeat),
            ("memory", r.memory),
            ("popularity", r.popularity),
        ] {
            number(&format!("rates.{name}"), rate, 0.0, 10.0)?;
        }
        number("clip_ratio", self.clip_ratio, 1.0, 1e6)
    }
}

fn within(field: &str, value: usize, min: usize, max: usize) -> FieldResult<()> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(FieldError::new(field, "out_of_range", format!("must be {min} to {max}, is {value}")))
}

fn number(field: &str, value: f32, min: f32, max: f32) -> FieldResult<()> {
    // Written so that NaN fails.
    if value >= min && value <= max {
        return Ok(());
    }
    Err(FieldError::new(field, "out_of_range", format!("must be {min} to {max}, is {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_an_error_names_the_field() {
        ModelConfig::default().check().expect("valid");
        let bad = ModelConfig { dim: 6, ..ModelConfig::default() };
        assert_eq!(bad.check().expect_err("refused").field, "dim");
        let mut bad = ModelConfig::default();
        bad.rates.bias = f32::NAN;
        assert_eq!(bad.check().expect_err("refused").field, "rates.bias");
    }
}
