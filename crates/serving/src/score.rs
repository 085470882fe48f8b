//! The score of a row for a search: the one definition that every answer follows.

use shelfmark_state::{InferenceState, dot};

use super::{index::Index, ranking::Ranking, search::Search, top_k::Hit};

/// Where the vectors of items come from.
pub(super) trait Vectors {
    /// An item's vector with its content, `[dim]`.
    fn vector(&mut self, row: u32) -> &[f32];
}

impl Vectors for &Index {
    fn vector(&mut self, row: u32) -> &[f32] {
        Index::vector(self, row as usize)
    }
}

/// Vectors added up from the state itself: what every other source has to equal.
struct Composed<'a> {
    inference: &'a InferenceState,
    /// Work space, `[dim]`.
    row: Vec<f32>,
}

impl Vectors for Composed<'_> {
    fn vector(&mut self, row: u32) -> &[f32] {
        self.inference.item_vector(row, &mut self.row);
        &self.row
    }
}

/// Scores rows exactly.
pub(super) struct Scorer<'a, V> {
    vectors: V,
    inference: &'a InferenceState,
    ranking: Ranking,
    vector: &'a [f32],
    adjust: &'a [(u32, f32)],
    explore: Option<u64>,
}

impl<'a, V: Vectors> Scorer<'a, V> {
    pub(super) const fn new(
        vectors: V,
        inference: &'a InferenceState,
        ranking: Ranking,
        vector: &'a [f32],
        adjust: &'a [(u32, f32)],
        explore: Option<u64>,
    ) -> Self {
        Self { vectors, inference, ranking, vector, adjust, explore }
    }

    /// The score. Costs the row's vector and its popularity.
    pub(super) fn score(&mut self, row: u32) -> f32 {
        let dense = match self.ranking {
            Ranking::Popularity => self.inference.item_bias(row),
            Ranking::Score => dot(self.vector, self.vectors.vector(row)) + self.inference.item_bias(row),
            Ranking::Cosine => {
                let vector = self.vectors.vector(row);
                let norm = dot(vector, vector).sqrt();
                // A row without a direction is like none.
                if norm > 0.0 { dot(self.vector, vector) / norm } else { 0.0 }
            }
        };
        let named = self.adjust.binary_search_by_key(&row, |(row, _)| *row).ok().map(|place| self.adjust[place].1);
        sum(named, self.chance(row)).map_or(dense, |term| dense + term)
    }

    /// What exploration adds.
    pub(super) fn chance(&self, row: u32) -> Option<f32> {
        self.explore.map(|seed| self.inference.exploration(row, seed))
    }
}

/// The sum of what there is.
pub(super) fn sum(a: Option<f32>, b: Option<f32>) -> Option<f32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, None) | (None, one) => one,
    }
}

/// The best rows of a search by scoring every row: what the search has to find, at the cost of the catalogue.
pub(super) fn best_of_all(inference: &InferenceState, search: &Search) -> Vec<Hit> {
    let composed = Composed { inference, row: vec![0.0; inference.config.dim] };
    let mut scorer = Scorer::new(composed, inference, search.ranking, &search.vector, &search.adjust, search.explore);
    let mut hits: Vec<Hit> = (0..u32::try_from(inference.catalog.len()).expect("rows are u32"))
        .filter(|row| inference.catalog.entry(*row).recommendable())
        .filter(|row| search.admitted.as_ref().is_none_or(|admitted| admitted.contains(*row)))
        .map(|row| Hit { row, score: scorer.score(row) })
        // Left out, or no number.
        .filter(|hit| hit.score > f32::NEG_INFINITY)
        .collect();
    hits.sort_by(|a, b| (b.score + 0.0).total_cmp(&(a.score + 0.0)).then(a.row.cmp(&b.row)));
    hits.truncate(search.top.limit());
    hits
}
