//! Scores of the model: the formula of docs/LEARNING.md for every row, from the learner's state.

use shelfmark_state::{
    ComposedQuery, GAP_BUCKETS, InferenceState, POPULARITY_COLUMNS, QueryRows, State, Table, Unit, compose, dot,
};

use super::ranking::ABSENT;

/// Rows whose products with all queries of a group are computed at once: 64 x 128 values are 32 KiB, a first-level
/// cache.
const BLOCK_ROWS: usize = 64;

/// Item vectors and biases as of the last batch. A batch costs the rows that it changed, plus one pass over the biases.
#[derive(Debug, Default)]
pub(super) struct ModelScores {
    dim: usize,
    /// `[rows, dim]`.
    vectors: Vec<f32>,
    bias: Vec<f32>,
    /// `log(1 + count)` of popularity, by row.
    logs: Vec<[f32; POPULARITY_COLUMNS]>,
    /// 0 for items with an event, [`ABSENT`] for others.
    known: Vec<f32>,
    /// 0 for items that the service would recommend.
    servable: Vec<f32>,
    /// 0 for items that the service would recommend and that have no event.
    arrivals: Vec<f32>,
    known_count: usize,
    stale: Vec<bool>,
    stale_tokens: Vec<bool>,
}

impl ModelScores {
    pub(super) fn rows(&self) -> usize {
        self.bias.len()
    }

    /// Returns the mask of candidates by the protocol: 0 or [`ABSENT`] by row.
    pub(super) fn known(&self) -> &[f32] {
        &self.known
    }

    /// Returns the mask of candidates when serving.
    pub(super) fn servable(&self) -> &[f32] {
        &self.servable
    }

    /// Returns the mask of candidates of a list of new arrivals.
    pub(super) fn arrivals(&self) -> &[f32] {
        &self.arrivals
    }

    /// Notes which rows a batch changed, and clears them in the state, where nobody else reads them.
    pub(super) fn moved(&mut self, state: &mut State) {
        let mark = |marks: &mut Vec<bool>, rows: &[u32]| {
            for row in rows {
                let row = *row as usize;
                if row >= marks.len() {
                    marks.resize(row + 1, false);
                }
                marks[row] = true;
            }
        };
        mark(&mut self.stale, state.touched.rows(Table::ItemVectors));
        mark(&mut self.stale, state.touched.rows(Table::Items));
        let contents = &state.inference.content_vectors;
        let refreshed =
            state.touched.rows(Table::ContentVectors).iter().map(|content| contents.item(*content as usize));
        mark(&mut self.stale, &refreshed.collect::<Vec<_>>());
        mark(&mut self.stale_tokens, state.touched.rows(Table::TokenVectors));
        state.touched.clear();
    }

    /// Reads the state before a batch. Rows below `listed` have metadata.
    pub(super) fn refresh(&mut self, state: &State, listed: usize) {
        let inference = &state.inference;
        let (rows, before) = (inference.catalog.len(), self.rows());
        self.dim = inference.config.dim;
        self.vectors.resize(rows * self.dim, 0.0);
        self.known.resize(rows, ABSENT);
        self.servable.resize(rows, ABSENT);
        self.arrivals.resize(rows, ABSENT);
        for place in self.known_count..inference.catalog.known().len() {
            self.known[inference.catalog.known()[place] as usize] = 0.0;
        }
        self.known_count = inference.catalog.known().len();
        let is_stale = |marks: &[bool], row: usize| marks.get(row).copied().unwrap_or(false);
        self.bias.clear();
        self.logs.clear();
        for (row, vector) in self.vectors.chunks_exact_mut(self.dim).enumerate() {
            let number = u32::try_from(row).expect("rows are u32");
            let entry = inference.catalog.entry(number);
            let moved = |token: &u32| is_stale(&self.stale_tokens, *token as usize);
            if row >= before || is_stale(&self.stale, row) || entry.tokens.iter().any(moved) {
                inference.item_vector(number, vector);
            }
            self.bias.push(inference.parameters.bias.row(row)[0]);
            self.logs.push(inference.popularity_logs(number));
            let there = row < listed || self.known[row] == 0.0;
            self.servable[row] = if there && entry.recommendable() { 0.0 } else { ABSENT };
            self.arrivals[row] = if self.known[row] == 0.0 { ABSENT } else { self.servable[row] };
        }
        self.stale.fill(false);
        self.stale_tokens.fill(false);
    }

    /// Scores every row for every unit, `[units, rows]`. Rows that are no candidates have scores too.
    pub(super) fn score(&self, inference: &InferenceState, units: &[&Unit], scores: &mut Vec<f32>) {
        let rows = self.rows();
        let scalars = &inference.parameters.scalars;
        let vectors = Vectors { inference, scores: self };
        let queries: Vec<ComposedQuery> =
            units.iter().map(|unit| compose(&unit.context, scalars, &vectors, self.dim)).collect();
        // Queries whose histories end at the same time gap weigh popularity alike.
        let mut biases: [Vec<f32>; GAP_BUCKETS + 1] = std::array::from_fn(|_| Vec::new());
        for query in &queries {
            if biases[query.g0].is_empty() {
                let weights = scalars.popularity_weights(query.g0);
                let terms = self.bias.iter().zip(&self.logs).map(|(bias, logs)| bias + dot(&weights, logs));
                biases[query.g0] = terms.collect();
            }
        }
        scores.clear();
        scores.resize(units.len() * rows, 0.0);
        for first in (0..rows).step_by(BLOCK_ROWS) {
            let end = rows.min(first + BLOCK_ROWS);
            let block = &self.vectors[first * self.dim..end * self.dim];
            for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(rows)) {
                let scores = scores[first..end].iter_mut().zip(&biases[query.g0][first..end]);
                for ((score, bias), vector) in scores.zip(block.chunks_exact(self.dim)) {
                    *score = dot(&query.q, vector) + bias;
                }
            }
        }
        for (number, (unit, scores)) in units.iter().zip(scores.chunks_exact_mut(rows.max(1))).enumerate() {
            if inference.config.explore > 0.0 {
                // Drawn anew for each unit, as for each request.
                let seed = inference.counters.events << 16 | number as u64;
                for (row, score) in (0_u32..).zip(scores.iter_mut()) {
                    *score += inference.exploration(row, seed);
                }
            }
            for item in &unit.context.disliked {
                scores[*item as usize] = ABSENT;
            }
            for repeat in &unit.context.repeats {
                scores[repeat.item as usize] +=
                    scalars.rec[usize::from(repeat.age)] + scalars.cnt[usize::from(repeat.count)];
            }
            for remembered in &unit.context.memory {
                scores[remembered.item as usize] += scalars.wm * remembered.value;
            }
        }
    }
}

struct Vectors<'a> {
    inference: &'a InferenceState,
    scores: &'a ModelScores,
}

impl QueryRows for Vectors<'_> {
    fn item(&self, row: u32) -> &[f32] {
        let dim = self.scores.dim;
        &self.scores.vectors[row as usize * dim..][..dim]
    }

    fn last(&self, row: Option<u32>) -> &[f32] {
        self.inference.parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }

    fn user(&self, row: u32) -> &[f32] {
        self.inference.parameters.users.row(row as usize)
    }

    fn context(&self, row: u32) -> &[f32] {
        self.inference.parameters.contexts.row(row as usize)
    }
}
