//! Popularity: exponentially decayed counts of an item's events and entries.
//!
//! An entry is what somebody came for: a unit of an actor without history, or whose newest event is more than eight
//! hours old. Each of its items counts one part of it.

use super::{
    EVENT_COLUMNS, POPULARITY_COLUMNS,
    math::{exp, ln_1p},
};

/// Half-lives in events. Short ones suit news, long ones shops. The shortest comes last, because it was added last.
pub const HALF_LIVES_EVENTS: [f32; EVENT_COLUMNS] = [1_000.0, 10_000.0, 100_000.0, 200.0];
/// Half-lives in entries.
pub const HALF_LIVES_ENTRIES: [f32; POPULARITY_COLUMNS - EVENT_COLUMNS] = [300.0, 3_000.0];
/// Seconds without an event after which the next unit of an actor is an entry.
pub const ENTRY_GAP_SECONDS: f64 = 8.0 * 3_600.0;

/// Event counts of one item as of its newest event. Decay since then is applied when reading, so no pass over the table
/// is needed.
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Popularity {
    // The last stands where earlier builds stored a zero.
    counts: [f32; EVENT_COLUMNS],
    at: u64,
}

/// Entry counts of one item as of its newest entry, as [`Popularity`].
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct EntryPopularity {
    counts: [f32; POPULARITY_COLUMNS - EVENT_COLUMNS],
    at: u64,
}

/// Decays counts as of `at` to number `now`.
#[inline]
fn decayed<const N: usize>(counts: [f32; N], half_lives: [f32; N], at: u64, now: u64) -> [f32; N] {
    let age = now.saturating_sub(at);
    if age == 0 {
        return counts;
    }
    #[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
    let age = age as f32;
    std::array::from_fn(|h| counts[h] * exp(-age * (std::f32::consts::LN_2 / half_lives[h])))
}

/// Computes `log(1 + count)` of many rows as of number `now`, one column per half-life, so that the compiler vectorizes
/// it. Rows are counts with the number that they are as of.
#[expect(clippy::cast_precision_loss, reason = "an age is only a decay's exponent")]
fn log_columns<const N: usize>(
    rows: impl Iterator<Item = ([f32; N], u64)>,
    half_lives: [f32; N],
    now: u64,
    logs: &mut [Vec<f32>],
    ages: &mut Vec<f32>,
) {
    ages.clear();
    logs.iter_mut().for_each(Vec::clear);
    for (counts, at) in rows {
        ages.push(now.saturating_sub(at) as f32);
        for (logs, count) in logs.iter_mut().zip(counts) {
            logs.push(count);
        }
    }
    for (logs, half_life) in logs.iter_mut().zip(half_lives) {
        let rate = std::f32::consts::LN_2 / half_life;
        for (log, age) in logs.iter_mut().zip(&*ages) {
            *log = ln_1p(*log * exp(-age * rate));
        }
    }
}

impl Popularity {
    /// Returns the counts as of event number `now`.
    #[inline]
    pub fn counts(&self, now: u64) -> [f32; EVENT_COLUMNS] {
        decayed(self.counts, HALF_LIVES_EVENTS, self.at, now)
    }

    /// Returns `log(1 + count)` at each half-life, as of event number `now`.
    #[inline]
    pub fn logs(&self, now: u64) -> [f32; EVENT_COLUMNS] {
        self.counts(now).map(ln_1p)
    }

    /// Computes [`Popularity::logs`] of many rows, by column.
    pub fn columns<'a>(rows: impl Iterator<Item = &'a Self>, now: u64, logs: &mut [Vec<f32>], ages: &mut Vec<f32>) {
        log_columns(rows.map(|row| (row.counts, row.at)), HALF_LIVES_EVENTS, now, logs, ages);
    }

    /// Counts one event at event number `now`.
    #[inline]
    pub fn add(&mut self, now: u64) {
        self.counts = self.counts(now).map(|count| count + 1.0);
        self.at = now;
    }
}

impl EntryPopularity {
    /// Returns `log(1 + count)` at each half-life, as of entry number `now`.
    #[inline]
    pub fn logs(&self, now: u64) -> [f32; POPULARITY_COLUMNS - EVENT_COLUMNS] {
        decayed(self.counts, HALF_LIVES_ENTRIES, self.at, now).map(ln_1p)
    }

    /// Computes [`EntryPopularity::logs`] of many rows, by column.
    pub fn columns<'a>(rows: impl Iterator<Item = &'a Self>, now: u64, logs: &mut [Vec<f32>], ages: &mut Vec<f32>) {
        log_columns(rows.map(|row| (row.counts, row.at)), HALF_LIVES_ENTRIES, now, logs, ages);
    }

    /// Counts a part of an entry at entry number `now`.
    #[inline]
    pub fn add(&mut self, part: f32, now: u64) {
        self.counts = decayed(self.counts, HALF_LIVES_ENTRIES, self.at, now).map(|count| count + part);
        self.at = now;
    }
}
