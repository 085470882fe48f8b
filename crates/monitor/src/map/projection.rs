//! Projection to the two principal directions of a state's item vectors.

use shelfmark_serving::View;
use shelfmark_state::dot;

use super::stratified_sample::smallest_hashes;

/// Number of items that the directions are computed from, at most.
pub const BASIS_ROWS_MAX: usize = 20_000;
/// Products with the covariance matrix, at most.
const ITERATIONS_MAX: usize = 1_000;
/// The iteration ends when no component of a direction changes by more.
const TOLERANCE: f64 = 1e-10;

/// A linear map from vectors to two coordinates: `[d1 . (v - mean), d2 . (v - mean)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    mean: Vec<f32>,
    directions: [Vec<f32>; 2],
    offsets: [f32; 2],
    explained: [f64; 2],
    items: u64,
}

impl Projection {
    /// Computes the projection of a state's items. `None` with fewer than three items or with vectors of one value.
    pub fn of(view: &View) -> Option<Self> {
        let rows = smallest_hashes(view, BASIS_ROWS_MAX);
        let vectors: Vec<&[f32]> = rows.iter().map(|row| view.vector(*row)).collect();
        Self::of_vectors(&vectors)
    }

    fn of_vectors(vectors: &[&[f32]]) -> Option<Self> {
        let dim = vectors.first()?.len();
        if vectors.len() < 3 || dim < 2 {
            return None;
        }
        let count = vectors.len() as f64;
        let mut mean = vec![0.0_f64; dim];
        for vector in vectors {
            mean.iter_mut().zip(*vector).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let covariance = covariance(vectors, &mean);
        let total: f64 = (0..dim).map(|i| covariance[i * dim + i]).sum();
        let (directions, variances) = principal_directions(&covariance, dim);
        let mean = narrowed(&mean);
        let directions = directions.map(|direction| narrowed(&direction));
        let offsets = [0, 1].map(|d| dot(&directions[d], &mean));
        let explained = variances.map(|variance| if total > 0.0 { variance / total } else { 0.0 });
        Some(Self { mean, directions, offsets, explained, items: vectors.len() as u64 })
    }

    /// Returns the two coordinates of a vector.
    pub fn point(&self, vector: &[f32]) -> [f32; 2] {
        [0, 1].map(|d| dot(&self.directions[d], vector) - self.offsets[d])
    }

    /// Returns the length of the vectors that it projects.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// Returns the share of the items' variance that each direction holds, 0 to 1.
    pub fn explained(&self) -> [f64; 2] {
        self.explained
    }

    /// Returns the number of items that the directions were computed from.
    pub fn items(&self) -> u64 {
        self.items
    }
}

#[expect(clippy::cast_possible_truncation, reason = "coordinates are f32")]
fn narrowed(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// The covariance matrix of vectors, `[dim, dim]`.
fn covariance(vectors: &[&[f32]], mean: &[f64]) -> Vec<f64> {
    let dim = mean.len();
    let mut sums = vec![0.0_f64; dim * dim];
    let mut centred = vec![0.0_f64; dim];
    for vector in vectors {
        for ((centred, value), mean) in centred.iter_mut().zip(*vector).zip(mean) {
            *centred = f64::from(*value) - mean;
        }
        for i in 0..dim {
            let factor = centred[i];
            let row = &mut sums[i * dim + i..(i + 1) * dim];
            row.iter_mut().zip(&centred[i..]).for_each(|(sum, value)| *sum += factor * value);
        }
    }
    let count = vectors.len() as f64;
    for i in 0..dim {
        for j in i..dim {
            let value = sums[i * dim + j] / count;
            sums[i * dim + j] = value;
            sums[j * dim + i] = value;
        }
    }
    sums
}

/// The two eigenvectors of a symmetric matrix with the largest eigenvalues, and these: orthogonal iteration (Golub and
/// Van Loan, Matrix Computations, section 8.2.4). Of each vector the component of largest magnitude is positive.
fn principal_directions(matrix: &[f64], dim: usize) -> ([Vec<f64>; 2], [f64; 2]) {
    // Columns of the matrix reach every direction that has variance, and depend on nothing random.
    let start = |seed: usize| -> Vec<f64> {
        let ones: Vec<f64> =
            (0..dim).map(|i| 1.0 + 0.5 * ((i * (seed + 1)) as f64 * 0.7 + seed as f64).sin()).collect();
        product(matrix, &ones)
    };
    let mut pair = orthonormal(start(0), start(1), dim);
    for _ in 0..ITERATIONS_MAX {
        let [first, second] = rotated(matrix, &pair);
        let next = orthonormal(product(matrix, &first), product(matrix, &second), dim);
        let change = (0..2).map(|d| change(&pair[d], &next[d])).fold(0.0, f64::max);
        pair = next;
        if change < TOLERANCE {
            break;
        }
    }
    let pair = rotated(matrix, &pair).map(with_sign);
    let variances = [0, 1].map(|d| inner(&pair[d], &product(matrix, &pair[d])).max(0.0));
    (pair, variances)
}

fn product(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(vector.len()).map(|row| inner(row, vector)).collect()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn change(before: &[f64], after: &[f64]) -> f64 {
    let sign = if inner(before, after) < 0.0 { -1.0 } else { 1.0 };
    before.iter().zip(after).map(|(before, after)| (before - sign * after).abs()).fold(0.0, f64::max)
}

/// Two orthonormal vectors that span what the given ones span. A vector without length is replaced by an axis.
fn orthonormal(mut first: Vec<f64>, mut second: Vec<f64>, dim: usize) -> [Vec<f64>; 2] {
    normalise(&mut first, &axis(0, dim));
    for fallback in 0..=2.min(dim - 1) {
        // Twice, because once loses digits where the vectors are nearly parallel.
        for _ in 0..2 {
            let along = inner(&first, &second);
            second.iter_mut().zip(&first).for_each(|(value, first)| *value -= along * first);
        }
        if inner(&second, &second).sqrt() > 1e-12 {
            break;
        }
        second = axis(fallback, dim);
    }
    normalise(&mut second, &axis(1, dim));
    [first, second]
}

fn axis(index: usize, dim: usize) -> Vec<f64> {
    (0..dim).map(|i| if i == index { 1.0 } else { 0.0 }).collect()
}

fn normalise(vector: &mut Vec<f64>, fallback: &[f64]) {
    let length = inner(vector, vector).sqrt();
    if length > 1e-300 {
        vector.iter_mut().for_each(|value| *value /= length);
    } else {
        *vector = fallback.to_vec();
    }
}

/// The pair turned within its plane so that the matrix has no entry between them, the larger variance first (Rayleigh
/// and Ritz).
fn rotated(matrix: &[f64], pair: &[Vec<f64>; 2]) -> [Vec<f64>; 2] {
    let images = [product(matrix, &pair[0]), product(matrix, &pair[1])];
    let (a, b, c) = (inner(&pair[0], &images[0]), inner(&pair[0], &images[1]), inner(&pair[1], &images[1]));
    let angle = 0.5 * (2.0 * b).atan2(a - c);
    let (sine, cosine) = angle.sin_cos();
    let mix = |first: f64, second: f64| -> Vec<f64> {
        pair[0].iter().zip(&pair[1]).map(|(x, y)| first * x + second * y).collect()
    };
    [mix(cosine, sine), mix(-sine, cosine)]
}

fn with_sign(mut vector: Vec<f64>) -> Vec<f64> {
    let largest =
        vector.iter().copied().fold(0.0_f64, |best, value| if value.abs() > best.abs() { value } else { best });
    if largest < 0.0 {
        vector.iter_mut().for_each(|value| *value = -*value);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points with variance 9 along one direction, 1 along another, and 0.01 along the rest, from a fixed generator.
    fn cloud(dim: usize) -> Vec<Vec<f32>> {
        let mut seed = 7_u64;
        let mut uniform = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
        };
        (0..2000)
            .map(|_| {
                let (a, b) = (uniform() * 6.0, uniform() * 2.0);
                let mut point: Vec<f32> = (0..dim).map(|_| uniform() * 0.1 + 5.0).collect();
                // Directions (0.6, 0.8, 0, ...) and (-0.8, 0.6, 0, ...).
                point[0] += 0.6 * a - 0.8 * b;
                point[1] += 0.8 * a + 0.6 * b;
                point
            })
            .collect()
    }

    #[test]
    fn directions_are_those_of_the_largest_variance_with_a_fixed_sign() {
        let points = cloud(16);
        let borrowed: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let projection = Projection::of_vectors(&borrowed).expect("enough points");
        let [first, second] = &projection.directions;
        assert!((first[0] - 0.6).abs() < 0.02 && (first[1] - 0.8).abs() < 0.02, "{first:?}");
        assert!((second[0].abs() - 0.8).abs() < 0.02 && (second[1].abs() - 0.6).abs() < 0.02, "{second:?}");
        assert!(second[0] > 0.0, "the largest component is positive: {second:?}");
        assert!(dot(first, second).abs() < 1e-5);
        let [most, less] = projection.explained();
        assert!(most > 0.85 && less > 0.05 && most + less <= 1.0, "{most} {less}");
        // The mean is the origin.
        let sum = points.iter().map(|point| projection.point(point)[0]).sum::<f32>() / 2000.0;
        assert!(sum.abs() < 1e-3, "{sum}");
        assert_eq!(projection, Projection::of_vectors(&borrowed).expect("the same"));
    }

    #[test]
    fn few_points_and_points_without_variance_have_an_answer() {
        let one = [1.0_f32, 2.0];
        assert_eq!(Projection::of_vectors(&[&one, &one]), None);
        let same = Projection::of_vectors(&[&one, &one, &one]).expect("three");
        assert_eq!(same.point(&one), [0.0, 0.0]);
        assert_eq!(same.explained(), [0.0, 0.0]);
        let line: Vec<Vec<f32>> = (0..5).map(|n| vec![n as f32, 0.0, 0.0]).collect();
        let borrowed: Vec<&[f32]> = line.iter().map(Vec::as_slice).collect();
        let projection = Projection::of_vectors(&borrowed).expect("five");
        assert_eq!(projection.point(&[4.0, 0.0, 0.0]), [2.0, 0.0]);
        assert_eq!(projection.explained(), [1.0, 0.0]);
    }
}
