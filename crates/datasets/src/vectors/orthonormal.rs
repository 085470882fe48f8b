//! Orthonormal rows: random ones, and the principal axes of a covariance.

use shelfmark_state::{CounterRng, dot};

/// Tells these draws from other uses of the generator.
const DRAWS_ROTATION: u64 = 9;
/// Rounds of orthogonal iteration: the space of the axes settles long before the single axes do.
const ROUNDS: usize = 20;
/// Length below which the rest of a row, after the previous rows are taken out, counts as dependent on them.
const DEPENDENT: f32 = 1e-4;

/// Draws `count` random orthonormal rows of `width` values, `[count, width]`, `count <= width`.
pub(super) fn random(count: usize, width: usize, seed: u64) -> Vec<f32> {
    let mut draws = CounterRng::new(seed, DRAWS_ROTATION, 0);
    let mut rows: Vec<f32> = (0..count * width).map(|_| draws.normal()).collect();
    orthonormalise(&mut rows, width, &mut draws);
    rows
}

/// Computes the `count` orthonormal rows along which `covariance`, `[width, width]`, is greatest, by orthogonal
/// iteration (Golub and Van Loan 2013, section 8.2.4).
pub(super) fn principal(covariance: &[f32], width: usize, count: usize, seed: u64) -> Vec<f32> {
    let mut draws = CounterRng::new(seed, DRAWS_ROTATION, 1);
    let mut axes = random(count, width, seed);
    for _ in 0..ROUNDS {
        axes = product(&axes, covariance, width);
        orthonormalise(&mut axes, width, &mut draws);
    }
    axes
}

/// Multiplies `[n, width]` by the transpose of `[m, width]`: `[n, m]`.
pub(super) fn product(left: &[f32], right: &[f32], width: usize) -> Vec<f32> {
    let rows = right.chunks_exact(width);
    left.chunks_exact(width).flat_map(|row| rows.clone().map(move |other| dot(row, other))).collect()
}

/// Makes rows orthonormal by modified Gram-Schmidt, twice a row ("twice is enough", Giraud, Langou and Rozložník 2005).
/// A row that depends on the previous ones is drawn anew.
fn orthonormalise(rows: &mut [f32], width: usize, draws: &mut CounterRng) {
    for place in 0..rows.len() / width {
        let (before, rest) = rows.split_at_mut(place * width);
        let row = &mut rest[..width];
        loop {
            // Far rows and near ones alike: what counts as dependent is relative.
            normalise(row);
            take_out(row, before, width);
            if normalise(row) > DEPENDENT {
                take_out(row, before, width);
                normalise(row);
                break;
            }
            row.iter_mut().for_each(|value| *value = draws.normal());
        }
    }
}

fn take_out(row: &mut [f32], before: &[f32], width: usize) {
    for other in before.chunks_exact(width) {
        let along = dot(row, other);
        row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
    }
}

/// Scales a row to length 1, and returns its length before.
fn normalise(row: &mut [f32]) -> f32 {
    let norm = dot(row, row).sqrt();
    if norm > 0.0 {
        row.iter_mut().for_each(|value| *value /= norm);
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_orthonormal(rows: &[f32], width: usize) {
        let gram = product(rows, rows, width);
        let count = rows.len() / width;
        for (place, value) in gram.iter().enumerate() {
            let expected = f32::from(u8::from(place / count == place % count));
            assert!((value - expected).abs() < 1e-5, "{place}: {value}");
        }
    }

    #[test]
    fn random_rows_are_orthonormal_and_repeat_by_seed() {
        let rows = random(60, 64, 5);
        assert_orthonormal(&rows, 64);
        assert_eq!(rows, random(60, 64, 5));
        assert_ne!(rows, random(60, 64, 6));
    }

    /// Goal: the axes are those of the greatest variances. Method: a diagonal covariance of falling variances, of which
    /// most are 0, so that the iteration also meets dependent rows.
    #[test]
    fn principal_axes_span_the_greatest_variances() {
        let width = 12;
        let mut covariance = vec![0.0; width * width];
        for (place, variance) in [(3, 9.0), (7, 4.0), (1, 1.0)] {
            covariance[place * width + place] = variance;
        }
        let axes = principal(&covariance, width, 5, 1);
        assert_orthonormal(&axes, width);
        let first: Vec<usize> = (0..3)
            .map(|axis| {
                (0..width)
                    .max_by(|a, b| axes[axis * width + a].abs().total_cmp(&axes[axis * width + b].abs()))
                    .expect("twelve")
            })
            .collect();
        assert_eq!(first, [3, 7, 1]);
    }
}
