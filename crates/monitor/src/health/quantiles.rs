//! Quantiles of a distribution.

use serde::Serialize;

/// Quantiles of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quantiles {
    /// 10th percentile.
    pub p10: f32,
    /// Median.
    pub p50: f32,
    /// 90th percentile.
    pub p90: f32,
    /// 99th percentile.
    pub p99: f32,
    /// Maximum.
    pub max: f32,
}

impl Quantiles {
    /// Computes the quantiles of finite values, in any order; `None` without any.
    pub fn of(mut values: Vec<f32>) -> Option<Self> {
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len().checked_sub(1)?;
        // Nearest rank, so that every quantile is one of the values.
        let at = |hundredths: usize| values[(values.len() * hundredths).div_ceil(100).saturating_sub(1)];
        Some(Self { p10: at(10), p50: at(50), p90: at(90), p99: at(99), max: values[last] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_values_at_their_ranks() {
        assert_eq!(Quantiles::of(Vec::new()), None);
        let one = Quantiles::of(vec![3.0]).expect("one value");
        assert_eq!((one.p10, one.p99, one.max), (3.0, 3.0, 3.0));
        let hundred = Quantiles::of((1..=100_u8).rev().map(f32::from).collect()).expect("values");
        assert_eq!(hundred, Quantiles { p10: 10.0, p50: 50.0, p90: 90.0, p99: 99.0, max: 100.0 });
    }
}
