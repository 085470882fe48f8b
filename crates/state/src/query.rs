//! Query vector of a context: the part of the score that serving and learning share.

use super::{Context, Scalars, math::exp, token_factor};

/// Source of the vectors of a query: gathered rows in the learner, or a view.
pub trait QueryRows {
    /// Returns the vector of an item with its content, `[dim]`.
    fn item(&self, row: u32) -> &[f32];
    /// Returns the last-item vector of an item, or of "no item", `[dim]`.
    fn last(&self, row: Option<u32>) -> &[f32];
    /// Returns a user vector, `[dim]`.
    fn user(&self, row: u32) -> &[f32];
    /// Returns a context vector, `[dim]`.
    fn context(&self, row: u32) -> &[f32];
}

/// A query vector with the intermediate values that its gradient needs.
#[derive(Debug, Clone, Default)]
pub struct ComposedQuery {
    /// Query vector, `[dim]`. The score of item `j` is `q . v_j` plus bias and sparse terms.
    pub q: Vec<f32>,
    /// Pooled history, `[dim]`.
    pub pool: Vec<f32>,
    /// Pooling weights `a_k / sqrt(sum a^2 + 1e-6)`, newest first.
    pub weights: Vec<f32>,
    /// Pooled dislikes, `[dim]`; empty without any.
    pub dislike_pool: Vec<f32>,
    /// Weights of pool, last item and user in this context.
    pub parts: [f32; 3],
    /// Index into `Scalars::scg`.
    pub g0: usize,
}

/// Computes the query vector of a context: `q = sc'_0 pool + sc'_1 T[h_0 or none] + sc'_2 P_u + sum_c C_c /
/// sqrt(contexts) + sd sum_k v_(x_k) / sqrt(dislikes)`, with `pool = sum_k a_k v_(h_k) / sqrt(sum_k a_k^2 +
/// 1e-6)` and `a_k = exp(pos[d_k] + hg[gap_k])` (docs/LEARNING.md).
///
/// Costs `history * dim` multiplications.
pub fn compose(context: &Context, scalars: &Scalars, rows: &impl QueryRows, dim: usize) -> ComposedQuery {
    let mut weights: Vec<f32> = weights_of(context, scalars).collect();
    let norm = (weights.iter().map(|a| a * a).sum::<f32>() + 1e-6).sqrt();
    let mut pool = vec![0.0; dim];
    for (a, item) in weights.iter_mut().zip(&context.history) {
        *a /= norm;
        add_scaled(&mut pool, *a, rows.item(*item));
    }
    let g0 = context.gaps.first().map_or(0, |gap| usize::from(*gap) + 1);
    let parts = scalars.parts(g0);
    let mut q = vec![0.0; dim];
    add_scaled(&mut q, parts[0], &pool);
    add_scaled(&mut q, parts[1], rows.last(context.history.first().copied()));
    if let Some(user) = context.user {
        add_scaled(&mut q, parts[2], rows.user(user));
    }
    let mut dislike_pool = Vec::new();
    if context.pooled_dislikes > 0 {
        dislike_pool.resize(dim, 0.0);
        let factor = token_factor(context.pooled_dislikes);
        for item in &context.disliked[..context.pooled_dislikes] {
            add_scaled(&mut dislike_pool, factor, rows.item(*item));
        }
        add_scaled(&mut q, scalars.added.sd, &dislike_pool);
    }
    let factor = token_factor(context.terms.len());
    for term in &context.terms {
        add_scaled(&mut q, factor, rows.context(*term));
    }
    ComposedQuery { q, pool, weights, dislike_pool, parts, g0 }
}

/// Iterates over the unnormalized pooling weights `exp(pos[place] + hg[gap])` of a context's history.
fn weights_of(context: &Context, scalars: &Scalars) -> impl Iterator<Item = f32> {
    let log = |(place, gap): (&u8, &u8)| scalars.pos[usize::from(*place)] + scalars.hg[usize::from(*gap)];
    context.places.iter().zip(&context.gaps).map(move |pair| exp(log(pair)))
}

/// Computes `to += factor * from`, element by element.
#[inline]
pub fn add_scaled(to: &mut [f32], factor: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Computes `to += a + b + c + d`, each scaled by its factor, in one pass over `to` instead of four.
#[inline]
pub fn add_scaled_4(to: &mut [f32], factors: [f32; 4], [a, b, c, d]: [&[f32]; 4]) {
    let rows = a.iter().zip(b).zip(c.iter().zip(d));
    for (to, ((a, b), (c, d))) in to.iter_mut().zip(rows) {
        *to += (factors[0] * a + factors[1] * b) + (factors[2] * c + factors[3] * d);
    }
}

/// Returns the Euclidean distance of two vectors.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// Returns the inner product. Eight lanes let the compiler vectorize it and fix the order of additions.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (a, b) in a8.iter().zip(b8) {
        for lane in 0..8 {
            lanes[lane] = a[lane].mul_add(b[lane], lanes[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])) + rest
}
