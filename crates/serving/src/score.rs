//! The score of a row for a search: the one definition that every answer follows.

use shelfmark_state::{ComposedQuery, Context, InferenceState, POPULARITY_COLUMNS, Scalars, dot};

use super::{
    index::Index,
    ranking::Ranking,
    search::{RowBoost, Search},
    top_k::Hit,
};

/// The weights of popularity in a query. The corrections by gap are learned together with the vector of a context, so
/// they are for queries with one.
pub(super) fn popularity_weights(
    scalars: &Scalars,
    composed: Option<&(Context, ComposedQuery)>,
) -> [f32; POPULARITY_COLUMNS] {
    match composed {
        Some((_, composed)) => scalars.popularity_weights(composed.g0),
        None => scalars.mean_popularity_weights(),
    }
}

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

/// What rows are scored by: the parts of a search that do not change while it runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) ranking: Ranking,
    pub(super) vector: &'a [f32],
    pub(super) popularity: &'a [f32; POPULARITY_COLUMNS],
    pub(super) adjust: &'a [(u32, f32)],
    pub(super) explore: Option<u64>,
    pub(super) boosts: &'a [RowBoost],
}

/// Scores rows exactly.
pub(super) struct Scorer<'a, V> {
    vectors: V,
    inference: &'a InferenceState,
    terms: Terms<'a>,
}

impl<'a, V: Vectors> Scorer<'a, V> {
    pub(super) const fn new(vectors: V, inference: &'a InferenceState, terms: Terms<'a>) -> Self {
        Self { vectors, inference, terms }
    }

    /// The score. Costs the row's vector and its popularity.
    pub(super) fn score(&mut self, row: u32) -> f32 {
        let Terms { ranking, vector: query, popularity, adjust, .. } = self.terms;
        let dense = match ranking {
            Ranking::Popularity => self.inference.item_bias(row, popularity),
            Ranking::Score => dot(query, self.vectors.vector(row)) + self.inference.item_bias(row, popularity),
            Ranking::Cosine => {
                let vector = self.vectors.vector(row);
                let norm = dot(vector, vector).sqrt();
                // A row without a direction is like none.
                if norm > 0.0 { dot(query, vector) / norm } else { 0.0 }
            }
        };
        let named = adjust.binary_search_by_key(&row, |(row, _)| *row).ok().map(|place| adjust[place].1);
        sum(named, self.extra(row)).map_or(dense, |term| dense + term)
    }

    /// What exploration and boosts add.
    pub(super) fn extra(&self, row: u32) -> Option<f32> {
        let chance = self.terms.explore.map(|seed| self.inference.exploration(row, seed));
        sum(chance, RowBoost::sum(self.terms.boosts, row))
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
    let Search { ranking, vector, popularity, adjust, explore, boosts, .. } = search;
    let terms = Terms { ranking: *ranking, vector, popularity, adjust, explore: *explore, boosts };
    let mut scorer = Scorer::new(composed, inference, terms);
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
