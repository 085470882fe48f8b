//! AdaGrad optimizer (Duchi, Hazan and Singer 2011), on touched rows only. Accumulators never decay.

/// Added to the root against division by 0 in the first update.
const EPSILON: f32 = 1e-6;

/// Settings of an update, common to all of its values.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRule {
    /// Factor of the gradient: below 1 when the step is clipped.
    pub scale: f32,
    /// Learning rate.
    pub rate: f32,
    /// L2 regularization: `l2 * weight` is added to the gradient.
    pub l2: f32,
}

/// Updates weights whose accumulators start at 0: `G += g^2; theta -= rate g / (sqrt(G) + 1e-6)`, with `g = scale *
/// gradient + l2 * theta`.
pub fn update(weights: &mut [f32], accumulators: &mut [f32], gradient: &[f32], rule: UpdateRule) {
    let UpdateRule { scale, rate, l2 } = rule;
    for ((weight, accumulator), gradient) in weights.iter_mut().zip(accumulators).zip(gradient) {
        let g = scale * gradient + l2 * *weight;
        *accumulator = (*accumulator + g * g).min(f32::MAX);
        *weight -= rate * g / (accumulator.sqrt() + EPSILON);
    }
}

/// Updates a row of a table: as [`update`], but without the `1e-6`. Accumulators of rows start at
/// [`ACCUMULATOR_INITIAL`] and only grow, so it would be below 1e-5 of the root.
///
/// Uses multiplications only. Square roots and divisions took 40% of a step's own time, and the approximate ones of
/// processors differ between makers (P4).
///
/// [`ACCUMULATOR_INITIAL`]: shelfmark_state::ACCUMULATOR_INITIAL
pub fn update_row(weights: &mut [f32], accumulators: &mut [f32], gradient: &[f32], rule: UpdateRule) {
    let UpdateRule { scale, rate, l2 } = rule;
    for ((weight, accumulator), gradient) in weights.iter_mut().zip(accumulators).zip(gradient) {
        let g = scale * gradient + l2 * *weight;
        *accumulator = (*accumulator + g * g).min(f32::MAX);
        *weight -= rate * g * inverse_root(*accumulator);
    }
}

/// Updates a row with one accumulator, `G += mean(g^2)`. It is stored once per value, so that a model may change its
/// optimizer.
pub fn update_row_wise(weights: &mut [f32], accumulators: &mut [f32], gradient: &[f32], rule: UpdateRule) {
    let UpdateRule { scale, rate, l2 } = rule;
    let squares: f32 = weights.iter().zip(gradient).map(|(weight, g)| (scale * g + l2 * weight).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a row has at most 1,024 values")]
    let mean = squares / gradient.len().max(1) as f32;
    for ((weight, accumulator), gradient) in weights.iter_mut().zip(accumulators).zip(gradient) {
        *accumulator = (*accumulator + mean).min(f32::MAX);
        *weight -= rate * (scale * gradient + l2 * *weight) * inverse_root(*accumulator);
    }
}

/// Approximates `1 / sqrt(x)` for positive normal `x` to a relative error of 5e-6. The first guess comes from the
/// exponent (Lomont 2003); two steps of Newton's method refine it.
#[inline]
fn inverse_root(x: f32) -> f32 {
    let half = 0.5 * x;
    let mut y = f32::from_bits(0x5f37_5a86 - (x.to_bits() >> 1));
    for _ in 0..2 {
        y *= 1.5 - half * y * y;
    }
    y
}

#[cfg(test)]
mod tests {
    use shelfmark_state::ACCUMULATOR_INITIAL;

    use super::*;

    /// Goal: the row form equals the formula. Method: compares both over the whole range of accumulators.
    #[test]
    fn rows_follow_the_formula_at_every_magnitude() {
        let mut accumulator = ACCUMULATOR_INITIAL;
        while accumulator < f32::MAX / 4.0 {
            for gradient in [accumulator.sqrt() * 0.1, -accumulator.sqrt(), 1e-9, 0.0] {
                let (mut row, mut exact) = ([0.0_f32], [0.0_f32]);
                let (mut row_sum, mut exact_sum) = ([accumulator], [accumulator]);
                let rule = UpdateRule { scale: 0.5, rate: 0.08, l2: 0.0 };
                update_row(&mut row, &mut row_sum, &[gradient], rule);
                update(&mut exact, &mut exact_sum, &[gradient], rule);
                assert_eq!(row_sum, exact_sum);
                let difference = (row[0] - exact[0]).abs();
                assert!(difference <= exact[0].abs() * 2e-5, "{accumulator} {gradient}: {row:?} {exact:?}");
            }
            accumulator *= 1.37;
        }
        let (mut row, mut sum) = ([1.0_f32], [f32::MAX]);
        update_row(&mut row, &mut sum, &[1e19], UpdateRule { scale: 1.0, rate: 0.08, l2: 0.0 });
        assert!(sum[0].is_finite() && row[0].is_finite(), "P8: a full accumulator stops, it does not overflow");
    }
}
