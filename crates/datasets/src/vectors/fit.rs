//! The fit of a file's vectors to a model: centred, turned into its dimension, and scaled.

use shelfmark_state::{add_scaled, dot};

use super::orthonormal::{principal, product, random};

/// Number of rows that the axes of the space are computed from.
const SAMPLE_ROWS: u64 = 10_000;
/// Number of vectors below which the mean is not subtracted.
const CENTRED_ROWS_MIN: u64 = 10;

/// Settings of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct FitSettings {
    /// Root mean square of the values of the fitted rows.
    pub scale: f32,
    /// Whether the mean of the vectors is subtracted: what all have in common distinguishes none.
    pub centre: bool,
    /// Seed of the rotation.
    pub seed: u64,
}

/// Moments of the vectors, which must be known before the first of them is fitted.
#[derive(Debug, Clone)]
pub struct Moments {
    count: u64,
    sums: Vec<f64>,
    squares: f64,
    /// Sum of outer products, `[file dim, file dim]`, and of the vectors themselves, over the first [`SAMPLE_ROWS`].
    /// Empty when the model has room for all values.
    products: Vec<f64>,
    sampled: u64,
    sampled_sums: Vec<f64>,
}

impl Moments {
    /// Makes the moments of no vectors, of `file_dim` values, for a model of `dim`.
    pub fn new(file_dim: usize, dim: usize) -> Self {
        let wide = file_dim > dim;
        Self {
            count: 0,
            sums: vec![0.0; file_dim],
            squares: 0.0,
            products: if wide { vec![0.0; file_dim * file_dim] } else { Vec::new() },
            sampled: 0,
            sampled_sums: if wide { vec![0.0; file_dim] } else { Vec::new() },
        }
    }

    /// Adds a vector, `[file dim]`.
    pub fn add(&mut self, vector: &[f32]) {
        self.count += 1;
        self.squares += vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        self.sums.iter_mut().zip(vector).for_each(|(sum, x)| *sum += f64::from(*x));
        if self.products.is_empty() || self.sampled == SAMPLE_ROWS {
            return;
        }
        self.sampled += 1;
        self.sampled_sums.iter_mut().zip(vector).for_each(|(sum, x)| *sum += f64::from(*x));
        for (products, x) in self.products.chunks_exact_mut(vector.len()).zip(vector) {
            products.iter_mut().zip(vector).for_each(|(product, y)| *product += f64::from(*x) * f64::from(*y));
        }
    }

    /// Returns the number of values of a vector.
    pub(super) fn dim(&self) -> usize {
        self.sums.len()
    }

    /// Returns the mean of the vectors' squared lengths.
    #[expect(clippy::cast_precision_loss, reason = "rows of a file are far below 2^52")]
    pub(super) fn mean_square(&self) -> f64 {
        self.squares / self.count.max(1) as f64
    }

    /// Whether nothing is left of the vectors once their mean is subtracted, as a fit does with `centre`.
    pub(super) fn is_constant(&self, centre: bool) -> bool {
        /// Part of the mean square that rounding leaves of equal vectors.
        const ROUNDING: f64 = 1e-9;
        let mean = Self::mean(&self.sums, self.count, true);
        let variance = self.mean_square() - mean.iter().map(|m| m * m).sum::<f64>();
        centre && self.count >= CENTRED_ROWS_MIN && variance <= ROUNDING * self.mean_square()
    }

    /// Returns the means of the values, or zeros.
    #[expect(clippy::cast_precision_loss, reason = "rows of a file are far below 2^52")]
    fn mean(sums: &[f64], count: u64, centre: bool) -> Vec<f64> {
        let factor = if centre { 1.0 / count.max(1) as f64 } else { 0.0 };
        sums.iter().map(|sum| sum * factor).collect()
    }

    /// Returns the covariance of the sample, `[file dim, file dim]`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "of f32 vectors, for axes")]
    fn covariance(&self, centre: bool) -> Vec<f32> {
        let mean = Self::mean(&self.sampled_sums, self.sampled, centre);
        let count = self.sampled.max(1) as f64;
        let rows = self.products.chunks_exact(mean.len()).zip(&mean);
        rows.flat_map(|(row, a)| row.iter().zip(&mean).map(move |(sum, b)| (sum / count - a * b) as f32)).collect()
    }
}

/// A map from a file's vectors to rows of a model: `scale * matrix (vector - mean)`.
///
/// Where the model has as many values or more, the columns of `matrix` are orthonormal: inner products, and with them
/// neighbours, stay as they were. Where it has fewer, its rows are the axes along which the vectors vary most. Either
/// way a random rotation is part of it, so that no value of a row is set apart: Adagrad has a rate for each.
#[derive(Debug, Clone)]
pub struct Fit {
    mean: Vec<f32>,
    /// `[dim, file dim]`, scaled.
    matrix: Vec<f32>,
    kept: f32,
}

impl Fit {
    /// Computes the fit from the moments of the vectors.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "f32 is what rows are made of")]
    pub fn new(moments: &Moments, dim: usize, settings: &FitSettings) -> Self {
        let centre = settings.centre && moments.count >= CENTRED_ROWS_MIN;
        let file_dim = moments.sums.len();
        let mean = Moments::mean(&moments.sums, moments.count, centre);
        let (mut matrix, kept) = if file_dim <= dim {
            (transposed(&random(file_dim, dim, settings.seed), dim), 1.0)
        } else {
            let covariance = moments.covariance(centre);
            let axes = principal(&covariance, file_dim, dim, settings.seed);
            let whole: f32 = covariance.iter().step_by(file_dim + 1).sum();
            let along = product(&axes, &covariance, file_dim);
            let of_axes: f32 = axes
                .chunks_exact(file_dim)
                .zip(along.chunks_exact(file_dim))
                .map(|(axis, along)| dot(axis, along))
                .sum();
            let rotation = random(dim, dim, settings.seed);
            let kept = if whole > 0.0 { (of_axes / whole).clamp(0.0, 1.0) } else { 1.0 };
            (product(&rotation, &transposed(&axes, file_dim), dim), kept)
        };
        let squares = moments.mean_square() - mean.iter().map(|m| m * m).sum::<f64>();
        // Root mean square of a fitted row's values before scaling.
        let size = (squares.max(0.0) * f64::from(kept) / dim as f64).sqrt();
        let scale = if size > 0.0 { settings.scale / size as f32 } else { 1.0 };
        matrix.iter_mut().for_each(|value| *value *= scale);
        Self { mean: mean.iter().map(|m| *m as f32).collect(), matrix, kept }
    }

    /// Returns the share of the vectors' variance that fits the model, 0 to 1.
    pub fn kept(&self) -> f32 {
        self.kept
    }

    /// Returns what is subtracted from each vector, `[file dim]`.
    pub(super) fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Fits one vector, `[file dim]`, and returns a row, `[dim]`.
    pub fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let mut centred = vector.to_vec();
        add_scaled(&mut centred, -1.0, &self.mean);
        self.matrix.chunks_exact(vector.len()).map(|row| dot(row, &centred)).collect()
    }
}

fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|column| rows.iter().skip(column).step_by(width).copied()).collect()
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    fn cloud(count: usize, dim: usize, deviations: impl Fn(usize) -> f32) -> Vec<Vec<f32>> {
        let mut draws = CounterRng::new(3, 3, 3);
        (0..count).map(|_| (0..dim).map(|value| 2.0 + deviations(value) * draws.normal()).collect()).collect()
    }

    fn fitted(cloud: &[Vec<f32>], dim: usize, centre: bool) -> (Vec<Vec<f32>>, f32) {
        let mut moments = Moments::new(cloud[0].len(), dim);
        cloud.iter().for_each(|vector| moments.add(vector));
        let fit = Fit::new(&moments, dim, &FitSettings { scale: 0.1, centre, seed: 7 });
        (cloud.iter().map(|vector| fit.apply(vector)).collect(), fit.kept())
    }

    fn rms(rows: &[Vec<f32>]) -> f32 {
        let values: Vec<f32> = rows.iter().flatten().copied().collect();
        (dot(&values, &values) / values.len() as f32).sqrt()
    }

    #[test]
    fn a_model_with_room_keeps_every_angle_and_the_length_is_the_one_asked_for() {
        let cloud = cloud(200, 10, |_| 1.0);
        for centre in [false, true] {
            let (rows, kept) = fitted(&cloud, 16, centre);
            assert!((rms(&rows) - 0.1).abs() < 1e-4 && (kept - 1.0).abs() < 1e-6);
            // One factor for all distances.
            let distance = |rows: &[Vec<f32>], a: usize, b: usize| {
                rows[a].iter().zip(&rows[b]).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt()
            };
            let factor = distance(&rows, 0, 1) / distance(&cloud, 0, 1);
            for pair in 2..200 {
                let found = distance(&rows, 0, pair) / distance(&cloud, 0, pair);
                assert!((found / factor - 1.0).abs() < 1e-4, "{pair}: {found} against {factor}");
            }
            let mean: f32 = rows.iter().map(|row| row[0]).sum::<f32>() / 200.0;
            assert_eq!(mean.abs() < 1e-4, centre, "{mean}");
        }
    }

    #[test]
    fn a_model_without_room_keeps_the_directions_that_vary_most() {
        // Four of ten values vary a hundred times as much as the others.
        let cloud = cloud(500, 10, |value| if value % 3 == 0 { 1.0 } else { 0.1 });
        let (rows, kept) = fitted(&cloud, 4, true);
        assert!((rms(&rows) - 0.1).abs() < 1e-3, "{}", rms(&rows));
        assert!((0.97..1.0).contains(&kept), "{kept}");
    }

    #[test]
    fn a_single_vector_keeps_its_direction() {
        let (rows, _) = fitted(&[vec![3.0, 4.0]], 4, true);
        assert!((rms(&rows) - 0.1).abs() < 1e-4, "{rows:?}");
    }
}
