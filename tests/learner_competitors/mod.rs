//! Competitors in a step's softmax, written out plainly.

use shelfmark_learner::{SoftmaxInputs, SoftmaxTargets};

/// What each row of a query adds to its score before the softmax, `[rows]`: negative infinity where it does not
/// compete.
pub fn log_weights(
    inputs: &SoftmaxInputs,
    targets: &SoftmaxTargets,
    own: &[u32],
    query: usize,
    rows: usize,
) -> Vec<f32> {
    let mut weights = targets.log_weights.clone();
    weights.resize(rows, f32::NEG_INFINITY);
    for row in own.iter().chain(targets.targets.of(query).iter().map(|(row, _)| row)) {
        weights[*row as usize] = 0.0;
    }
    assert_eq!(targets.log_weights.len(), inputs.columns);
    weights
}
