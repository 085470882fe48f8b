//! How long a step's gradient is, and what is done about one that explodes.

use shelfmark_state::{State, dot};

/// Rate at which the running median of the gradient norm follows (multiplicative, so it has no unit).
const MEDIAN_STEP: f32 = 1.02;

/// Squared length of each row, and their sum. A row's is taken in f32: exact enough for a threshold ten times away.
pub fn row_squares(values: &[f32], dim: usize, squares: &mut Vec<f32>) -> f64 {
    squares.clear();
    squares.extend(values.chunks_exact(dim).map(|row| dot(row, row)));
    squares.iter().map(|square| f64::from(*square)).sum()
}

/// Factor of an explosion: 1 unless the norm is `clip_ratio` times the running median.
pub fn clip(state: &mut State, norm: f32, targets: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a step has at most 2,048 targets")]
    let per_root = norm / (targets.max(1) as f32).sqrt();
    let ratio = state.config().clip_ratio;
    let median = state.readable.counters.norm_median;
    let limit = ratio * median;
    let clipped = median > 0.0 && per_root > limit;
    state.count_step(|counters| {
        // Robbins and Monro 1951, on the logarithm: the median is where up and down are equally likely.
        counters.norm_median = match median {
            median if median <= 0.0 => per_root,
            median if per_root > median => median * MEDIAN_STEP,
            median => median / MEDIAN_STEP,
        };
        counters.clipped += u64::from(clipped);
    });
    if clipped { limit / per_root } else { 1.0 }
}
