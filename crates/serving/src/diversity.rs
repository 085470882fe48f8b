//! Maximal marginal relevance (Carbonell and Goldstein 1998): a list whose items are not all alike.
//!
//! Of a pool of the best rows by score, the best comes first; then, again and again, the row with the largest
//! `(1 - d) r - d max_s cos(v, v_s)`, where `r` is the score scaled to 0 for the worst and 1 for the best of the pool,
//! and `s` runs over what was chosen before. Equal ones are taken in the order of scores. Costs `pool * limit * dim`
//! multiply-adds.

use shelfmark_domain::Query;
use shelfmark_state::dot;

use super::{View, top_k::Hit};

/// Rows of a pool, at least, by the rows of an answer.
const POOL_RATIO: usize = 5;
/// Rows of a pool, at least.
const POOL_MIN: usize = 100;
/// Rows of a pool, at most.
const POOL_MAX: usize = Query::LIMIT_MAX;

/// How many of the best rows the answer is chosen from.
pub(super) fn pool(query: &Query) -> usize {
    if query.diversity > 0.0 { (query.limit * POOL_RATIO).clamp(POOL_MIN, POOL_MAX) } else { query.limit }
}

/// Chooses the answer from `pool`, which is ordered by score.
pub(super) fn choose(view: &View, query: &Query, pool: Vec<Hit>) -> Vec<Hit> {
    let (Some(best), Some(worst)) = (pool.first(), pool.last()) else { return pool };
    if query.diversity <= 0.0 {
        return pool;
    }
    // The difference of two f32 may exceed them.
    let (low, span) = (f64::from(worst.score), f64::from(best.score) - f64::from(worst.score));
    let diversity = f64::from(query.diversity);
    let mut left: Vec<Candidate> = pool
        .into_iter()
        .map(|hit| Candidate {
            relevance: if span > 0.0 { (f64::from(hit.score) - low) / span } else { 0.0 },
            vector: view.direction(hit.row),
            nearest: f64::NEG_INFINITY,
            hit,
        })
        .collect();
    let mut chosen = Vec::with_capacity(query.limit);
    let mut next = 0;
    while chosen.len() < query.limit && !left.is_empty() {
        let taken = left.remove(next);
        let mut most = f64::NEG_INFINITY;
        for (place, candidate) in left.iter_mut().enumerate() {
            candidate.nearest = candidate.nearest.max(f64::from(dot(&candidate.vector, &taken.vector)));
            let value = (1.0 - diversity) * candidate.relevance - diversity * candidate.nearest;
            if value > most {
                (next, most) = (place, value);
            }
        }
        chosen.push(taken.hit);
    }
    chosen
}

struct Candidate {
    hit: Hit,
    relevance: f64,
    /// Of length 1, `[dim]`.
    vector: Vec<f32>,
    /// Largest cosine with what was chosen.
    nearest: f64,
}
