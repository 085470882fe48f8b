//! Live quality: recall and MRR of recommended lists for the events that came next, over a sliding window.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use shelfmark_domain::Id;

/// Number of sampled targets in the window.
pub const QUALITY_TARGETS: usize = 1000;
/// Number of lists whose items count as exposed.
pub const EXPOSURE_LISTS: usize = 5000;

/// Rank of a target. Ranks count from 1; `None` means that the target is not in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// Rank among all items.
    pub all: Option<usize>,
    /// Rank among items new to the subject; the outer `None` means that the target is not new to the subject.
    pub novel: Option<Option<usize>>,
}

/// Recall and mean reciprocal rank of a window.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// Number of targets in the window.
    pub targets: u64,
    /// Recall@20: share of targets among the first 20.
    pub recall: Option<f64>,
    /// MRR@20: mean of 1 / rank, 0 beyond 20.
    pub mrr: Option<f64>,
    /// Number of targets in the window that were new to their subject.
    pub novel_targets: u64,
    /// Recall@20 of new targets, in lists without the subject's own items.
    pub novel_recall: Option<f64>,
    /// MRR@20 of new targets, in lists without the subject's own items.
    pub novel_mrr: Option<f64>,
}

/// Sliding window of the newest [`QUALITY_TARGETS`] targets.
#[derive(Debug, Default)]
pub struct QualityWindow {
    ranked: VecDeque<Ranked>,
    sampled: u64,
}

impl QualityWindow {
    /// Adds a target, and evicts the oldest from a full window.
    pub fn add(&mut self, ranked: Ranked) {
        if self.ranked.len() == QUALITY_TARGETS {
            self.ranked.pop_front();
        }
        self.ranked.push_back(ranked);
        self.sampled += 1;
    }

    /// Returns the number of targets ever added.
    pub const fn sampled(&self) -> u64 {
        self.sampled
    }

    /// Computes the figures of the window.
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

/// Exposure of items: the newest [`EXPOSURE_LISTS`] sampled lists, whether shown or only computed.
#[derive(Debug, Default)]
pub struct Exposure {
    lists: VecDeque<Vec<Id>>,
}

impl Exposure {
    /// Adds a list, and evicts the oldest when there are too many.
    pub fn add(&mut self, list: Vec<Id>) {
        if self.lists.len() == EXPOSURE_LISTS {
            self.lists.pop_front();
        }
        self.lists.push_back(list);
    }

    /// Returns the number of lists.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// Counts how often each item is in a list.
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
