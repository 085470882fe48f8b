//! Bounds of a row beside its code: the code's error and the bias, in 8 bytes, as upper bounds.
//!
//! These change with every step, so they lie in strips of 1,024 rows that are cheap to copy. Popularity decays with
//! every event: what stands here is as of some earlier event, which is an upper bound of the counts now, and a lower
//! bound once the decay since then is taken away. So publishing costs the rows that events touched, not all rows, and
//! the exact bias is computed for the few rows that are scored exactly.

use shelfmark_state::{EVENT_COLUMNS, HALF_LIVES_ENTRIES, HALF_LIVES_EVENTS, POPULARITY_COLUMNS};

use super::codes::{Lanes, STRIP_TILES, TILE_ROWS};

/// Bits of one popularity logarithm, in steps of `1 / LOG_STEPS`: up to 15.98. A count is at most `100,000 / ln 2`,
/// whose logarithm is 11.9.
pub(super) const LOG_BITS: u32 = 10;
pub(super) const LOG_MASK: u32 = (1 << LOG_BITS) - 1;
const LOG_STEPS: f32 = 64.0;
/// Logarithms of one word.
pub(super) const LOGS_A_WORD: usize = 3;

/// The columns of 1,024 rows.
#[derive(Debug, Clone)]
pub(super) struct Strip {
    /// High half: the code's error; low half: the learned bias, negative infinity where a row may not be recommended.
    /// Both as the upper half of an f32, rounded up.
    pub(super) errors_biases: [Lanes<u32>; STRIP_TILES],
    /// Logarithms of the popularity counts, rounded up: three columns, of which the first is in the lowest bits, then
    /// the other three.
    pub(super) logs: [[Lanes<u32>; 2]; STRIP_TILES],
}

impl Strip {
    /// No row may be recommended.
    pub(super) fn masked() -> Self {
        let masked = u32::from(half_up(f32::NEG_INFINITY));
        Self {
            errors_biases: [Lanes([masked; TILE_ROWS]); STRIP_TILES],
            logs: [[Lanes([0; TILE_ROWS]); 2]; STRIP_TILES],
        }
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
    pub(super) fn set_logs(&mut self, row: usize, logs: [f32; POPULARITY_COLUMNS]) {
        for (word, logs) in self.logs[row / TILE_ROWS].iter_mut().zip(logs.chunks(LOGS_A_WORD)) {
            word.0[row % TILE_ROWS] = logs.iter().rev().fold(0, |word, log| word << LOG_BITS | log_steps(*log));
        }
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

/// A logarithm in steps, rounded up with a margin for its own rounding and that of the sums it goes into, 3e-4 where
/// those lose 2e-6; 0 stays 0, as it is for most rows, and nothing else is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1023, not negative")]
fn log_steps(log: f32) -> u32 {
    if log <= 0.0 { 0 } else { log.mul_add(LOG_STEPS, 0.02).ceil().clamp(0.0, 1023.0) as u32 }
}

/// Numbers of the events and of the entries as of which, or later, every row's popularity was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Written {
    pub(super) events: u64,
    pub(super) entries: u64,
}

impl Written {
    /// Steps that each logarithm may have lost at `now`, and by rounding up.
    #[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
    pub(super) fn lost(self, now: Self) -> [f32; POPULARITY_COLUMNS] {
        let events = now.events.saturating_sub(self.events) as f32;
        let entries = now.entries.saturating_sub(self.entries) as f32;
        // `log(1 + c)` falls by at most the exponent of the decay of `c`; two steps for rounding up.
        std::array::from_fn(|column| {
            let exponent = match column.checked_sub(EVENT_COLUMNS) {
                None => events / HALF_LIVES_EVENTS[column],
                Some(column) => entries / HALF_LIVES_ENTRIES[column],
            };
            (exponent * std::f32::consts::LN_2).mul_add(LOG_STEPS, 2.0)
        })
    }
}

/// How the bias of a row in one search is bounded by the columns.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BiasBound {
    /// Popularity weights, by step.
    pub(super) weights: [f32; POPULARITY_COLUMNS],
    /// Steps that a logarithm may have lost since it was written, and by rounding up.
    pub(super) lost: [f32; POPULARITY_COLUMNS],
}

impl BiasBound {
    pub(super) fn new(weights: &[f32; POPULARITY_COLUMNS], lost: [f32; POPULARITY_COLUMNS]) -> Self {
        // Upwards, for weights that lose bits by it. What is switched off stays so.
        let upwards = |weight: f32| if weight == 0.0 { 0.0 } else { (weight / LOG_STEPS).next_up() };
        Self { weights: weights.map(upwards), lost }
    }

    /// Lower and upper bound of a row's bias, from its columns.
    #[expect(clippy::cast_precision_loss, reason = "ten bits")]
    pub(super) fn of(&self, error_bias: u32, logs: [u32; 2]) -> (f32, f32) {
        let learned = f32::from_bits(error_bias << 16);
        // Rounding up added at most a part of 2^-7 to the size.
        let (mut lower, mut upper) = (learned - learned.abs() / 64.0 - 1e-37, learned);
        for (column, (weight, lost)) in self.weights.iter().zip(self.lost).enumerate() {
            let most = log_at(logs, column) as f32;
            let least = (most - lost).max(0.0);
            let (low, high) = if *weight < 0.0 { (most, least) } else { (least, most) };
            lower += weight * low;
            upper += weight * high;
        }
        (lower, upper)
    }
}

/// A logarithm of a row, in steps.
pub(super) const fn log_at(logs: [u32; 2], column: usize) -> u32 {
    logs[column / LOGS_A_WORD] >> (LOG_BITS * (column % LOGS_A_WORD) as u32) & LOG_MASK
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
