//! Gradient clipping by the global norm, relative to its running median.

use shelfmark_state::{State, dot};

/// Factor by which the running median moves per step.
const MEDIAN_STEP: f32 = 1.02;

/// Writes the squared norm of each row to `squares` and returns their sum. A row's sum is in f32, which is precise
/// enough for a threshold of several times the median.
pub fn row_squares(values: &[f32], dim: usize, squares: &mut Vec<f32>) -> f64 {
    squares.clear();
    squares.extend(values.chunks_exact(dim).map(|row| dot(row, row)));
    squares.iter().map(|square| f64::from(*square)).sum()
}

/// Returns the factor that clips the gradient: 1 unless its norm exceeds `clip_ratio` times the running median. Updates
/// the median.
pub fn clip(state: &mut State, norm: f32, targets: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a step has at most 2,048 targets")]
    let per_root = norm / (targets.max(1) as f32).sqrt();
    let ratio = state.config().clip_ratio;
    let median = state.inference.counters.norm_median;
    let limit = ratio * median;
    let clipped = median > 0.0 && per_root > limit;
    state.count_step(|counters| {
        // Stochastic approximation of the median, on the logarithm (Robbins and Monro 1951): up and down are equally
        // likely there.
        counters.norm_median = match median {
            median if median <= 0.0 => per_root,
            median if per_root > median => median * MEDIAN_STEP,
            median => median / MEDIAN_STEP,
        };
        counters.clipped += u64::from(clipped);
    });
    if clipped { limit / per_root } else { 1.0 }
}
