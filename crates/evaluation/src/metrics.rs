//! Recall, MRR and NDCG of a list of [`K`], summed over targets and cut in the ways that the report shows.

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Length of the list that a hit has to be in.
pub const K: usize = 20;
/// Lower ends of the ranges of past events: 0, 1, 2, 3 to 4, 5 to 9, 10 and more.
pub const SHOTS: [u32; 6] = [0, 1, 2, 3, 5, 10];
/// Equal parts of the counted stream in the report.
pub const FIFTHS: usize = 5;
/// Points of the plotted curve.
pub const CURVE_POINTS: usize = 40;

/// Where a target came in the list, from 1. Half places come from ties, see [`super::ranking::rank`]. `None`: it was no
/// candidate, which counts as a miss.
pub type Rank = Option<f64>;

/// Sums over targets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Targets counted.
    pub targets: u64,
    /// Those with rank [`K`] or better.
    pub hits: u64,
    /// `sum of 1 / rank` over hits.
    pub reciprocal: f64,
    /// `sum of 1 / log2(1 + rank)` over hits: every target is a list of its own with one relevant item, so that the
    /// ideal gain is 1.
    pub gain: f64,
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

    /// Share of targets among the first [`K`]; 0 without targets.
    pub fn recall(&self) -> f64 {
        self.mean(self.hits as f64)
    }

    /// Mean reciprocal rank, 0 beyond [`K`].
    pub fn mrr(&self) -> f64 {
        self.mean(self.reciprocal)
    }

    /// Mean normalised discounted cumulative gain.
    pub fn ndcg(&self) -> f64 {
        self.mean(self.gain)
    }

    fn mean(&self, sum: f64) -> f64 {
        sum / self.targets.max(1) as f64
    }
}

impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Sums", 5)?;
        fields.serialize_field("targets", &self.targets)?;
        fields.serialize_field("hits", &self.hits)?;
        fields.serialize_field("recall", &self.recall())?;
        fields.serialize_field("mrr", &self.mrr())?;
        fields.serialize_field("ndcg", &self.ndcg())?;
        fields.end()
    }
}

/// What became of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetRanks {
    /// Among all items met so far in an event.
    pub all: Rank,
    /// Among those without the actor's own; `None` when the target is one of the actor's own.
    pub novel: Option<Rank>,
    /// Among all items that the service would recommend; `None` for methods that have no such answer.
    pub servable: Option<Rank>,
    /// Among the items that it would recommend and that have no event yet; `None` for a target that is not one of them.
    pub arrivals: Option<Rank>,
}

/// The three figures of a set of targets.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Cut {
    /// Nothing excluded.
    pub all: Sums,
    /// Targets that are new to the actor, the actor's own items excluded.
    pub novel: Sums,
    /// Also items with metadata but without an event are candidates, as when serving.
    #[serde(skip_serializing_if = "no_targets")]
    pub servable: Sums,
    /// Targets without an event yet that have metadata, among all such items: a list of new arrivals.
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

/// Which cuts a target belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetSlice {
    /// Part of the counted stream, 0 to below 1.
    pub time: f64,
    /// Past events of the actor.
    pub user_events: u32,
    /// Past events of the target.
    pub item_events: u32,
}

/// Everything that is counted of one method.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodStats {
    /// All targets.
    pub whole: Cut,
    /// By part of the stream.
    pub fifths: [Cut; FIFTHS],
    /// By past events of the actor, ranges as in [`SHOTS`].
    pub user_shots: [Cut; SHOTS.len()],
    /// By past events of the target.
    pub item_shots: [Cut; SHOTS.len()],
    /// By part of the stream, finer.
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

    /// Notes a recommended row.
    pub fn cover(&mut self, row: u32) {
        let row = row as usize;
        if row >= self.covered.len() {
            self.covered.resize(row + 1, false);
        }
        self.covered[row] = true;
    }

    /// Rows that were ever recommended.
    pub fn covered(&self) -> usize {
        self.covered.iter().filter(|covered| **covered).count()
    }
}

/// Which of `parts` equal parts a time between 0 and 1 falls into.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..parts")]
fn part(time: f64, parts: usize) -> usize {
    ((time * parts as f64).max(0.0) as usize).min(parts - 1)
}

/// Which range of [`SHOTS`] a count falls into.
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
