//! What two vectors are to each other.

use shelfmark::state::dot;

/// Cosine of their angle: 1 for one direction, 0 for a right angle.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Euclidean distance of their ends.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}
