//! Lengths of all rows and a sample of them: what tells whether statistics of the whole file can be trusted, and
//! whether a fit keeps neighbours.

use shelfmark_state::{add_scaled, dot};

use super::{Fit, Moments};

/// Most vectors of a sample.
const SAMPLE_MAX: usize = 1024;
/// Length of an outlier over that of the median row, and over that of the longest row below it.
const OUTLIER_TIMES: f32 = 100.0;
const OUTLIER_GAP: f32 = 10.0;
/// Part of the rows that may be outliers; more are a distribution.
const OUTLIER_PART: f64 = 0.02;
/// Length over that of the median row beyond which a row does not count in the statistics of a sample.
const ORDINARY_TIMES: f32 = 8.0;
/// Size by all rows over that by ordinary ones, beyond which all rows are no measure.
const BENT: f64 = 1.5;
/// Neighbours that are compared, of so many rows, in samples of at least so many.
const NEIGHBOURS: usize = 10;
const PROBES: usize = 64;
const NEIGHBOURS_ROWS_MIN: usize = 20;

/// A few rows that are far longer than all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OutlyingRows {
    /// Length of the longest over that of the median row.
    pub times: f32,
    /// Number of such rows.
    pub count: usize,
    /// Length of the longest other row.
    pub norm_max: f32,
}

/// Lengths of rows, and some of them.
#[derive(Debug, Default)]
pub(super) struct RowSample {
    norms: Vec<f32>,
    rows: Vec<Vec<f32>>,
    /// Every row of this many is in the sample; 0 before the first.
    stride: usize,
}

impl RowSample {
    /// Adds a row, `[file dim]`.
    pub(super) fn add(&mut self, vector: &[f32]) {
        self.stride = self.stride.max(1);
        if self.norms.len().is_multiple_of(self.stride) {
            if self.rows.len() == SAMPLE_MAX {
                self.stride *= 2;
                let mut place = 0;
                self.rows.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
            }
            if self.norms.len().is_multiple_of(self.stride) {
                self.rows.push(vector.to_vec());
            }
        }
        self.norms.push(norm(vector));
    }

    /// Returns the number of rows.
    pub(super) fn len(&self) -> usize {
        self.norms.len()
    }

    fn median(&self) -> f32 {
        let mut sorted = self.norms.clone();
        let middle = sorted.len().saturating_sub(1) / 2;
        if sorted.is_empty() { 0.0 } else { *sorted.select_nth_unstable_by(middle, f32::total_cmp).1 }
    }

    /// Finds rows that are far longer than the median row, are few, and have none of a length between.
    pub(super) fn outlying(&self) -> Option<OutlyingRows> {
        if self.norms.len() < 3 {
            return None;
        }
        let mut sorted: Vec<usize> = (0..self.norms.len()).collect();
        sorted.sort_by(|a, b| self.norms[*a].total_cmp(&self.norms[*b]));
        let norm = |place: usize| self.norms[sorted[place]];
        let median = norm((sorted.len() - 1) / 2);
        let first = sorted.partition_point(|row| self.norms[*row] <= OUTLIER_TIMES * median);
        let count = sorted.len() - first;
        #[expect(clippy::cast_precision_loss, reason = "a part of the rows")]
        let few = count <= 2 || (count as f64) <= OUTLIER_PART * sorted.len() as f64;
        let found = count > 0 && few && first > 0 && norm(first) > OUTLIER_GAP * norm(first - 1);
        found.then(|| OutlyingRows { times: norm(sorted.len() - 1) / median, count, norm_max: norm(first - 1) })
    }

    /// Returns the moments that a fit is made from: those of all rows, unless a few long rows outweigh the others in
    /// them; then those of the sample's ordinary rows.
    pub(super) fn robust(&self, all: Moments, dim: usize) -> Moments {
        let bound = ORDINARY_TIMES * self.median();
        let mut ordinary = Moments::new(all.dim(), dim);
        self.rows.iter().filter(|row| norm(row) <= bound).for_each(|row| ordinary.add(row));
        if all.mean_square() > BENT * BENT * ordinary.mean_square() { ordinary } else { all }
    }

    /// Returns which part of the nearest rows, by cosine, of rows of the sample are the same after the fit; `None` when
    /// there are too few rows.
    #[expect(clippy::cast_precision_loss, reason = "counts of a sample")]
    pub(super) fn neighbours_kept(&self, fit: &Fit) -> Option<f32> {
        if self.rows.len() < NEIGHBOURS_ROWS_MIN {
            return None;
        }
        let unit = |mut row: Vec<f32>| {
            let norm = norm(&row);
            row.iter_mut().for_each(|value| *value /= norm.max(f32::MIN_POSITIVE));
            row
        };
        let source: Vec<Vec<f32>> = self
            .rows
            .iter()
            .map(|row| {
                let mut centred = row.clone();
                add_scaled(&mut centred, -1.0, fit.mean());
                unit(centred)
            })
            .collect();
        let fitted: Vec<Vec<f32>> = self.rows.iter().map(|row| unit(fit.apply(row))).collect();
        let (mut kept, mut all) = (0, 0);
        for probe in (0..self.rows.len()).step_by(self.rows.len().div_ceil(PROBES)) {
            let (before, after) = (nearest(&source, probe), nearest(&fitted, probe));
            kept += before.iter().filter(|row| after.contains(row)).count();
            all += before.len();
        }
        Some(kept as f32 / all as f32)
    }
}

fn nearest(rows: &[Vec<f32>], of: usize) -> Vec<usize> {
    let mut others: Vec<(f32, usize)> = rows
        .iter()
        .enumerate()
        .filter(|(row, _)| *row != of)
        .map(|(row, vector)| (dot(vector, &rows[of]), row))
        .collect();
    let count = NEIGHBOURS.min(others.len());
    others.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    others[..count].iter().map(|(_, row)| *row).collect()
}

/// Length of a vector, in f64 inside: squares of large values go beyond f32.
#[expect(clippy::cast_possible_truncation, reason = "a length of f32 values; beyond f32 it is infinite")]
pub(super) fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::{super::FitSettings, *};

    fn cloud(count: usize, dim: usize) -> Vec<Vec<f32>> {
        let mut draws = CounterRng::new(3, 3, 3);
        (0..count).map(|_| (0..dim).map(|_| draws.normal()).collect()).collect()
    }

    fn sample(rows: &[Vec<f32>]) -> (RowSample, Moments) {
        let (mut sample, mut moments) = (RowSample::default(), Moments::new(rows[0].len(), 8));
        for row in rows {
            sample.add(row);
            moments.add(row);
        }
        (sample, moments)
    }

    #[test]
    fn one_or_two_corrupt_rows_are_found_and_a_long_tail_is_not() {
        let mut rows = cloud(40, 8);
        assert_eq!(sample(&rows).0.outlying(), None);
        rows[7].iter_mut().for_each(|value| *value = 1e20);
        let found = sample(&rows).0.outlying().expect("an outlier");
        assert_eq!(found.count, 1);
        assert!(found.norm_max < 10.0 && found.times > 1e18, "{found:?}");
        rows[9].iter_mut().for_each(|value| *value = 2e5);
        assert_eq!(sample(&rows).0.outlying().expect("two").count, 2);
        // Popularity: each row a tenth longer than the one before.
        let tail: Vec<Vec<f32>> = (0..200).map(|row| vec![1.1_f32.powi(row); 4]).collect();
        assert_eq!(sample(&tail).0.outlying(), None);
    }

    #[test]
    fn a_few_long_rows_do_not_make_the_others_vanish() {
        let mut rows = cloud(200, 8);
        let size = |rows: &[Vec<f32>]| {
            let (sample, moments) = sample(rows);
            let fit = Fit::new(&sample.robust(moments, 8), 8, &FitSettings { scale: 0.2, centre: true, seed: 0 });
            norm(&fit.apply(&rows[0]))
        };
        let before = size(&rows);
        for row in &mut rows[150..156] {
            row.iter_mut().for_each(|value| *value *= 5000.0);
        }
        let after = size(&rows);
        assert!((after / before - 1.0).abs() < 0.2, "{before} then {after}");
    }

    #[test]
    fn neighbours_are_kept_where_the_model_has_room() {
        let rows: Vec<Vec<f32>> = cloud(3000, 12);
        let (sample, _) = sample(&rows);
        assert!(sample.rows.len() > 500 && sample.rows.len() <= SAMPLE_MAX && sample.len() == 3000);
        assert!(sample.rows.iter().enumerate().all(|(place, row)| *row == rows[place * sample.stride]));
        let kept = |dim: usize| {
            let mut moments = Moments::new(12, dim);
            rows.iter().for_each(|row| moments.add(row));
            sample.neighbours_kept(&Fit::new(&moments, dim, &FitSettings { scale: 0.2, centre: true, seed: 0 }))
        };
        assert!(kept(16).expect("enough rows") > 0.98);
        assert!(kept(3).expect("enough rows") < 0.7);
    }
}
