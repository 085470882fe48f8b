//! Why a model is not ready, as facts left by real work.

use std::sync::{Mutex, PoisonError};

use crate::domain::Position;

/// What stands between a model and readiness.
#[derive(Debug, Default)]
pub struct Health {
    facts: Mutex<Facts>,
}

#[derive(Debug, Default)]
struct Facts {
    failure: Option<String>,
    catch_up: Option<Position>,
}

impl Health {
    /// The learner stopped for this reason.
    pub fn failed(&self, reason: String) {
        self.with(|facts| facts.failure = Some(reason));
    }

    /// The learner runs; it is ready once it reaches `head`.
    pub fn running(&self, head: Position) {
        self.with(|facts| *facts = Facts { failure: None, catch_up: Some(head) });
    }

    /// The live view stands at `position`.
    pub fn reached(&self, position: Position) {
        self.with(|facts| {
            if facts.catch_up.is_some_and(|head| position >= head) {
                facts.catch_up = None;
            }
        });
    }

    /// The failure, if the learner is down.
    pub fn failure(&self) -> Option<String> {
        self.with(|facts| facts.failure.clone())
    }

    /// Reasons in words; empty when ready.
    pub fn reasons(&self, model: &str, position: Position) -> Vec<String> {
        self.with(|facts| {
            let failure = facts.failure.as_ref().map(|reason| format!("model {model}: the learner is down: {reason}"));
            let catch_up =
                facts.catch_up.map(|head| format!("model {model}: replaying the log, position {position} of {head}"));
            failure.into_iter().chain(catch_up).collect()
        })
    }

    fn with<T>(&self, use_facts: impl FnOnce(&mut Facts) -> T) -> T {
        use_facts(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
