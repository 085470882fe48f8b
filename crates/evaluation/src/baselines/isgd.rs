//! Incremental matrix factorisation for positive-only feedback: Vinagre, Jorge and Gama, "Fast incremental matrix
//! factorization for recommendation with positive-only feedback", UMAP 2014.
//!
//! Every event is one step of stochastic gradient descent towards 1: `e = 1 - p.q`, `p += rate (e q - l p)`,
//! `q += rate (e p - l q)`; candidates are ordered by how near `p.q` is to 1. Actors without events get popularity.

use shelfmark_state::{CounterRng, dot};

use super::{Baseline, KnownActor, grow, popularity::Popularity};

const FACTORS: usize = 64;
/// 0.05 halves recall on REES46; a single rate for all sets is a compromise, see docs/LEARNING.md.
const RATE: f32 = 0.1;
const REGULARISATION: f32 = 0.01;
/// Standard deviation of initial factors.
const DEVIATION: f32 = 0.1;

/// Factors of users and items.
#[derive(Debug)]
pub(super) struct Isgd {
    seed: u64,
    users: Vec<Vec<f32>>,
    /// `[rows, FACTORS]`; zero where an item has no event.
    items: Vec<f32>,
    has_events: Vec<bool>,
    popularity: Popularity,
}

impl Isgd {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, users: Vec::new(), items: Vec::new(), has_events: Vec::new(), popularity: Popularity::default() }
    }

    fn initial(&self, domain: u64, number: u64) -> impl Iterator<Item = f32> {
        let mut draws = CounterRng::new(self.seed, domain, number);
        (0..FACTORS).map(move |_| DEVIATION * draws.normal())
    }
}

impl Baseline for Isgd {
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        let Some(user) = self.users.get(actor.number).filter(|user| !user.is_empty()) else {
            self.popularity.add_to(scores, 1.0);
            return;
        };
        for (score, item) in scores.iter_mut().zip(self.items.chunks_exact(FACTORS)) {
            *score = -(1.0 - dot(user, item)).abs();
        }
    }

    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]) {
        if self.users.len() <= actor.number {
            self.users.resize(actor.number + 1, Vec::new());
        }
        if self.users[actor.number].is_empty() {
            self.users[actor.number] = self.initial(11, actor.number as u64).collect();
        }
        for row in items {
            let place = *row as usize;
            grow(&mut self.has_events, *row, false);
            if self.items.len() < (place + 1) * FACTORS {
                self.items.resize((place + 1) * FACTORS, 0.0);
            }
            if !self.has_events[place] {
                self.has_events[place] = true;
                let initial: Vec<f32> = self.initial(12, u64::from(*row)).collect();
                self.items[place * FACTORS..][..FACTORS].copy_from_slice(&initial);
            }
            let user = &mut self.users[actor.number];
            let item = &mut self.items[place * FACTORS..][..FACTORS];
            let error = 1.0 - dot(user, item);
            for (p, q) in user.iter_mut().zip(item) {
                let before = *p;
                *p += RATE * (error * *q - REGULARISATION * *p);
                // As in the paper's algorithm 1, with the user's factor from before its own update.
                *q += RATE * (error * before - REGULARISATION * *q);
            }
        }
        self.popularity.add(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::ActorHistory;

    /// Goal: the step is the paper's. Method: the same in f64, element by element, on a random stream.
    #[test]
    fn factors_are_those_of_the_update_rule_in_f64() {
        let mut draws = CounterRng::new(3, 1, 1);
        let mut fast = Isgd::new(5);
        let history = ActorHistory::default();
        let wide = |values: Vec<f32>| values.into_iter().map(f64::from).collect::<Vec<f64>>();
        let mut users: Vec<Vec<f64>> = (0..3).map(|n| wide(fast.initial(11, n).collect())).collect();
        let mut items: Vec<Vec<f64>> = (0..6).map(|n| wide(fast.initial(12, n).collect())).collect();
        let (rate, regularisation) = (f64::from(RATE), f64::from(REGULARISATION));
        for _ in 0..300 {
            let (number, item) = (draws.below(3), draws.below(6));
            fast.learn(&KnownActor { at: 0, number, history: &history }, &[u32::try_from(item).unwrap()]);
            let error = 1.0 - users[number].iter().zip(&items[item]).map(|(p, q)| p * q).sum::<f64>();
            for (p, q) in users[number].iter_mut().zip(&mut items[item]) {
                let before = *p;
                *p += rate * (error * *q - regularisation * *p);
                *q += rate * (error * before - regularisation * *q);
            }
        }
        for (number, user) in users.iter().enumerate() {
            let mut scores = [0.0; 6];
            fast.score(&KnownActor { at: 0, number, history: &history }, &mut scores);
            for (score, item) in scores.iter().zip(&items) {
                let product: f64 = user.iter().zip(item).map(|(p, q)| p * q).sum();
                assert!((f64::from(*score) + (1.0 - product).abs()).abs() < 1e-3, "{score} {product}");
            }
        }
    }
}
