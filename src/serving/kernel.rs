//! The inner loop: a few queries against a strip of rows.
//!
//! Plain Rust in a form that the compiler keeps in AVX2 registers. `array::from_fn` for the lanes matters: written as a
//! loop over lanes, rustc 1.95 spills the accumulators for some shapes and runs 30 times slower. Every score is one chain of
//! fused multiply-adds over the dimensions in order, whatever the shape, so that a score does not depend on the batch.

use super::tiles::{Line, STRIP_ROWS, STRIP_TILES, TILE_ROWS};

/// Queries of one group: 4 x 16 accumulators fill the pipeline of two fused multiply-adds a cycle, 4 cycles deep.
pub(super) const GROUP: usize = 4;

/// Inner products of a group with a strip, by query.
pub(super) type Scores = [[f32; STRIP_ROWS]; GROUP];

/// One to four queries, interleaved by dimension.
#[derive(Debug)]
pub(super) enum Packed {
    One(Vec<[f32; 1]>),
    Two(Vec<[f32; 2]>),
    Three(Vec<[f32; 3]>),
    Four(Vec<[f32; 4]>),
}

impl Packed {
    /// Packs 1 to 4 queries, each `[dim]`.
    pub(super) fn new(queries: &[&[f32]], dim: usize) -> Self {
        match queries.len() {
            1 => Self::One(interleave(queries, dim)),
            2 => Self::Two(interleave(queries, dim)),
            3 => Self::Three(interleave(queries, dim)),
            _ => Self::Four(interleave(queries, dim)),
        }
    }

    /// Inner products with the rows of a strip. Fewer queries take more tiles at once, so that there are always at
    /// least six chains of additions under way.
    pub(super) fn score(&self, strip: &[&[Line]; STRIP_TILES], scores: &mut Scores) {
        match self {
            Self::One(queries) => run::<1, 4>(queries, strip, scores),
            Self::Two(queries) => run::<2, 2>(queries, strip, scores),
            Self::Three(queries) => run::<3, 1>(queries, strip, scores),
            Self::Four(queries) => run::<4, 1>(queries, strip, scores),
        }
    }
}

fn interleave<const Q: usize>(queries: &[&[f32]], dim: usize) -> Vec<[f32; Q]> {
    (0..dim).map(|d| std::array::from_fn(|q| queries[q][d])).collect()
}

fn run<const Q: usize, const T: usize>(queries: &[[f32; Q]], strip: &[&[Line]; STRIP_TILES], scores: &mut Scores) {
    for first in (0..STRIP_TILES).step_by(T) {
        let sums = dots::<Q, T>(std::array::from_fn(|tile| strip[first + tile]), queries);
        for (scores, sums) in scores.iter_mut().zip(&sums) {
            for (tile, lanes) in sums.iter().enumerate() {
                scores[(first + tile) * TILE_ROWS..][..TILE_ROWS].copy_from_slice(lanes);
            }
        }
    }
}

#[inline(never)]
fn dots<const Q: usize, const T: usize>(tiles: [&[Line]; T], queries: &[[f32; Q]]) -> [[[f32; TILE_ROWS]; T]; Q] {
    let tiles = tiles.map(|tile| &tile[..queries.len()]);
    let mut sums = [[[0.0_f32; TILE_ROWS]; T]; Q];
    for (d, query) in queries.iter().enumerate() {
        for t in 0..T {
            let line = &tiles[t][d].0;
            for q in 0..Q {
                sums[q][t] = std::array::from_fn(|lane| query[q].mul_add(line[lane], sums[q][t][lane]));
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a score is the same bits in every group size. Method: the obvious loop.
    #[test]
    fn every_group_size_gives_the_sequential_sum_of_products() {
        let dim = 20;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let value = |a: usize, b: usize| ((a * 31 + b * 17) as f32).sin();
        let tiles: Vec<Vec<Line>> = (0..STRIP_TILES)
            .map(|t| (0..=dim).map(|d| Line(std::array::from_fn(|lane| value(t * TILE_ROWS + lane, d)))).collect())
            .collect();
        let strip: [&[Line]; STRIP_TILES] = std::array::from_fn(|t| tiles[t].as_slice());
        let queries: Vec<Vec<f32>> = (0..GROUP).map(|q| (0..dim).map(|d| value(1000 + q, d)).collect()).collect();
        for count in 1..=GROUP {
            let group: Vec<&[f32]> = queries[..count].iter().map(Vec::as_slice).collect();
            let mut scores = [[f32::NAN; STRIP_ROWS]; GROUP];
            Packed::new(&group, dim).score(&strip, &mut scores);
            for (query, scores) in group.iter().zip(&scores) {
                for (row, score) in scores.iter().enumerate() {
                    let mut sum = 0.0_f32;
                    for (d, q) in query.iter().enumerate() {
                        sum = q.mul_add(value(row, d), sum);
                    }
                    assert_eq!(sum.to_bits(), score.to_bits(), "{count} queries, row {row}");
                }
            }
        }
    }
}
