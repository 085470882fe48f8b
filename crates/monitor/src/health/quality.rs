//! Live quality: how the lists that were shown would have done on what came next, over a sliding window.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use shelfmark_domain::Id;

/// Sampled targets of the window.
pub const QUALITY_TARGETS: usize = 1000;
/// Lists whose items count as exposed.
pub const EXPOSURE_LISTS: usize = 5000;

/// Where one target stood. Places are from 1 within the list asked for; `None` is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// Among all items.
    pub all: Option<usize>,
    /// Among items new to the subject; `None` when the target is not new to them.
    pub novel: Option<Option<usize>>,
}

/// Recall and mean reciprocal rank of a window.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// Targets in the window.
    pub targets: u64,
    /// Share of them among the first 20.
    pub recall: Option<f64>,
    /// Mean of 1 / place, 0 beyond 20.
    pub mrr: Option<f64>,
    /// Targets in the window that were new to their subject.
    pub novel_targets: u64,
    /// Share of those among the first 20 without the subject's own items.
    pub novel_recall: Option<f64>,
    /// Mean of 1 / place of those.
    pub novel_mrr: Option<f64>,
}

/// The newest [`QUALITY_TARGETS`] targets.
#[derive(Debug, Default)]
pub struct QualityWindow {
    ranked: VecDeque<Ranked>,
    sampled: u64,
}

impl QualityWindow {
    /// Adds a target; the oldest goes when there are too many.
    pub fn add(&mut self, ranked: Ranked) {
        if self.ranked.len() == QUALITY_TARGETS {
            self.ranked.pop_front();
        }
        self.ranked.push_back(ranked);
        self.sampled += 1;
    }

    /// Targets ever added.
    pub const fn sampled(&self) -> u64 {
        self.sampled
    }

    /// The figures of the window.
    pub fn quality(&self) -> Quality {
        let (targets, recall, mrr) = means(self.ranked.iter().map(|ranked| ranked.all));
        let (novel_targets, novel_recall, novel_mrr) = means(self.ranked.iter().filter_map(|ranked| ranked.novel));
        Quality { targets, recall, mrr, novel_targets, novel_recall, novel_mrr }
    }
}

fn means(places: impl Iterator<Item = Option<usize>>) -> (u64, Option<f64>, Option<f64>) {
    let (mut targets, mut hits, mut reciprocal) = (0_u64, 0_u64, 0.0);
    for place in places {
        targets += 1;
        if let Some(place) = place {
            hits += 1;
            reciprocal += 1.0 / place as f64;
        }
    }
    let mean = |sum: f64| (targets > 0).then(|| sum / targets as f64);
    (targets, mean(hits as f64), mean(reciprocal))
}

/// The newest [`EXPOSURE_LISTS`] sampled lists: what was, or would have been, shown.
#[derive(Debug, Default)]
pub struct Exposure {
    lists: VecDeque<Vec<Id>>,
}

impl Exposure {
    /// Adds a list; the oldest goes when there are too many.
    pub fn add(&mut self, list: Vec<Id>) {
        if self.lists.len() == EXPOSURE_LISTS {
            self.lists.pop_front();
        }
        self.lists.push_back(list);
    }

    /// How many lists there are.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// How often each item is in a list.
    pub fn counts(&self) -> BTreeMap<Id, u64> {
        let mut counts = BTreeMap::new();
        for id in self.lists.iter().flatten() {
            *counts.entry(id.clone()).or_insert(0) += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_and_mrr_are_those_of_a_hand_computed_window() {
        let mut window = QualityWindow::default();
        assert_eq!(window.quality(), Quality::default());
        for (all, novel) in [(Some(1), None), (Some(4), Some(Some(2))), (None, Some(None)), (None, None)] {
            window.add(Ranked { all, novel });
        }
        let quality = window.quality();
        assert_eq!((quality.targets, quality.recall, quality.mrr), (4, Some(0.5), Some(0.3125)));
        assert_eq!((quality.novel_targets, quality.novel_recall, quality.novel_mrr), (2, Some(0.5), Some(0.25)));
        for _ in 0..QUALITY_TARGETS {
            window.add(Ranked { all: Some(2), novel: None });
        }
        let quality = window.quality();
        assert_eq!((quality.targets, quality.recall, quality.novel_targets), (1000, Some(1.0), 0));
        assert_eq!(window.sampled(), 1004);
    }
}
