//! Bounds of a row beside its code: the code's error and the bias, in 8 bytes, as upper bounds.
//!
//! These change with every step, so they lie in strips of 1,024 rows that are cheap to copy. Popularity decays with
//! every event: what stands here is as of some earlier event, which is an upper bound of the counts now, and a lower
//! bound once the decay since then is taken away. So publishing costs the rows that events touched, not all rows, and the
//! exact bias is computed for the few rows that are scored exactly.

use shelfmark_state::{HALF_LIVES_EVENTS, InferenceState};

use super::codes::{Lanes, STRIP_TILES, TILE_ROWS};

/// Bits of one popularity logarithm, in steps of `1 / LOG_STEPS`: up to 15.98. A count is at most `100,000 / ln 2`, whose
/// logarithm is 11.9.
pub(super) const LOG_BITS: u32 = 10;
pub(super) const LOG_MASK: u32 = (1 << LOG_BITS) - 1;
const LOG_STEPS: f32 = 64.0;

/// The columns of 1,024 rows.
#[derive(Debug, Clone)]
pub(super) struct Strip {
    /// High half: the code's error; low half: the learned bias, negative infinity where a row may not be recommended. Both as
    /// the upper half of an f32, rounded up.
    pub(super) errors_biases: [Lanes<u32>; STRIP_TILES],
    /// Logarithms of the three popularity counts, rounded up, the shortest half-life in the lowest bits.
    pub(super) logs: [Lanes<u32>; STRIP_TILES],
}

impl Strip {
    /// No row may be recommended.
    pub(super) fn masked() -> Self {
        let masked = u32::from(half_up(f32::NEG_INFINITY));
        Self { errors_biases: [Lanes([masked; TILE_ROWS]); STRIP_TILES], logs: [Lanes([0; TILE_ROWS]); STRIP_TILES] }
    }

    /// Sets the error of a row's code.
    pub(super) fn set_error(&mut self, row: usize, error: f32) {
        let word = &mut self.errors_biases[row / TILE_ROWS].0[row % TILE_ROWS];
        *word = u32::from(half_up(error)) << 16 | *word & 0xffff;
    }

    /// Sets a row's learned bias; negative infinity masks the row.
    pub(super) fn set_bias(&mut self, row: usize, bias: f32) {
        // A part of 2^16 more, which is more than the sums of a score lose by rounding.
        let upper = bias + bias.abs() / 65_536.0;
        let upper = if bias == f32::NEG_INFINITY { bias } else { upper };
        let word = &mut self.errors_biases[row / TILE_ROWS].0[row % TILE_ROWS];
        *word = *word & 0xffff_0000 | u32::from(half_up(upper));
    }

    /// Sets a row's popularity logarithms.
    pub(super) fn set_logs(&mut self, row: usize, logs: [f32; 3]) {
        self.logs[row / TILE_ROWS].0[row % TILE_ROWS] =
            logs.iter().rev().fold(0, |word, log| word << LOG_BITS | log_steps(*log));
    }
}

/// Upper half of the smallest such f32 that is not below `x`; NaN becomes infinity.
#[expect(clippy::cast_possible_truncation, reason = "the upper half of 32 bits")]
fn half_up(x: f32) -> u16 {
    let bits = x.to_bits();
    let half = if x.is_nan() {
        f32::INFINITY.to_bits() >> 16
    } else if x > 0.0 {
        (bits + 0xffff) >> 16
    } else {
        // Towards 0 is upwards.
        bits >> 16
    };
    half as u16
}

/// A logarithm in steps, rounded up with a margin for its own rounding and that of the sums it goes into, 3e-4 where those
/// lose 2e-6; 0 stays 0, as it is for most rows, and nothing else is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1023, not negative")]
fn log_steps(log: f32) -> u32 {
    if log <= 0.0 { 0 } else { log.mul_add(LOG_STEPS, 0.02).ceil().clamp(0.0, 1023.0) as u32 }
}

/// How the bias of a state is bounded by the columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct BiasBound {
    /// Popularity weights, by step.
    pub(super) weights: [f32; 3],
    /// Steps to take away from a logarithm before it is weighed for the upper bound: none for a positive weight.
    pub(super) shifts: [f32; 3],
    /// Steps that a logarithm may have lost since it was written, and by rounding up.
    lost: [f32; 3],
}

impl BiasBound {
    /// For a state whose columns were written at event number `written` or later.
    #[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
    pub(super) fn new(inference: &InferenceState, written: u64) -> Self {
        let wp = inference.parameters.scalars.wp;
        let age = inference.counters.counted.saturating_sub(written) as f32;
        // `log(1 + c)` falls by at most the exponent of the decay of `c`; two steps for rounding up.
        let lost =
            HALF_LIVES_EVENTS.map(|half_life| (age * (std::f32::consts::LN_2 / half_life)).mul_add(LOG_STEPS, 2.0));
        Self {
            // Upwards, for weights that lose bits by it.
            weights: wp.map(|weight| (weight / LOG_STEPS).next_up()),
            shifts: std::array::from_fn(|h| if wp[h] < 0.0 { lost[h] } else { 0.0 }),
            lost,
        }
    }

    /// Lower and upper bound of a row's bias, from its columns.
    #[expect(clippy::cast_precision_loss, reason = "ten bits")]
    pub(super) fn of(&self, error_bias: u32, logs: u32) -> (f32, f32) {
        let learned = f32::from_bits(error_bias << 16);
        // Rounding up added at most a part of 2^-7 to the size.
        let (mut lower, mut upper) = (learned - learned.abs() / 64.0 - 1e-37, learned);
        for h in 0..3 {
            let most = (logs >> (LOG_BITS * h as u32) & LOG_MASK) as f32;
            let least = (most - self.lost[h]).max(0.0);
            let (low, high) = if self.weights[h] < 0.0 { (most, least) } else { (least, most) };
            lower += self.weights[h] * low;
            upper += self.weights[h] * high;
        }
        (lower, upper)
    }
}

/// The error of a row's code, from its column.
pub(super) const fn error_of(error_bias: u32) -> f32 {
    f32::from_bits(error_bias & 0xffff_0000)
}

/// Whether the column says that a row may not be recommended.
pub(super) fn is_masked(error_bias: u32) -> bool {
    f32::from_bits(error_bias << 16) == f32::NEG_INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_never_below_what_they_stand_for() {
        for x in
            [0.0, 1.0, -1.0, 1.000_001, -1.000_001, 1e-40, -1e-40, 3.3e38, f32::MIN, f32::INFINITY, f32::NEG_INFINITY]
        {
            let half = f32::from_bits(u32::from(half_up(x)) << 16);
            assert!(half >= x, "{half} below {x}");
            assert!(!half.is_finite() || half - x <= x.abs() / 128.0 + 1e-37, "{half} far above {x}");
        }
        assert_eq!(f32::from_bits(u32::from(half_up(f32::NAN)) << 16), f32::INFINITY);
    }

    #[test]
    fn logarithms_are_never_below_what_they_stand_for() {
        let mut log = 0.0_f32;
        while log < 12.0 {
            let steps = log_steps(log);
            assert!(f64::from(steps) / 64.0 >= f64::from(log), "{steps} for {log}");
            assert!(f64::from(steps) / 64.0 <= f64::from(log) + 1.1 / 64.0);
            log += 0.003;
        }
        assert_eq!((log_steps(0.0), log_steps(1e-30)), (0, 1));
    }
}
