//! Implicit ALS: matrix factorisation that is trained again on everything after each 5% of the stream, as nightly jobs
//! do.
//!
//! Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008: preference 1 for pairs
//! that met, confidence `1 + alpha n` after `n` events. Each least-squares problem is solved by a few steps of
//! conjugate gradient from the last solution (Takács, Pilászy and Tikk 2011), and training continues from the last
//! factors. Between trainings a user's newest events are folded in before every answer. An item has to wait for the
//! next training. Actors without events, and ties, get popularity.

use std::collections::BTreeMap;

use shelfmark_state::{CounterRng, add_scaled, dot};

use super::{Baseline, KnownActor, Schedule, popularity::Popularity};

const FACTORS: usize = 64;
const ALPHA: f32 = 10.0;
const REGULARISATION: f32 = 10.0;
/// Passes of the first training, and of later ones, which begin with the last factors.
const PASSES_FIRST: usize = 15;
const PASSES: usize = 5;
/// Steps of conjugate gradient per problem.
const STEPS: usize = 3;
/// Standard deviation of initial factors.
const DEVIATION: f32 = 0.1;
const POPULARITY_SCALE: f32 = 1e-6;

/// Counts of all pairs, and factors as of the last training.
#[derive(Debug)]
pub(super) struct Als {
    seed: u64,
    /// Events by item row, by user.
    events: Vec<BTreeMap<u32, f32>>,
    /// `[users, FACTORS]`.
    users: Vec<f32>,
    /// `[rows, FACTORS]`, zero for items without an event at the last training.
    items: Vec<f32>,
    /// `Y^T Y + regularisation`, `[FACTORS, FACTORS]`.
    gram: Vec<f32>,
    trained: bool,
    schedule: Schedule,
    popularity: Popularity,
}

impl Als {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            events: Vec::new(),
            users: Vec::new(),
            items: Vec::new(),
            gram: Vec::new(),
            trained: false,
            schedule: Schedule::default(),
            popularity: Popularity::default(),
        }
    }

    fn train(&mut self) {
        let mut by_item: BTreeMap<u32, Vec<(usize, f32)>> = BTreeMap::new();
        for (user, events) in self.events.iter().enumerate() {
            for (item, count) in events {
                by_item.entry(*item).or_default().push((user, *count));
            }
        }
        let rows = by_item.keys().next_back().map_or(0, |row| *row as usize + 1);
        let known = self.items.len() / FACTORS;
        self.users.resize(self.events.len() * FACTORS, 0.0);
        self.items.resize(rows.max(known) * FACTORS, 0.0);
        for row in by_item.keys() {
            let factors = &mut self.items[*row as usize * FACTORS..][..FACTORS];
            if factors.iter().all(|factor| *factor == 0.0) {
                let mut draws = CounterRng::new(self.seed, 13, u64::from(*row));
                factors.iter_mut().for_each(|factor| *factor = DEVIATION * draws.normal());
            }
        }
        for _ in 0..if self.trained { PASSES } else { PASSES_FIRST } {
            let gram = gram(&self.items);
            for (factors, events) in self.users.chunks_exact_mut(FACTORS).zip(&self.events) {
                let pairs: Vec<(&[f32], f32)> = pairs_of(events, &self.items).collect();
                solve(factors, &pairs, &gram, STEPS);
            }
            let gram = self::gram(&self.users);
            for (row, events) in &by_item {
                let pairs: Vec<(&[f32], f32)> =
                    events.iter().map(|(user, count)| (&self.users[user * FACTORS..][..FACTORS], *count)).collect();
                solve(&mut self.items[*row as usize * FACTORS..][..FACTORS], &pairs, &gram, STEPS);
            }
        }
        self.gram = gram(&self.items);
        self.trained = true;
    }
}

/// Returns the trained items of a user with their counts.
fn pairs_of<'a>(events: &'a BTreeMap<u32, f32>, items: &'a [f32]) -> impl Iterator<Item = (&'a [f32], f32)> {
    events.iter().filter_map(|(item, count)| {
        let factors = items.get(*item as usize * FACTORS..(*item as usize + 1) * FACTORS)?;
        Some((factors, *count))
    })
}

/// Computes `Y^T Y` plus regularisation on the diagonal.
fn gram(vectors: &[f32]) -> Vec<f32> {
    let mut gram = vec![0.0; FACTORS * FACTORS];
    for vector in vectors.chunks_exact(FACTORS) {
        for (row, value) in gram.chunks_exact_mut(FACTORS).zip(vector) {
            add_scaled(row, *value, vector);
        }
    }
    (0..FACTORS).for_each(|d| gram[d * FACTORS + d] += REGULARISATION);
    gram
}

/// Moves `x` towards the solution of `(Y^T Y + l + sum alpha n y y^T) x = sum (1 + alpha n) y` by conjugate gradient.
fn solve(x: &mut [f32], pairs: &[(&[f32], f32)], gram: &[f32], steps: usize) {
    let apply = |vector: &[f32]| {
        let mut out: Vec<f32> = gram.chunks_exact(FACTORS).map(|row| dot(row, vector)).collect();
        for (y, count) in pairs {
            add_scaled(&mut out, ALPHA * count * dot(y, vector), y);
        }
        out
    };
    let mut rest: Vec<f32> = apply(x).into_iter().map(|value| -value).collect();
    for (y, count) in pairs {
        add_scaled(&mut rest, 1.0 + ALPHA * count, y);
    }
    let mut direction = rest.clone();
    let mut square = dot(&rest, &rest);
    for _ in 0..steps {
        if square < 1e-12 {
            return;
        }
        let image = apply(&direction);
        let length = square / dot(&direction, &image);
        add_scaled(x, length, &direction);
        add_scaled(&mut rest, -length, &image);
        let next = dot(&rest, &rest);
        let keep = next / square;
        direction.iter_mut().zip(&rest).for_each(|(d, r)| *d = keep * *d + r);
        square = next;
    }
}

impl Baseline for Als {
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        if self.trained
            && let Some(events) = self.events.get(actor.number).filter(|events| !events.is_empty())
        {
            let mut user = [0.0; FACTORS];
            if let Some(trained) = self.users.get(actor.number * FACTORS..(actor.number + 1) * FACTORS) {
                user.copy_from_slice(trained);
            }
            let pairs: Vec<(&[f32], f32)> = pairs_of(events, &self.items).collect();
            solve(&mut user, &pairs, &self.gram, STEPS);
            for (score, item) in scores.iter_mut().zip(self.items.chunks_exact(FACTORS)) {
                *score = dot(&user, item);
            }
        }
        self.popularity.add_to(scores, POPULARITY_SCALE);
    }

    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]) {
        if self.events.len() <= actor.number {
            self.events.resize(actor.number + 1, BTreeMap::new());
        }
        for item in items {
            *self.events[actor.number].entry(*item).or_insert(0.0) += 1.0;
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

    fn random(rows: usize, domain: u64) -> Vec<f32> {
        let mut draws = CounterRng::new(1, domain, 1);
        (0..rows * FACTORS).map(|_| draws.normal()).collect()
    }

    /// Goal: conjugate gradient solves the paper's equation 4. Method: the matrix written out in f64, and what is left
    /// of the right side.
    #[test]
    fn the_solution_satisfies_the_normal_equations() {
        let items = random(9, 2);
        let events = BTreeMap::from([(1, 1.0), (4, 3.0), (7, 2.0)]);
        let gram = gram(&items);
        let pairs: Vec<(&[f32], f32)> = pairs_of(&events, &items).collect();
        let mut x = vec![0.0; FACTORS];
        solve(&mut x, &pairs, &gram, 200);
        for d in 0..FACTORS {
            let (mut left, mut right) = (f64::from(REGULARISATION) * f64::from(x[d]), 0.0);
            for (row, y) in items.chunks_exact(FACTORS).enumerate() {
                let count = events.get(&u32::try_from(row).unwrap()).copied();
                let confidence = 1.0 + f64::from(ALPHA * count.unwrap_or(0.0));
                let product: f64 = y.iter().zip(&x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                left += confidence * product * f64::from(y[d]);
                right += if count.is_some() { confidence * f64::from(y[d]) } else { 0.0 };
            }
            assert!((left - right).abs() < 1e-2 * (1.0 + right.abs()), "{d}: {left} {right}");
        }
    }

    #[test]
    fn people_of_one_taste_get_its_items_after_training() {
        let mut als = Als::new(1);
        let history = ActorHistory::default();
        // Even users like even items, odd users odd ones; everybody misses one.
        for number in 0..20_usize {
            let items: Vec<u32> =
                (0..10).filter(|item| *item as usize % 2 == number % 2 && *item as usize != number).collect();
            als.learn(&KnownActor { at: 0, number, history: &history }, &items);
        }
        als.pass(0.01);
        assert!(!als.trained);
        als.pass(0.06);
        let mut scores = [0.0; 10];
        als.score(&KnownActor { at: 0, number: 2, history: &history }, &mut scores);
        assert!([1, 3, 5, 7, 9].iter().all(|odd| scores[*odd] < scores[2]), "{scores:?}");
    }
}
