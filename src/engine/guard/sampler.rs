//! Sampler of a guard: events of people whom the reference knows, ranked by the live state and by the reference.
//!
//! **Whose events.** A burst of nonsense would drown the events of everybody else in any fair sample, and a state that
//! has learned the nonsense foretells it well. So only users are asked whom the reference knows, and nobody again
//! before others were: new accounts have no say, and an old one has one voice however much it clicks. Where there are
//! no users at all, sessions stand for them, new ones too.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::mpsc;

use crate::engine::{
    deployment::readers::Readers,
    monitoring::ranking::{RankedSample, Sample, sample},
    snapshots::cache::CachedVersion,
};
use shelfmark_domain::{GuardMetric, Id, Served};
use shelfmark_monitor::health::Ranked;
use shelfmark_state::{Actor, State, Unit};

/// Samples that wait to be ranked; more are not taken.
pub const WAITING_MAX: usize = 32;
/// Units of one batch that are sampled at most.
const BATCH_UNITS_MAX: usize = 8;
/// Longest list of people who have to wait before they are asked again.
const ASKED_MAX: usize = 256;

/// Something to learn from.
pub enum Observation {
    /// A unit about to be learned.
    Unit(Sample),
    /// A recommended list was clicked; the arm that made it.
    Click(Served),
}

/// Takes samples for a guard that is on watch in this process.
pub struct GuardSampler {
    sender: mpsc::Sender<Observation>,
    /// What live is measured against; `None` while only clicks are.
    reference: Option<Arc<CachedVersion>>,
    asked: Mutex<VecDeque<Id>>,
    offered: AtomicUsize,
}

impl GuardSampler {
    /// Samples go to `sender`.
    pub fn new(sender: mpsc::Sender<Observation>, reference: Option<Arc<CachedVersion>>) -> Self {
        Self { sender, reference, asked: Mutex::default(), offered: AtomicUsize::new(0) }
    }

    /// Takes a few of a batch's units. Costs a look at a counter while enough are waiting.
    pub fn offer(&self, readers: &Readers, state: &State, units: &[Unit]) {
        let Some(reference) = &self.reference else { return };
        if units.is_empty() || self.sender.capacity() == 0 {
            return;
        }
        let number = self.offered.fetch_add(1, Ordering::Relaxed);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, from) = units.split_at(number % units.len());
        let mut taken = 0;
        for unit in from.iter().chain(before) {
            let Some(person) = person(state, reference, unit) else { continue };
            if taken == BATCH_UNITS_MAX || asked.contains(&person) {
                continue;
            }
            let seed = (number * BATCH_UNITS_MAX + taken) as u64;
            let Some(sample) = sample(readers, state, unit, seed, Vec::new()) else { continue };
            if self.sender.try_send(Observation::Unit(sample)).is_err() {
                return;
            }
            taken += 1;
            asked.push_back(person);
            while asked.len() > waiting_people(reference) {
                asked.pop_front();
            }
        }
    }

    /// A list of this arm was clicked. While too much waits the click is passed over, whosever it is.
    pub fn clicked(&self, served: Served) {
        // Full, or nobody watches any more: either way it is not needed.
        drop(self.sender.try_send(Observation::Click(served)));
    }
}

/// How many others are asked before one is asked again: a quarter of the people that the reference knows.
fn waiting_people(reference: &CachedVersion) -> usize {
    (reference.state.inference.users.count() / 4).clamp(0, ASKED_MAX)
}

/// Whose unit it is, when they may be asked.
fn person(state: &State, reference: &CachedVersion, unit: &Unit) -> Option<Id> {
    let known = &reference.state.inference.users;
    match unit.actor {
        Actor::User(row) => {
            let id = state.inference.users.id(row);
            known.get(id.as_str()).map(|_| id.clone())
        }
        Actor::Session(row) => (known.is_empty()).then(|| state.inference.sessions.id(row).clone()),
    }
}

/// Mean scores of a sample's targets, in [0, 1]: of the live state and of the reference.
pub fn scores(ranked: &RankedSample, metric: GuardMetric) -> Option<(f64, f64)> {
    let mean = |places: &[Ranked]| {
        let score = |place: &Ranked| match (metric, place.all) {
            (_, None) => 0.0,
            (GuardMetric::Recall | GuardMetric::Ctr, Some(_)) => 1.0,
            (GuardMetric::Mrr, Some(place)) => 1.0 / place as f64,
        };
        (!places.is_empty()).then(|| places.iter().map(score).sum::<f64>() / places.len() as f64)
    };
    let (_, reference) = ranked.versions.first()?;
    Some((mean(&ranked.live)?, mean(reference)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::VersionNumber;

    #[test]
    fn scores_are_means_over_a_samples_targets() {
        let at = |all| Ranked { all, novel: None };
        let ranked = RankedSample {
            live: vec![at(Some(1)), at(None)],
            popular: Vec::new(),
            main: Served::Live,
            versions: vec![(Served::Version(VersionNumber(1)), vec![at(Some(4)), at(Some(2))])],
            shown: Vec::new(),
        };
        assert_eq!(scores(&ranked, GuardMetric::Recall), Some((0.5, 1.0)));
        assert_eq!(scores(&ranked, GuardMetric::Mrr), Some((0.5, 0.375)));
        assert_eq!(scores(&RankedSample { versions: Vec::new(), ..ranked }, GuardMetric::Mrr), None);
    }
}
