//! The best `limit` rows of a scan so far.

use super::tiles::{STRIP_ROWS, TILE_ROWS};

/// A row with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) row: u32,
    pub(super) score: f32,
}

/// A hit as one integer, ascending from best to worst: by score, equal ones by row, that is, by arrival in the model.
/// Integers are selected and sorted several times faster than hits are compared.
fn key(hit: Hit) -> u64 {
    // Adding 0 makes -0 and 0 equal.
    let bits = (hit.score + 0.0).to_bits();
    // Positive numbers are ordered as their bits, negative ones the other way round.
    let descending = if bits >> 31 == 0 { !bits ^ (1 << 31) } else { bits };
    u64::from(descending) << 32 | u64::from(hit.row)
}

/// Reverse of [`key`].
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the key")]
fn hit(key: u64) -> Hit {
    let descending = (key >> 32) as u32;
    let bits = if descending >> 31 == 0 { !(descending ^ (1 << 31)) } else { descending };
    Hit { row: key as u32, score: f32::from_bits(bits) }
}

/// Keeps up to twice `limit` rows above a threshold that rises whenever they are cut back: a row costs one comparison
/// unless it is among the best so far.
#[derive(Debug)]
pub(super) struct Top {
    limit: usize,
    threshold: f32,
    keys: Vec<u64>,
}

impl Top {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, threshold: f32::NEG_INFINITY, keys: Vec::with_capacity(limit * 2) }
    }

    /// Offers the rows `first ..` with their scores, in ascending order of rows over all calls. Rows with negative
    /// infinity are masked; `admits` is asked only for rows that would be kept.
    pub(super) fn offer(&mut self, first: usize, scores: &[f32; STRIP_ROWS], admits: impl Fn(u32) -> bool) {
        for (tile, scores) in scores.as_chunks::<TILE_ROWS>().0.iter().enumerate() {
            let threshold = self.threshold;
            if scores.iter().fold(false, |any, score| any | (*score > threshold)) {
                self.offer_tile(first + tile * TILE_ROWS, scores, &admits);
            }
        }
    }

    fn offer_tile(&mut self, first: usize, scores: &[f32; TILE_ROWS], admits: impl Fn(u32) -> bool) {
        for (lane, score) in scores.iter().enumerate() {
            // Strictly above: a later row never displaces an equal earlier one. NaN is above nothing.
            if *score > self.threshold {
                let row = u32::try_from(first + lane).expect("rows are u32");
                if admits(row) {
                    self.keys.push(key(Hit { row, score: *score }));
                    if self.keys.len() == self.limit * 2 {
                        self.cut();
                    }
                }
            }
        }
    }

    fn cut(&mut self) {
        let (_, last, _) = self.keys.select_nth_unstable(self.limit - 1);
        self.threshold = hit(*last).score;
        self.keys.truncate(self.limit);
    }

    /// The best, in order.
    pub(super) fn into_hits(mut self) -> impl Iterator<Item = Hit> {
        self.keys.sort_unstable();
        self.keys.into_iter().take(self.limit).map(hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_score_then_row_and_give_the_hit_back() {
        let scores = [f32::MAX, 2.5, 1e-30, 0.0, -1e-30, -2.5, f32::MIN];
        let hits = scores.iter().flat_map(|score| [0, 7, u32::MAX].map(|row| Hit { row, score: *score }));
        let keys: Vec<u64> = hits.clone().map(key).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(hits.eq(keys.iter().map(|key| hit(*key))));
        assert_eq!(key(Hit { row: 1, score: -0.0 }), key(Hit { row: 1, score: 0.0 }));
    }
}
