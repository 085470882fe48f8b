//! Small vectors: their gradients by way of popularity, and their update.

use shelfmark_domain::LearningRates;
use shelfmark_state::{
    ComposedQuery, EVENT_COLUMNS, EntryPopularity, GAP_BUCKETS, InferenceState, POPULARITY_COLUMNS, Popularity,
    Scalars, add_scaled, dot,
};

use super::{adagrad, softmax::SoftmaxInputs};

/// Group of no query.
const NO_GROUP: usize = usize::MAX;

/// Popularity of a step's rows, and the groups of queries that weigh it alike.
#[derive(Debug)]
pub struct PopularityGroups {
    /// `log(1 + count)` of the rows, by column.
    logs: [Vec<f32>; POPULARITY_COLUMNS],
    ages: Vec<f32>,
    /// Time gap of each group, as an index of the corrections.
    gaps: Vec<usize>,
    /// Group of each time gap.
    group_of: [usize; GAP_BUCKETS + 1],
}

impl Default for PopularityGroups {
    fn default() -> Self {
        let group_of = [NO_GROUP; GAP_BUCKETS + 1];
        Self { logs: Default::default(), ages: Vec::new(), gaps: Vec::new(), group_of }
    }
}

impl PopularityGroups {
    /// Reads the popularity of the step's rows.
    pub fn read(&mut self, inference: &InferenceState, rows: &[u32]) {
        let (events, entries) = self.logs.split_at_mut(EVENT_COLUMNS);
        let popularity = rows.iter().map(|row| &inference.popularity[*row as usize]);
        Popularity::columns(popularity, inference.counters.counted, events, &mut self.ages);
        let popularity = rows.iter().map(|row| &inference.entries[*row as usize]);
        EntryPopularity::columns(popularity, inference.entries_counted, entries, &mut self.ages);
    }

    /// Groups the queries by the gap of their last event, and computes the popularity terms of each group.
    pub fn weigh(&mut self, queries: &[ComposedQuery], scalars: &Scalars, inputs: &mut SoftmaxInputs) {
        self.gaps.clear();
        self.group_of.fill(NO_GROUP);
        inputs.groups.clear();
        for query in queries {
            let group = &mut self.group_of[query.g0];
            if *group == NO_GROUP {
                *group = self.gaps.len();
                self.gaps.push(query.g0);
            }
            inputs.groups.push(*group);
        }
        let rows = self.logs[0].len();
        inputs.popularity.clear();
        inputs.popularity.resize(self.gaps.len() * rows, 0.0);
        for (terms, g0) in inputs.popularity.chunks_exact_mut(rows.max(1)).zip(&self.gaps) {
            for (logs, weight) in self.logs.iter().zip(scalars.popularity_weights(*g0)) {
                add_scaled(terms, weight, logs);
            }
        }
    }

    /// Adds the gradients of the weights of popularity, given those of the terms, `[groups, rows]`.
    pub fn backward(&self, dpopularity: &[f32], scalars: &mut Scalars) {
        let rows = self.logs[0].len();
        for (gradients, g0) in dpopularity.chunks_exact(rows.max(1)).zip(&self.gaps) {
            scalars.add_popularity_gradient(*g0, std::array::from_fn(|column| dot(gradients, &self.logs[column])));
        }
    }
}

/// Updates the small vectors.
pub fn update_scalars(
    weights: &mut Scalars,
    sums: &mut Scalars,
    gradient: &Scalars,
    scale: f32,
    rates: &LearningRates,
) {
    let update = |weights: &mut [f32], sums: &mut [f32], gradient: &[f32], rate: f32| {
        adagrad::update(weights, sums, gradient, adagrad::UpdateRule { scale, rate, l2: 0.0 });
    };
    update(&mut weights.pos, &mut sums.pos, &gradient.pos, rates.history);
    update(&mut weights.hg, &mut sums.hg, &gradient.hg, rates.history);
    update(&mut weights.sc, &mut sums.sc, &gradient.sc, rates.parts);
    for i in 0..3 {
        update(&mut weights.scg[i], &mut sums.scg[i], &gradient.scg[i], rates.parts);
    }
    update(&mut weights.rec, &mut sums.rec, &gradient.rec, rates.repeat);
    update(&mut weights.cnt, &mut sums.cnt, &gradient.cnt, rates.repeat);
    let one = std::slice::from_mut;
    update(one(&mut weights.wm), one(&mut sums.wm), &[gradient.wm], rates.memory);
    update(&mut weights.wp, &mut sums.wp, &gradient.wp, rates.popularity);
    let (weights, sums, gradient) = (&mut weights.added, &mut sums.added, &gradient.added);
    // Without corrections by gap there is no fourth half-life either: a rate of 0 takes all of them out.
    update(one(&mut weights.wp_short), one(&mut sums.wp_short), &[gradient.wp_short], rates.popularity_gaps);
    update(one(&mut weights.sd), one(&mut sums.sd), &[gradient.sd], rates.parts);
    for g0 in 0..=GAP_BUCKETS {
        update(&mut weights.wpg[g0], &mut sums.wpg[g0], &gradient.wpg[g0], rates.popularity_gaps);
        update(&mut weights.we[g0], &mut sums.we[g0], &gradient.we[g0], rates.entries);
    }
}
