//! Ablations: the same pass with one term of the score switched off.
//!
//! A term whose parameters start at 0 is removed exactly by a rate of 0; others need a switch in the configuration. Two
//! switches freeze learned weights at their initial values instead of removing anything, and say so.

use serde::Serialize;

use shelfmark_domain::{KindWeight, ModelConfig};

use super::{
    Evaluated, Observations,
    lead::Lead,
    metrics::{Cut, Sums},
    observations::Slice,
};

/// A term that can be switched off.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// Name on the command line.
    pub name: &'static str,
    /// What is removed.
    pub about: &'static str,
    off: fn(&mut ModelConfig),
}

/// Terms that the configuration can switch off.
pub const TERMS: [Term; 16] = [
    Term { name: "memory", about: "transition memory", off: |config| config.memory = false },
    Term { name: "tokens", about: "tokens of metadata", off: |config| config.tokens = false },
    Term { name: "context", about: "circumstances of events", off: |config| config.context = false },
    Term { name: "modalities", about: "dense vectors of items", off: |config| config.modalities = false },
    Term { name: "values", about: "values of events: their kinds weigh 1", off: without_values },
    Term { name: "cap", about: "the cap on one user's weight", off: |config| config.user_weight_max = 1e6 },
    Term { name: "users", about: "user vectors", off: |config| config.rates.users = 0.0 },
    Term { name: "repeat", about: "repeat tables", off: |config| config.rates.repeat = 0.0 },
    Term { name: "bias", about: "learned item biases", off: |config| config.rates.bias = 0.0 },
    Term { name: "dislikes", about: "pooled dislikes", off: |config| config.dislikes = false },
    Term { name: "units", about: "history places by unit", off: |config| config.history_units = false },
    Term { name: "novel", about: "softmax of novel targets", off: |config| config.novel_weight = 0.0 },
    Term {
        name: "popularity_gaps",
        about: "popularity by time gap, and at 200 events",
        off: |config| config.rates.popularity_gaps = 0.0,
    },
    Term { name: "entries", about: "entry popularity", off: |config| config.rates.entries = 0.0 },
    Term { name: "gaps", about: "history weights frozen at exp(-k/5)", off: |config| config.rates.history = 0.0 },
    Term { name: "breaks", about: "part weights frozen at 1, no gaps", off: |config| config.rates.parts = 0.0 },
];

fn without_values(config: &mut ModelConfig) {
    for weight in config.kinds.values_mut().filter(|weight| weight.constant().is_none()) {
        *weight = KindWeight::Constant(1.0);
    }
}

/// Terms of the score without an exact switch: their tables do not start at 0.
pub const WITHOUT_SWITCH: [&str; 3] = ["item vectors", "last-item table", "popularity"];

impl Term {
    /// Returns the term of this name.
    pub fn parse(name: &str) -> Option<Self> {
        TERMS.into_iter().find(|term| term.name == name)
    }

    /// Returns the configuration without the term.
    pub fn without(self, config: &ModelConfig) -> ModelConfig {
        let mut config = config.clone();
        (self.off)(&mut config);
        config
    }
}

/// Result of a pass without a term.
#[derive(Debug, Clone, Serialize)]
pub struct Ablated {
    /// The term.
    pub name: &'static str,
    /// What was removed.
    pub about: &'static str,
    /// Over all counted targets.
    #[serde(flatten)]
    pub whole: Cut,
    /// What the term is worth, with the sign of what is lost without it.
    pub difference: Lead,
    /// Targets without a past event, among all items that the service would recommend.
    pub cold_items: Sums,
}

impl Ablated {
    /// Takes the metrics of a pass without the term; `with` is of the pass with it.
    pub fn new(term: Term, evaluated: &Evaluated, with: &Reference) -> Self {
        let stats = &evaluated.prequential.methods()[0].stats;
        let without = evaluated.prequential.observations();
        let intervals = without.resample_with(&with.observations, with.seed).differences();
        let difference = Lead::new(&stats.whole, &with.whole, intervals);
        let mut whole = stats.whole;
        without.resample(Slice::Whole, 1, with.seed).intervals(0).write(&mut whole);
        Self { name: term.name, about: term.about, whole, difference, cold_items: stats.item_shots[0].servable }
    }
}

/// What passes without a term are compared with.
#[derive(Debug, Clone)]
pub struct Reference {
    observations: Observations,
    whole: Cut,
    seed: u64,
}

impl Reference {
    /// Takes it from the pass with all terms.
    pub fn new(evaluated: &Evaluated) -> Self {
        let prequential = &evaluated.prequential;
        Self {
            observations: prequential.observations().clone(),
            whole: prequential.methods()[0].stats.whole,
            seed: evaluated.state.config().seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_changes_the_configuration_and_keeps_it_valid() {
        for term in TERMS {
            let config = term.without(&ModelConfig::default());
            config.check().expect("valid");
            assert_ne!(config, ModelConfig::default(), "{}", term.name);
            assert_eq!(Term::parse(term.name).map(|found| found.about), Some(term.about));
        }
        assert!(Term::parse("nothing").is_none());
    }
}
