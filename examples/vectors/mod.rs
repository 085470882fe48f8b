//! Measures of two vectors: distance and angle.

pub use shelfmark_state::distance;
use shelfmark_state::dot;

/// Cosine of their angle: 1 for one direction, 0 for a right angle.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
