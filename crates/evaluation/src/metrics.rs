//! Metrics: recall, MRR and NDCG of the first [`K`], over all targets and over slices of them.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::bootstrap::Interval;

/// Length of the list in which a target counts as a hit.
pub const K: usize = 20;
/// Lower ends of the ranges of past events: 0, 1, 2, 3 to 4, 5 to 9, and 10 or more.
pub const SHOTS: [u32; 6] = [0, 1, 2, 3, 5, 10];
/// Number of equal parts of the counted stream in the report.
pub const FIFTHS: usize = 5;
/// Number of points of a curve.
pub const CURVE_POINTS: usize = 40;

/// Rank of a target, from 1. Halves come from ties, see [`super::ranking::rank`]. `None`: it was no
/// candidate, which counts as a miss.
pub type Rank = Option<f64>;

/// Whether a rank counts as a hit.
pub fn is_hit(rank: Rank) -> bool {
    rank.is_some_and(|rank| rank <= K as f64)
}

/// Sums over targets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Number of targets.
    pub targets: u64,
    /// Number of targets with rank [`K`] or better.
    pub hits: u64,
    /// `sum of 1 / rank` over hits.
    pub reciprocal: f64,
    /// `sum of 1 / log2(1 + rank)` over hits: every target is a list of its own with one relevant item, so that the
    /// ideal gain is 1.
    pub gain: f64,
    /// Interval of the recall, where actors were resampled.
    pub interval: Option<Interval>,
}

impl Sums {
    /// Counts a target.
    pub fn add(&mut self, rank: Rank) {
        self.targets += 1;
        if let Some(rank) = rank.filter(|rank| *rank <= K as f64) {
            self.hits += 1;
            self.reciprocal += rank.recip();
            self.gain += (1.0 + rank).log2().recip();
        }
    }

    /// Returns the share of targets among the first [`K`]; 0 without targets.
    pub fn recall(&self) -> f64 {
        self.mean(self.hits as f64)
    }

    /// Returns the mean reciprocal rank, which is 0 beyond [`K`].
    pub fn mrr(&self) -> f64 {
        self.mean(self.reciprocal)
    }

    /// Returns the mean normalised discounted cumulative gain.
    pub fn ndcg(&self) -> f64 {
        self.mean(self.gain)
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.targets.max(1) as f64
    }
}

impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Sums", 6)?;
        fields.serialize_field("targets", &self.targets)?;
        fields.serialize_field("hits", &self.hits)?;
        fields.serialize_field("recall", &self.recall())?;
        fields.serialize_field("recall_interval", &self.interval)?;
        fields.serialize_field("mrr", &self.mrr())?;
        fields.serialize_field("ndcg", &self.ndcg())?;
        fields.end()
    }
}

/// Ranks of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetRanks {
    /// Rank among all items with an event so far.
    pub all: Rank,
    /// Rank among the items that are new to the actor; `None` when the target is not one of them.
    pub novel: Option<Rank>,
    /// Rank among all items that the service would recommend; `None` for baselines.
    pub servable: Option<Rank>,
    /// Rank among the items that the service would recommend and that have no event; `None` for other targets and for
    /// baselines.
    pub arrivals: Option<Rank>,
}

/// Metrics of a set of targets, among several sets of candidates.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Cut {
    /// Among all items with an event.
    pub all: Sums,
    /// Targets that are new to the actor, among items that are new to the actor.
    pub novel: Sums,
    /// Among all items that the service would recommend, those without an event included.
    #[serde(skip_serializing_if = "no_targets")]
    pub servable: Sums,
    /// Targets with metadata and without an event, among all such items: a list of new arrivals.
    #[serde(skip_serializing_if = "no_targets")]
    pub arrivals: Sums,
}

fn no_targets(sums: &Sums) -> bool {
    sums.targets == 0
}

impl Cut {
    fn add(&mut self, ranks: &TargetRanks) {
        self.all.add(ranks.all);
        if let Some(rank) = ranks.novel {
            self.novel.add(rank);
        }
        if let Some(rank) = ranks.servable {
            self.servable.add(rank);
        }
        if let Some(rank) = ranks.arrivals {
            self.arrivals.add(rank);
        }
    }
}

/// Slices that a target belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetSlice {
    /// Position in the counted stream, 0 to below 1.
    pub time: f64,
    /// Number of past events of the actor.
    pub user_events: u32,
    /// Number of past events of the target.
    pub item_events: u32,
}

/// Metrics of one method, over all targets and by slice.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodStats {
    /// All targets.
    pub whole: Cut,
    /// By fifth of the stream.
    pub fifths: [Cut; FIFTHS],
    /// By past events of the actor, ranges as in [`SHOTS`].
    pub user_shots: [Cut; SHOTS.len()],
    /// By past events of the target.
    pub item_shots: [Cut; SHOTS.len()],
    /// By fortieth of the stream.
    pub curve: [Cut; CURVE_POINTS],
    /// Whether an item row was ever among the first [`K`] of `all`.
    covered: Vec<bool>,
}

impl Default for MethodStats {
    fn default() -> Self {
        Self {
            whole: Cut::default(),
            fifths: [Cut::default(); FIFTHS],
            user_shots: [Cut::default(); SHOTS.len()],
            item_shots: [Cut::default(); SHOTS.len()],
            curve: [Cut::default(); CURVE_POINTS],
            covered: Vec::new(),
        }
    }
}

impl MethodStats {
    /// Counts a target.
    pub fn add(&mut self, place: TargetSlice, ranks: &TargetRanks) {
        self.whole.add(ranks);
        self.fifths[part(place.time, FIFTHS)].add(ranks);
        self.curve[part(place.time, CURVE_POINTS)].add(ranks);
        self.user_shots[shot(place.user_events)].add(ranks);
        self.item_shots[shot(place.item_events)].add(ranks);
    }

    /// Counts a recommended row for the coverage.
    pub fn cover(&mut self, row: u32) {
        let row = row as usize;
        if row >= self.covered.len() {
            self.covered.resize(row + 1, false);
        }
        self.covered[row] = true;
    }

    /// Returns the number of rows that were ever recommended.
    pub fn covered(&self) -> usize {
        self.covered.iter().filter(|covered| **covered).count()
    }
}

/// Returns which of `parts` equal parts a time between 0 and 1 falls into.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..parts")]
pub(super) fn part(time: f64, parts: usize) -> usize {
    ((time * parts as f64).max(0.0) as usize).min(parts - 1)
}

/// Returns which range of [`SHOTS`] a count falls into.
pub fn shot(events: u32) -> usize {
    SHOTS.iter().rposition(|low| *low <= events).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks 1, 3, 20 and 21 and a target that was no candidate, by hand.
    #[test]
    fn recall_mrr_and_ndcg_are_those_of_a_hand_computed_case() {
        let mut sums = Sums::default();
        for rank in [Some(1.0), Some(3.0), Some(20.0), Some(21.0), None] {
            sums.add(rank);
        }
        assert!((sums.recall() - 3.0 / 5.0).abs() < 1e-12);
        assert!((sums.mrr() - (1.0 + 1.0 / 3.0 + 1.0 / 20.0) / 5.0).abs() < 1e-12);
        // 1/log2(2) = 1, 1/log2(4) = 1/2, 1/log2(21).
        assert!((sums.ndcg() - (1.0 + 0.5 + 1.0 / 4.392_317_422_778_761) / 5.0).abs() < 1e-12);
        assert_eq!(Sums::default().recall(), 0.0);
    }

    #[test]
    fn a_target_is_counted_in_its_cuts_only() {
        let mut stats = MethodStats::default();
        let hit = TargetRanks { all: Some(1.0), novel: None, servable: Some(Some(2.0)), arrivals: None };
        stats.add(TargetSlice { time: 0.0, user_events: 0, item_events: 4 }, &hit);
        let miss = TargetRanks { all: None, novel: Some(None), servable: Some(Some(20.0)), arrivals: Some(Some(3.0)) };
        stats.add(TargetSlice { time: 0.999, user_events: 9, item_events: 0 }, &miss);
        assert_eq!((stats.whole.all.targets, stats.whole.all.hits), (2, 1));
        assert_eq!((stats.whole.novel.targets, stats.whole.novel.hits), (1, 0));
        assert_eq!((stats.whole.servable.targets, stats.whole.servable.hits), (2, 2));
        assert_eq!((stats.whole.arrivals.targets, stats.item_shots[0].arrivals.hits), (1, 1));
        assert_eq!((stats.fifths[0].all.hits, stats.fifths[4].all.targets), (1, 1));
        assert_eq!((stats.user_shots[0].all.hits, stats.user_shots[4].all.targets), (1, 1));
        assert_eq!((stats.item_shots[3].all.hits, stats.item_shots[0].servable.hits), (1, 1));
        assert_eq!((stats.curve[0].all.targets, stats.curve[CURVE_POINTS - 1].all.targets), (1, 1));
    }

    #[test]
    fn counts_fall_into_the_range_that_begins_at_or_below_them() {
        assert_eq!([0, 1, 2, 3, 4, 5, 9, 10, 1000].map(shot), [0, 1, 2, 3, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn coverage_counts_each_row_once() {
        let mut stats = MethodStats::default();
        [3, 0, 3].into_iter().for_each(|row| stats.cover(row));
        assert_eq!(stats.covered(), 2);
    }
}
