//! Decayed popularity: an item's events, each worth half after a half-life.

use super::{Baseline, KnownActor, grow};

/// Half-life in events. The best of 1,000, 10,000 and 100,000 on most streams.
const HALF_LIFE_EVENTS: f64 = 10_000.0;
/// Weight of new events at which all counts are scaled back. New events weigh more instead of old ones less, so that no
/// event costs a pass over the table.
const WEIGHT_MAX: f64 = 1e6;

/// Decayed counts.
#[derive(Debug, Clone)]
pub(super) struct Popularity {
    half_life: f64,
    counts: Vec<f32>,
    weight: f64,
    /// Upper bound of the counts.
    largest: f32,
}

impl Default for Popularity {
    fn default() -> Self {
        Self::new(HALF_LIFE_EVENTS)
    }
}

impl Popularity {
    /// Makes empty counts with a half-life in events.
    pub(super) const fn new(half_life: f64) -> Self {
        Self { half_life, counts: Vec::new(), weight: 1.0, largest: 0.0 }
    }

    /// Counts the items of a unit.
    pub(super) fn add(&mut self, items: &[u32]) {
        for item in items {
            grow(&mut self.counts, *item, 0.0);
            self.weight *= (1.0 / self.half_life).exp2();
            #[expect(clippy::cast_possible_truncation, reason = "at most 1e6")]
            let weight = self.weight as f32;
            self.counts[*item as usize] += weight;
            self.largest = self.largest.max(self.counts[*item as usize]);
        }
        if self.weight > WEIGHT_MAX {
            #[expect(clippy::cast_possible_truncation, reason = "a factor near 1e-6")]
            let factor = self.weight.recip() as f32;
            self.counts.iter_mut().for_each(|count| *count *= factor);
            self.largest *= factor;
            self.weight = 1.0;
        }
    }

    /// Adds `scale` times popularity, which is 0 to 1, to the scores.
    pub(super) fn add_to(&self, scores: &mut [f32], scale: f32) {
        let factor = if self.largest > 0.0 { scale / self.largest } else { 0.0 };
        for (score, count) in scores.iter_mut().zip(&self.counts) {
            *score += factor * count;
        }
    }
}

impl Baseline for Popularity {
    fn score(&mut self, _: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        self.add_to(scores, 1.0);
    }

    fn learn(&mut self, _: &KnownActor<'_>, items: &[u32]) {
        self.add(items);
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    /// Goal: growing weights give decayed counts, also across the folding back. Method: every event's decay by itself.
    #[test]
    fn scores_are_proportional_to_decayed_counts() {
        let mut draws = CounterRng::new(1, 1, 1);
        let mut fast = Popularity::default();
        let events: Vec<u32> = (0..260_000).map(|_| u32::try_from(draws.below(5)).unwrap()).collect();
        events.chunks(7).for_each(|unit| fast.add(unit));
        let mut slow = [0.0_f64; 5];
        for (number, item) in events.iter().enumerate() {
            slow[*item as usize] += (-((events.len() - number) as f64) / HALF_LIFE_EVENTS).exp2();
        }
        let mut scores = [0.0; 5];
        fast.add_to(&mut scores, 1.0);
        for item in 1..5 {
            let ratio = f64::from(scores[item] / scores[0]);
            assert!((ratio - slow[item] / slow[0]).abs() < 1e-3, "{scores:?} {slow:?}");
        }
    }
}
