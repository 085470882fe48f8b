//! Bootstrap confidence intervals of recall, by resampling actors (Efron and Tibshirani 1993; clusters of targets as in
//! Davison and Hinkley 1997, 3.8).
//!
//! Targets of one actor are no independent draws: who is easy to please is so every time. So whole actors are drawn, as
//! many as there are and with replacement, and recall is hits over targets of those drawn. The interval is that between
//! the 2.5th and the 97.5th percentile of the resamples. What is compared is resampled together, so the interval of a
//! difference is a paired one.
//!
//! It says how far the figure would move with other people of the same kind on the same days. It says nothing about
//! other days, nor about the seed of the model.
//!
//! **Bounds.** [`RESAMPLES_MAX`] resamples, fewer where there are many actors, never below [`RESAMPLES_MIN`].

use serde::Serialize;

use shelfmark_state::CounterRng;

/// Most resamples of an interval.
pub const RESAMPLES_MAX: usize = 1_000;
/// Fewest resamples of an interval.
pub const RESAMPLES_MIN: usize = 200;
/// Draws of actors after which no more resamples are made, beyond the fewest.
const DRAWS: usize = 20_000_000;
/// Fewest actors of an interval: of fewer, resamples repeat each other, and the interval is too narrow.
pub const ACTORS_MIN: usize = 10;
/// Domain of the draws, so that they are none of the learner's.
const DOMAIN: u64 = 0x626f_6f74;

/// A confidence interval of 95%, as `[low, high]` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(into = "[f64; 2]")]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}

impl Interval {
    /// Whether 0 is outside: a difference with this interval is no matter of who happened to come.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Places of a ratio's numerator and denominator among the counts of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Place of the hits.
    pub hits: usize,
    /// Place of the targets.
    pub targets: usize,
}

/// Counts by actor, `[actors, width]`.
#[derive(Debug, Clone, Default)]
pub struct ActorCounts {
    width: usize,
    counts: Vec<u32>,
}

/// Sums of the counts in each resample, `[resamples, width]`.
#[derive(Debug, Clone)]
pub struct Resamples {
    width: usize,
    sums: Vec<u64>,
}

impl ActorCounts {
    /// Makes an empty table.
    pub const fn new(width: usize) -> Self {
        Self { width, counts: Vec::new() }
    }

    /// Adds an actor and returns the place of its counts.
    pub fn add_actor(&mut self) -> usize {
        self.counts.resize(self.counts.len() + self.width, 0);
        self.actors() - 1
    }

    /// Returns the counts of an actor.
    pub fn of(&mut self, actor: usize) -> &mut [u32] {
        &mut self.counts[actor * self.width..][..self.width]
    }

    /// Returns the number of actors.
    pub fn actors(&self) -> usize {
        self.counts.len() / self.width.max(1)
    }

    /// Draws the resamples; `None` with fewer than [`ACTORS_MIN`] actors. Equal seeds and keys draw the same actors.
    pub fn resample(&self, seed: u64, key: u64) -> Option<Resamples> {
        let actors = self.actors();
        if actors < ACTORS_MIN {
            return None;
        }
        let mut draws = CounterRng::new(seed, DOMAIN, key);
        let resamples = (DRAWS / actors).clamp(RESAMPLES_MIN, RESAMPLES_MAX);
        let mut sums = vec![0; resamples * self.width];
        for sums in sums.chunks_exact_mut(self.width) {
            for _ in 0..actors {
                let actor = draws.below(actors);
                for (sum, count) in sums.iter_mut().zip(&self.counts[actor * self.width..]) {
                    *sum += u64::from(*count);
                }
            }
        }
        Some(Resamples { width: self.width, sums })
    }
}

impl Resamples {
    /// Returns the interval of a ratio; `None` where resamples have no target.
    pub fn interval(&self, of: Ratio) -> Option<Interval> {
        percentiles(self.sums.chunks_exact(self.width).map(|sums| ratio(sums, of)))
    }

    /// Returns the interval of the difference `of - from`.
    pub fn difference(&self, of: Ratio, from: Ratio) -> Option<Interval> {
        percentiles(self.sums.chunks_exact(self.width).map(|sums| Some(ratio(sums, of)? - ratio(sums, from)?)))
    }
}

fn ratio(sums: &[u64], of: Ratio) -> Option<f64> {
    (sums[of.targets] > 0).then(|| sums[of.hits] as f64 / sums[of.targets] as f64)
}

/// Returns the 2.5th and the 97.5th percentile, by the nearest rank.
fn percentiles(values: impl Iterator<Item = Option<f64>>) -> Option<Interval> {
    let mut values = values.collect::<Option<Vec<f64>>>()?;
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    // 2.5% from either end.
    let cut = last / 40;
    Some(Interval { low: values[cut], high: values[last - cut] })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Ratio = Ratio { targets: 0, hits: 1 };
    const OTHER: Ratio = Ratio { targets: 0, hits: 2 };

    /// Actors with 1 to 6 targets, a few of them with most hits; the third count is of a weaker method.
    fn counts(actors: usize, seed: u64) -> ActorCounts {
        let mut draws = CounterRng::new(seed, 1, 1);
        let mut counts = ActorCounts::new(3);
        for _ in 0..actors {
            let targets = 1 + draws.below(6);
            let likes = if draws.below(4) == 0 { 8 } else { 2 };
            let hits = (0..targets).filter(|_| draws.below(10) < likes).count();
            let weaker = (0..hits).filter(|_| draws.below(10) < 9).count();
            let actor = counts.add_actor();
            counts.of(actor).copy_from_slice(&[targets, hits, weaker].map(|count| u32::try_from(count).unwrap()));
        }
        counts
    }

    /// Goal: intervals are those of the definition. Method: every resample as a list of all its targets, one by one.
    #[test]
    fn intervals_are_those_of_lists_of_targets_drawn_actor_by_actor() {
        for seed in 0..5 {
            let mut counts = counts(30 + seed as usize, seed);
            let found = counts.resample(seed, 7).expect("enough actors");
            let mut draws = CounterRng::new(seed, DOMAIN, 7);
            let (mut recalls, mut leads) = (Vec::new(), Vec::new());
            for _ in 0..RESAMPLES_MAX {
                // Whether each target was a hit of the one method and of the other.
                let mut targets: Vec<[bool; 2]> = Vec::new();
                for _ in 0..counts.actors() {
                    let drawn = draws.below(counts.actors());
                    let [of, hits, weaker] = counts.of(drawn) else { panic!("three counts") };
                    targets.extend((0..*of).map(|target| [target < *hits, target < *weaker]));
                }
                let share = |method: usize| {
                    targets.iter().filter(|target| target[method]).count() as f64 / targets.len() as f64
                };
                recalls.push(share(0));
                leads.push(share(0) - share(1));
            }
            for (values, interval) in [(recalls, found.interval(ALL)), (leads, found.difference(ALL, OTHER))] {
                let interval = interval.expect("all have targets");
                // 24 of 1,000 lie outside on either side; equal values are not told apart.
                let below = values.iter().filter(|value| **value < interval.low).count();
                let not_above = values.iter().filter(|value| **value <= interval.low).count();
                assert!(below <= 24 && not_above > 24, "{below} {not_above}");
                let above = values.iter().filter(|value| **value > interval.high).count();
                let not_below = values.iter().filter(|value| **value >= interval.high).count();
                assert!(above <= 24 && not_below > 24, "{above} {not_below}");
            }
        }
    }

    /// Goal: the width is right. Method: one target an actor, where a normal approximation of the binomial is known.
    #[test]
    fn with_one_target_an_actor_the_interval_is_that_of_a_binomial() {
        let mut counts = ActorCounts::new(2);
        for number in 0..2_000_u32 {
            let actor = counts.add_actor();
            counts.of(actor).copy_from_slice(&[1, u32::from(number % 10 < 3)]);
        }
        let found = counts.resample(1, 0).expect("enough actors").interval(ALL).expect("targets");
        let half = 1.96 * (0.3_f64 * 0.7 / 2_000.0).sqrt();
        assert!((found.low - (0.3 - half)).abs() < 0.1 * half && (found.high - (0.3 + half)).abs() < 0.1 * half);
        assert!(!Interval { low: -0.1, high: 0.1 }.excludes_zero() && found.excludes_zero());
    }

    /// Goal: actors are resampled and not targets. Method: the same targets, once of few actors with like fates each.
    #[test]
    fn targets_of_one_actor_widen_the_interval() {
        let width = |targets: u32| {
            let mut counts = ActorCounts::new(2);
            for number in 0..3_000 / targets {
                let actor = counts.add_actor();
                counts.of(actor).copy_from_slice(&[targets, if number % 2 == 0 { targets } else { 0 }]);
            }
            let found = counts.resample(3, 0).expect("enough actors").interval(ALL).expect("targets");
            found.high - found.low
        };
        let ratio = width(25) / width(1);
        assert!((4.0..6.0).contains(&ratio), "sqrt(25): {ratio}");
    }

    #[test]
    fn few_actors_have_no_interval_and_equal_seeds_equal_ones() {
        assert!(counts(ACTORS_MIN - 1, 1).resample(1, 1).is_none());
        let of = |seed| counts(50, 1).resample(seed, 1).and_then(|found| found.interval(ALL));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
