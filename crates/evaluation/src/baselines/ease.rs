//! EASE: a linear autoencoder in closed form, trained on everything after each 5% of the stream, as nightly jobs do.
//!
//! Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019: `B = I - P diag(1 / diag(P))` with
//! `P = (X^T X + l I)^-1`, where `X` has a 1 for each pair of user and item that met. Scores are `x B` for the actor's
//! items `x` as they are now, so only `B` is as old as the last training. Actors without items, and ties, get
//! popularity.
//!
//! **Bounds.** `B` has the [`ITEMS_MAX`] items with the most actors: a training costs the cube of their number.

use shelfmark_learner::invert_positive_definite;
use shelfmark_state::add_scaled;

use super::{Baseline, KnownActor, Schedule, grow, popularity::Popularity};

/// Most items of the matrix.
const ITEMS_MAX: usize = 4_096;
const POPULARITY_SCALE: f32 = 1e-6;

/// Items of all actors, and the weights as of the last training.
#[derive(Debug)]
pub(super) struct Ease {
    regularisation: f32,
    /// Distinct item rows of each actor.
    actors: Vec<Vec<u32>>,
    /// Number of actors of each item row.
    counts: Vec<u32>,
    /// Item rows of the matrix.
    items: Vec<u32>,
    /// Place in the matrix by item row.
    places: Vec<Option<usize>>,
    /// `B`, `[items, items]`.
    weights: Vec<f32>,
    schedule: Schedule,
    popularity: Popularity,
}

impl Ease {
    pub(super) fn new(regularisation: f32) -> Self {
        Self {
            regularisation,
            actors: Vec::new(),
            counts: Vec::new(),
            items: Vec::new(),
            places: Vec::new(),
            weights: Vec::new(),
            schedule: Schedule::default(),
            popularity: Popularity::default(),
        }
    }

    fn train(&mut self) {
        self.items = (0_u32..).zip(&self.counts).filter(|(_, count)| **count > 0).map(|(row, _)| row).collect();
        self.items.sort_by_key(|row| (std::cmp::Reverse(self.counts[*row as usize]), *row));
        self.items.truncate(ITEMS_MAX);
        self.places = vec![None; self.counts.len()];
        for (place, row) in self.items.iter().enumerate() {
            self.places[*row as usize] = Some(place);
        }
        let n = self.items.len();
        let mut gram = vec![0.0; n * n];
        (0..n).for_each(|place| gram[place * n + place] = self.regularisation);
        for items in &self.actors {
            let places: Vec<usize> = items.iter().filter_map(|row| self.places[*row as usize]).collect();
            for row in &places {
                let row = &mut gram[row * n..][..n];
                places.iter().for_each(|column| row[*column] += 1.0);
            }
        }
        // With a positive diagonal added it is positive definite, but for rounding: then the last weights stay.
        if invert_positive_definite(&mut gram, n).is_err() {
            return;
        }
        let diagonal: Vec<f32> = (0..n).map(|place| gram[place * n + place]).collect();
        for (place, row) in gram.chunks_exact_mut(n.max(1)).enumerate() {
            row.iter_mut().zip(&diagonal).for_each(|(value, diagonal)| *value /= -diagonal);
            row[place] = 0.0;
        }
        self.weights = gram;
    }
}

impl Baseline for Ease {
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        let n = self.items.len();
        let own = self.actors.get(actor.number).into_iter().flatten();
        let mut sums = vec![0.0; n];
        for place in own.filter_map(|row| self.places.get(*row as usize).copied().flatten()) {
            add_scaled(&mut sums, 1.0, &self.weights[place * n..][..n]);
        }
        for (row, sum) in self.items.iter().zip(&sums) {
            scores[*row as usize] = *sum;
        }
        self.popularity.add_to(scores, POPULARITY_SCALE);
    }

    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]) {
        if self.actors.len() <= actor.number {
            self.actors.resize(actor.number + 1, Vec::new());
        }
        let own = &mut self.actors[actor.number];
        // Distinct items, in order of their rows.
        for item in items {
            if let Err(place) = own.binary_search(item) {
                own.insert(place, *item);
                grow(&mut self.counts, *item, 0);
                self.counts[*item as usize] += 1;
            }
        }
        self.popularity.add(items);
    }

    fn pass(&mut self, part: f64) {
        if self.schedule.is_due(part) {
            self.train();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::ActorHistory;

    /// Goal: scores are those of the paper's optimum. Method: its first-order condition, by the definition. For `i !=
    /// j` the gradient of `|X - X B|^2 + l |B|^2` is zero.
    #[test]
    fn weights_are_the_constrained_minimum() {
        let regularisation = 3.0;
        let mut ease = Ease::new(regularisation);
        let history = ActorHistory::default();
        let actors: [&[u32]; 5] = [&[0, 1, 2], &[1, 2], &[0, 3], &[1, 3, 4], &[4, 0, 2]];
        for (number, items) in actors.into_iter().enumerate() {
            ease.learn(&KnownActor { number, at: 0, history: &history }, items);
        }
        ease.train();
        let has = |actor: usize, row: u32| f64::from(u8::from(actors[actor].contains(&row)));
        let (places, weights) = (ease.places.clone(), ease.weights.clone());
        let weight = |from: u32, to: u32| {
            let place = |row: u32| places[row as usize].unwrap();
            f64::from(weights[place(from) * 5 + place(to)])
        };
        for from in 0..5 {
            assert_eq!(weight(from, from), 0.0);
            for to in (0..5).filter(|to| *to != from) {
                let rest =
                    |actor: usize| has(actor, to) - (0..5).map(|row| has(actor, row) * weight(row, to)).sum::<f64>();
                let gradient: f64 = (0..5).map(|actor| -has(actor, from) * rest(actor)).sum::<f64>()
                    + f64::from(regularisation) * weight(from, to);
                assert!(gradient.abs() < 1e-4, "{from} {to}: {gradient}");
            }
        }
        let mut scores = [0.0; 5];
        ease.score(&KnownActor { number: 1, at: 0, history: &history }, &mut scores);
        let expected = weight(1, 4) + weight(2, 4);
        assert!((f64::from(scores[4]) - expected).abs() < 1e-4, "popularity breaks ties only");
    }
}
