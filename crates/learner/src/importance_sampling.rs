//! Column importance sampling: Horvitz-Thompson weighted gradients of a sample of the softmax's columns.
//!
//! A step's softmax is over all of its columns. But two of its three matrix products, and all work on rows with a
//! gradient, serve the gradients of columns, and most of these are close to 0. So only a sample of the columns takes
//! and gives gradients, drawn without replacement.
//!
//! Column `c` is drawn with the probability `p_c = min(1, m_c / t)`. Its mass `m_c` is the sum of its absolute errors
//! over the queries. The threshold `t` makes the `p_c` add up to the size of the sample. The errors of a drawn column
//! are divided by `p_c`, so every gradient is unbiased (Horvitz and Thompson 1952). Drawing by mass keeps the variance
//! low (column sampling of matrix products: Drineas, Kannan and Mahoney 2006). Targets and columns near the top of many
//! lists have a large mass, so they are in nearly every sample.

/// Iterations of the search for `t`: each fixes more columns at probability 1, and few are needed.
const ROUNDS: usize = 32;

/// Sampler of a step's columns, with its workspace.
#[derive(Debug, Default)]
pub struct ColumnSampler {
    /// Masses `m_c`, `[columns]`.
    masses: Vec<f32>,
    kept: Vec<(usize, f32)>,
}

impl ColumnSampler {
    /// Begins a step with `columns` columns.
    pub fn begin(&mut self, columns: usize) {
        self.masses.clear();
        self.masses.resize(columns, 0.0);
    }

    /// Adds a query's errors, `[columns]`, to the masses.
    pub fn add(&mut self, errors: &[f32]) {
        self.masses.iter_mut().zip(errors).for_each(|(mass, error)| *mass += error.abs());
    }

    /// Draws `most` or `most + 1` columns; all with an error when there are no more. Errors that are not finite are
    /// always drawn. `start` is a uniform random number in `0..1`.
    pub fn draw(&mut self, most: usize, start: f64) {
        let Self { masses, kept } = self;
        kept.clear();
        let threshold = threshold(masses, most);
        // Systematic sampling (Madow 1949): one random number for all, and a sample size close to `most`.
        let (mut sum, mut next) = (0.0, start);
        for (column, mass) in masses.iter().enumerate() {
            if *mass == 0.0 {
                continue;
            }
            let chance = f64::from(*mass) / threshold;
            // NaN is kept, so that the step finds it in its norm (P8).
            if chance >= 1.0 || chance.is_nan() {
                kept.push((column, 1.0));
                continue;
            }
            sum += chance;
            if sum > next {
                next += 1.0;
                #[expect(clippy::cast_possible_truncation, reason = "a weight of the sum")]
                kept.push((column, (1.0 / chance) as f32));
            }
        }
    }

    /// Returns the drawn columns, ascending, each with the factor `1 / p_c` of its errors.
    pub fn kept(&self) -> &[(usize, f32)] {
        &self.kept
    }
}

/// Finds `t`; 0 when all columns are drawn.
fn threshold(masses: &[f32], most: usize) -> f64 {
    let (mut certain, mut threshold) = (0, f64::INFINITY);
    if masses.iter().filter(|mass| **mass > 0.0).count() <= most {
        return 0.0;
    }
    for _ in 0..ROUNDS {
        let (mut above, mut rest) = (0, 0.0);
        for mass in masses.iter().map(|mass| f64::from(*mass)) {
            if mass < threshold {
                rest += mass;
            } else {
                above += 1;
            }
        }
        if above == certain && threshold < f64::INFINITY {
            break;
        }
        certain = above;
        #[expect(clippy::cast_precision_loss, reason = "at most 65,536")]
        let left = most.saturating_sub(certain).max(1) as f64;
        threshold = rest / left;
    }
    if threshold.is_finite() { threshold } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    fn sampler(masses: &[f32]) -> ColumnSampler {
        let mut sampler = ColumnSampler::default();
        sampler.begin(masses.len());
        sampler.add(masses);
        sampler
    }

    #[expect(clippy::cast_precision_loss, reason = "few")]
    fn starts(count: usize) -> impl Iterator<Item = f64> {
        (0..count).map(move |number| (number as f64 + 0.5) / count as f64)
    }

    /// Goal: weighted sums over the sample are unbiased. Method: every start of a fine grid, on random masses with a
    /// few large ones and many zeros.
    #[test]
    fn weighted_sums_over_the_sample_are_unbiased() {
        for seed in 0..20 {
            let mut draws = CounterRng::new(seed, 1, 1);
            let masses: Vec<f32> =
                (0..200).map(|_| if draws.below(4) == 0 { 0.0 } else { draws.normal().powi(6) }).collect();
            let mut sampler = sampler(&masses);
            let mut counted = vec![0.0; masses.len()];
            const STARTS: usize = 20_000;
            for start in starts(STARTS) {
                sampler.draw(40, start);
                assert!((40..=41).contains(&sampler.kept().len()), "seed {seed}: {}", sampler.kept().len());
                assert!(sampler.kept().is_sorted_by(|a, b| a.0 < b.0));
                for (column, factor) in sampler.kept() {
                    counted[*column] += f64::from(*factor) / STARTS as f64;
                }
            }
            for (column, (counted, mass)) in counted.iter().zip(&masses).enumerate() {
                let expected = f64::from(u8::from(*mass > 0.0));
                // A column of probability p is drawn at a share p of the starts, within one.
                let chance = f64::from(*mass) / threshold(&masses, 40);
                let tolerance = 2.0 / (STARTS as f64 * chance.clamp(1e-9, 1.0)) + 1e-5;
                assert!((counted - expected).abs() <= tolerance, "seed {seed}, column {column} of {mass}: {counted}");
            }
        }
    }

    #[test]
    fn few_columns_and_values_not_finite_are_always_drawn() {
        let cases = [
            (&[1.0, 0.0, 1e-30, 5.0][..], &[0, 2, 3][..]),
            (&[1.0, f32::NAN, 2.0, 3.0, f32::INFINITY], &[1, 4]),
            (&[f32::INFINITY; 6], &[0, 1, 2, 3, 4, 5]),
            (&[], &[]),
        ];
        for (masses, certain) in cases {
            let mut sampler = sampler(masses);
            for start in starts(10) {
                sampler.draw(3, start);
                for column in certain {
                    assert!(sampler.kept().contains(&(*column, 1.0)), "{masses:?}: {:?}", sampler.kept());
                }
            }
        }
    }
}
