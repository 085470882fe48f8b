//! Item neighbours: items that are close to each other in the histories of the same actors.
//!
//! Item-to-item collaborative filtering (Sarwar, Karypis, Konstan and Riedl 2001; Linden, Smith and York 2003) with the
//! similarity `C_ij / (n_i^0.7 n_j^0.3)`, made for streams: a pair counts `e^(-k/10)` for the `k`-th event before, all
//! counts have a half-life in events, and the newest events of the query count most. Popularity breaks ties and
//! serves people without a history.

use std::collections::HashMap;

use super::{Baseline, KnownActor, grow, popularity::Popularity};

/// Number of events of the history that are used.
const HISTORY: usize = 30;
/// Decay by position in the history: `e^(-k/10)`.
const PLACES: f64 = 10.0;
/// Power of the other item's count; the history's item has the rest to 1. One half would be the cosine, which ranks
/// rare items higher and found less on Online Retail and REES46.
const OTHER_POWER: f64 = 0.3;
/// Most entries of a row; beyond it the smaller half is dropped.
const ROW_MAX: usize = 2_000;
/// Scale of popularity, below any neighbour that matters.
const POPULARITY_SCALE: f32 = 1e-6;

/// Decayed counts. They grow with the weight of new events, which the similarity cancels; f64 holds 100 million events.
#[derive(Debug)]
pub(super) struct Cooccurrence {
    half_life: f64,
    rows: Vec<HashMap<u32, f64>>,
    counts: Vec<f64>,
    /// `counts^-OTHER_POWER`: a power in the inner loop of scoring would cost ten times the rest.
    other_factors: Vec<f64>,
    weight: f64,
    popularity: Popularity,
}

impl Cooccurrence {
    /// Makes empty counts with a half-life in events.
    pub(super) fn new(half_life: f64) -> Self {
        Self {
            half_life,
            rows: Vec::new(),
            counts: Vec::new(),
            other_factors: Vec::new(),
            weight: 1.0,
            popularity: Popularity::default(),
        }
    }

    fn pair(&mut self, a: u32, b: u32, weight: f64) {
        let row = &mut self.rows[a as usize];
        if row.len() >= ROW_MAX && !row.contains_key(&b) {
            let mut entries: Vec<(u32, f64)> = row.drain().collect();
            entries.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
            entries.truncate(ROW_MAX / 2);
            row.extend(entries);
        }
        *row.entry(b).or_insert(0.0) += weight;
    }
}

impl Baseline for Cooccurrence {
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        for (place, item) in actor.history.past.iter().rev().take(HISTORY).enumerate() {
            let weight = (-(place as f64) / PLACES).exp();
            let count = self.counts[*item as usize].powf(1.0 - OTHER_POWER);
            let factor = weight / count;
            for (other, pairs) in &self.rows[*item as usize] {
                #[expect(clippy::cast_possible_truncation, reason = "a small positive number")]
                let similarity = (factor * pairs * self.other_factors[*other as usize]) as f32;
                scores[*other as usize] += similarity;
            }
        }
        self.popularity.add_to(scores, POPULARITY_SCALE);
    }

    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]) {
        for (number, item) in items.iter().enumerate() {
            grow(&mut self.rows, *item, HashMap::new());
            grow(&mut self.counts, *item, 0.0);
            self.weight *= (1.0 / self.half_life).exp2();
            grow(&mut self.other_factors, *item, 0.0);
            self.counts[*item as usize] += self.weight;
            self.other_factors[*item as usize] = self.counts[*item as usize].powf(-OTHER_POWER);
            // Items of one basket have no order: each pair counts whole, both ways.
            for other in &items[number.saturating_sub(HISTORY)..number] {
                self.pair(*other, *item, self.weight);
                self.pair(*item, *other, self.weight);
            }
            for (place, other) in actor.history.past.iter().rev().take(HISTORY).enumerate() {
                let weight = self.weight * (-(place as f64) / PLACES).exp();
                self.pair(*other, *item, weight);
                self.pair(*item, *other, weight);
            }
        }
        self.popularity.add(items);
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;
    use crate::actors::ActorHistory;

    const HALF_LIFE_EVENTS: f64 = 500.0;

    /// Goal: the maps hold what the formula says. Method: on a small random stream, every pair of every history anew.
    #[test]
    fn scores_are_those_of_counting_every_pair_anew() {
        let items = 12;
        let mut draws = CounterRng::new(7, 1, 1);
        let mut fast = Cooccurrence::new(HALF_LIFE_EVENTS);
        let mut actors: Vec<ActorHistory> = (0..4).map(|_| ActorHistory::default()).collect();
        // (weight, a, b) of every pair, and (weight, a) of every event.
        let (mut pairs, mut events) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let number = draws.below(actors.len());
            let mut unit: Vec<u32> =
                (0..1 + draws.below(3)).map(|_| u32::try_from(draws.below(items)).unwrap()).collect();
            unit.sort_unstable();
            unit.dedup();
            let history = &actors[number];
            fast.learn(&KnownActor { at: 0, number, history }, &unit);
            for (place, item) in unit.iter().enumerate() {
                let weight = ((events.len() + 1) as f64 / HALF_LIFE_EVENTS).exp2();
                events.push((weight, *item));
                let basket = unit[..place].iter().map(|other| (weight, *other));
                let before = history.past.iter().rev().take(HISTORY).enumerate();
                let before = before.map(|(k, other)| (weight * (-(k as f64) / PLACES).exp(), *other));
                for (weight, other) in basket.chain(before) {
                    pairs.push((weight, *item, other));
                    pairs.push((weight, other, *item));
                }
            }
            actors[number].own.extend(&unit);
            actors[number].past.extend(unit);
        }
        let count = |item: u32| events.iter().filter(|event| event.1 == item).map(|event| event.0).sum::<f64>();
        for (number, history) in actors.iter().enumerate() {
            let mut scores = vec![0.0; items];
            fast.score(&KnownActor { at: 0, number, history }, &mut scores);
            for (row, score) in scores.iter().enumerate() {
                let row = u32::try_from(row).unwrap();
                let mut expected = 0.0;
                for (k, item) in history.past.iter().rev().take(HISTORY).enumerate() {
                    let met = pairs.iter().filter(|pair| pair.1 == *item && pair.2 == row);
                    let met: f64 = met.map(|pair| pair.0).sum();
                    let norm = count(*item).powf(1.0 - OTHER_POWER) * count(row).powf(OTHER_POWER);
                    expected += (-(k as f64) / PLACES).exp() * met / norm;
                }
                assert!((f64::from(*score) - expected).abs() < 1e-4 * expected.max(1.0), "{score} {expected}");
            }
        }
    }
}
