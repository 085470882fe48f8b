//! Popularity: exponentially decayed event counts of an item at three half-lives.

use super::math::{exp, ln_1p};

/// Half-lives in events. Short ones suit news, long ones shops.
pub const HALF_LIVES_EVENTS: [f32; 3] = [1_000.0, 10_000.0, 100_000.0];

/// Counts of one item as of its newest event. Decay since then is applied when reading, so no pass over the table is
/// needed.
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Popularity {
    counts: [f32; 3],
    _zero: u32,
    at: u64,
}

impl Popularity {
    /// Returns the counts as of event number `now`.
    #[inline]
    pub fn counts(&self, now: u64) -> [f32; 3] {
        let age = now.saturating_sub(self.at);
        if age == 0 {
            return self.counts;
        }
        #[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
        let age = age as f32;
        std::array::from_fn(|h| self.counts[h] * exp(-age * (std::f32::consts::LN_2 / HALF_LIVES_EVENTS[h])))
    }

    /// Returns `log(1 + count)` at each half-life, as of event number `now`.
    #[inline]
    pub fn logs(&self, now: u64) -> [f32; 3] {
        self.counts(now).map(ln_1p)
    }

    /// Computes [`Popularity::logs`] of many rows, one column per half-life, so that the compiler vectorizes it.
    #[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
    pub fn columns<'a>(rows: impl Iterator<Item = &'a Self>, now: u64, logs: &mut [Vec<f32>; 3], ages: &mut Vec<f32>) {
        ages.clear();
        logs.iter_mut().for_each(Vec::clear);
        for row in rows {
            ages.push(now.saturating_sub(row.at) as f32);
            for (logs, count) in logs.iter_mut().zip(row.counts) {
                logs.push(count);
            }
        }
        for (logs, half_life) in logs.iter_mut().zip(HALF_LIVES_EVENTS) {
            let rate = std::f32::consts::LN_2 / half_life;
            for (log, age) in logs.iter_mut().zip(&*ages) {
                *log = ln_1p(*log * exp(-age * rate));
            }
        }
    }

    /// Counts one event at event number `now`.
    #[inline]
    pub fn add(&mut self, now: u64) {
        self.counts = self.counts(now).map(|count| count + 1.0);
        self.at = now;
    }
}
