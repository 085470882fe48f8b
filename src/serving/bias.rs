//! The bias column: `b_j + sum_h wp_h log(1 + pop_{h,j})` for every row.
//!
//! Popularity decays with every event, so every publication computes the whole column. Two things make that cheap: counts are
//! kept as of a common event number, so that decay is one factor for all rows; and the logarithm is one that the compiler
//! vectorises. Differs from `Readable::item_bias` by rounding only.

use crate::state::{Popularity, Readable, ln_1p};

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
