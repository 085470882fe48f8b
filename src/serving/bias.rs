//! The bias column: `b_j + sum_h wp_h log(1 + pop_{h,j})` for every row.
//!
//! Popularity decays with every event, so every publication computes the whole column. Two things make that cheap: counts are
//! kept as of a common event number, so that decay is one factor for all rows; and the logarithm is a polynomial that
//! the compiler vectorises. Differs from `Readable::item_bias` by rounding only.

use crate::state::{Popularity, Readable};

use super::tiles::{Line, STRIP_ROWS, STRIP_TILES, TILE_ROWS};

/// The common event number is a multiple of this. In between, counts grow by at most 2^33 at the shortest half-life.
const ORIGIN_EVENTS: u64 = 32_768;

/// What the column is computed from, by row.
#[derive(Debug, Clone, Default)]
pub(super) struct BiasSource {
    /// Learned bias; negative infinity where a row may not be recommended or does not exist.
    learned: Vec<Line>,
    /// Counts as of event number `origin`, by half-life.
    counts: [Vec<Line>; 3],
    origin: u64,
    rows: usize,
}

impl BiasSource {
    /// Makes room for `rows` rows, masked until they are set.
    pub(super) fn grow(&mut self, rows: usize) {
        let tiles = rows.div_ceil(STRIP_ROWS) * STRIP_TILES;
        self.learned.resize(tiles, Line([f32::NEG_INFINITY; TILE_ROWS]));
        for counts in &mut self.counts {
            counts.resize(tiles, Line::ZERO);
        }
        self.rows = rows;
    }

    /// Sets a row's learned bias.
    pub(super) fn set_learned(&mut self, row: usize, bias: f32, recommendable: bool) {
        self.learned[row / TILE_ROWS].0[row % TILE_ROWS] = if recommendable { bias } else { f32::NEG_INFINITY };
    }

    /// Sets a row's popularity.
    pub(super) fn set_popularity(&mut self, row: usize, popularity: &Popularity) {
        for (counts, count) in self.counts.iter_mut().zip(popularity.relative(self.origin)) {
            counts[row / TILE_ROWS].0[row % TILE_ROWS] = count;
        }
    }

    /// Moves the common event number on when it is time; then every row's counts are taken again.
    pub(super) fn rebase(&mut self, readable: &Readable) {
        let origin = readable.counters.settled / ORIGIN_EVENTS * ORIGIN_EVENTS;
        if origin != self.origin {
            self.origin = origin;
            for (row, popularity) in readable.popularity.iter().enumerate().take(self.rows) {
                self.set_popularity(row, popularity);
            }
        }
    }

    /// The column as of event number `now`, with popularity weights `weights`.
    pub(super) fn column(&self, now: u64, weights: &[f32; 3]) -> Vec<Line> {
        let decay = Popularity::decay(now.saturating_sub(self.origin));
        let [short, middle, long] = &self.counts;
        let counts = short.iter().zip(middle).zip(long);
        self.learned
            .iter()
            .zip(counts)
            .map(|(learned, ((short, middle), long))| {
                Line(std::array::from_fn(|lane| {
                    learned.0[lane]
                        + (weights[0] * ln_1p(short.0[lane] * decay[0])
                            + weights[1] * ln_1p(middle.0[lane] * decay[1])
                            + weights[2] * ln_1p(long.0[lane] * decay[2]))
                }))
            })
            .collect()
    }
}

/// `ln(1 + x)` for finite `x >= 0`, within 1e-7 of the larger of 1 and the result; without branches, so that it vectorises.
// The reduction and polynomial of FreeBSD's e_logf.c (Sun Microsystems, 1993), with the first-order correction of s_log1pf.c.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_wrap, reason = "the exponent of an f32 has 8 bits")]
fn ln_1p(x: f32) -> f32 {
    let y = 1.0 + x;
    // Shifted so that the mantissa lies in [sqrt(2)/2, sqrt(2)).
    let bits = y.to_bits() + (0x3f80_0000 - 0x3f35_04f3);
    let k = ((bits >> 23) as i32 - 127) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff) + 0x3f35_04f3) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let r = z * (0.666_666_6 + w * 0.284_987_87) + w * (0.400_009_72 + w * 0.242_790_79);
    let half = 0.5 * f * f;
    let lost = (x - (y - 1.0)) / y;
    s * (half + r) + (k * 9.058e-6 + lost) - half + f + k * 0.693_138_1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_library_to_two_roundings() {
        let mut x = 1e-9_f32;
        while x < 1e9 {
            let exact = f64::from(x).ln_1p();
            let error = (f64::from(ln_1p(x)) - exact).abs();
            assert!(error <= 1.5e-7 * exact.max(1.0), "x {x}: {} against {exact}", ln_1p(x));
            x *= 1.001;
        }
        assert!(ln_1p(0.0).abs() < f32::EPSILON);
    }
}
