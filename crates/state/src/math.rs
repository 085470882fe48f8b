//! Exponential and logarithm in plain arithmetic. The compiler vectorizes them, and every machine computes the same
//! bits (P4), whatever its C library.

/// Computes `e^x` to a relative error of 2e-7; 0 below -87, where results become subnormal. NaN and infinity propagate,
/// so that a sum shows them.
// Reduction to [-ln 2 / 2, ln 2 / 2] by Cody and Waite (1980). Constants and polynomial of expf in the Cephes
// Mathematical Library, see THIRD_PARTY_NOTICES.md.
#[inline]
pub fn exp(x: f32) -> f32 {
    /// Adding and subtracting 1.5 * 2^23 rounds to an integer, which remains in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_2e-4_f32.mul_add(r, 1.398_2e-3).mul_add(r, 8.333_452e-3).mul_add(r, 4.166_579_6e-2);
    let y = p.mul_add(r, 0.166_666_66).mul_add(r, 0.5).mul_add(r * r, r) + 1.0;
    let scaled = f32::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -87.0 {
        0.0
    } else if x < 88.0 {
        scaled
    } else {
        x * f32::MAX
    }
}

/// Computes `ln(1 + x)` for finite `x >= 0`, within 1e-7 of the larger of 1 and the result, without branches.
#[inline]
pub fn ln_1p(x: f32) -> f32 {
    let y = 1.0 + x;
    // First-order correction of the rounding of `1 + x`, as in FreeBSD's s_log1pf.c.
    logarithm(y, (x - (y - 1.0)) / y)
}

/// Computes `ln(x)` for normal `x > 0`, within 1e-7 of the larger of 1 and the result. NaN and infinity propagate.
#[inline]
pub fn ln(x: f32) -> f32 {
    if x.is_finite() { logarithm(x, 0.0) } else { x }
}

/// Computes `ln(y) + correction` for normal `y > 0`.
// Reduction and polynomial of FreeBSD's e_logf.c, see THIRD_PARTY_NOTICES.md.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "the exponent of an f32 has 8 bits")]
#[inline]
fn logarithm(y: f32, correction: f32) -> f32 {
    // Shifts the exponent so that the mantissa is in [sqrt(2)/2, sqrt(2)).
    let bits = y.to_bits() + (0x3f80_0000 - 0x3f35_04f3);
    let k = ((bits >> 23) as i32 - 127) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff) + 0x3f35_04f3) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let r = z * (0.666_666_6 + w * 0.284_987_87) + w * (0.400_009_72 + w * 0.242_790_79);
    let half = 0.5 * f * f;
    s * (half + r) + (k * 9.058e-6 + correction) - half + f + k * 0.693_138_1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_agrees_with_the_standard_library() {
        let mut x = 1e-9_f32;
        while x < 1e9 {
            let exact = f64::from(x).ln_1p();
            let error = (f64::from(ln_1p(x)) - exact).abs();
            assert!(error <= 1.5e-7 * exact.max(1.0), "x {x}: {} against {exact}", ln_1p(x));
            x *= 1.001;
        }
        assert_eq!(ln_1p(0.0).to_bits(), 0, "searches take nothing for nothing");
        let mut x = f32::MIN_POSITIVE;
        while x < f32::MAX / 1.001 {
            let exact = f64::from(x).ln();
            let error = (f64::from(ln(x)) - exact).abs();
            assert!(error <= 1.5e-7 * exact.abs().max(1.0), "x {x}: {} against {exact}", ln(x));
            x *= 1.001;
        }
        assert!(ln(f32::NAN).is_nan() && ln(f32::INFINITY) == f32::INFINITY);
    }

    #[test]
    fn exp_agrees_with_the_standard_library() {
        let mut x = -87.0_f32;
        while x < 88.0 {
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 2e-7 * exact, "x {x}: {} against {exact}", exp(x));
            x += 0.001;
        }
        assert_eq!((exp(0.0), exp(-100.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan() && exp(f32::INFINITY) == f32::INFINITY && exp(200.0) == f32::INFINITY);
    }
}
