//! The best `limit` rows of a search: from bounds, and exact in the end.
//!
//! The first pass gives rows with bounds of their scores. A row is out as soon as `limit` others are certainly better,
//! equal scores going to the lower row. What is left at the end is scored exactly, the most promising first, until the
//! next cannot be among the best any more. So the answer is that of scoring every row, to the bit.

use super::quantized_query::Bounds;

/// Candidates that are gathered for each one that is wanted, before they are sifted.
const GATHERED: usize = 4;
/// The fewest that are gathered.
const GATHERED_MIN: usize = 64;

/// A row with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) row: u32,
    pub(super) score: f32,
}

/// A hit as one integer, ascending from best to worst: by score, equal ones by row, that is, by arrival in the model.
/// Integers are selected and sorted several times faster than hits are compared.
pub(super) fn key(row: u32, score: f32) -> u64 {
    // Adding 0 makes -0 and 0 equal.
    let bits = (score + 0.0).to_bits();
    // Positive numbers are ordered as their bits, negative ones the other way round.
    let descending = if bits >> 31 == 0 { !bits ^ (1 << 31) } else { bits };
    u64::from(descending) << 32 | u64::from(row)
}

/// Reverse of [`key`].
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the key")]
pub(super) fn hit(key: u64) -> Hit {
    let descending = (key >> 32) as u32;
    let bits = if descending >> 31 == 0 { !(descending ^ (1 << 31)) } else { descending };
    Hit { row: key as u32, score: f32::from_bits(bits) }
}

/// A row that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    row: u32,
    bounds: Bounds,
}

impl Candidate {
    /// At best.
    fn hoped(&self) -> u64 {
        key(self.row, self.bounds.upper)
    }

    /// At worst.
    fn certain(&self) -> u64 {
        key(self.row, self.bounds.lower)
    }

    fn is_exact(&self) -> bool {
        self.bounds.lower.to_bits() == self.bounds.upper.to_bits()
    }
}

/// The candidates of one search. Holds `4 limit` of them, at least 64.
#[derive(Debug)]
pub(super) struct Top {
    limit: usize,
    floor: f32,
    candidates: Vec<Candidate>,
    /// Work space of [`Top::sift`].
    certain: Vec<u64>,
    /// Keys of the answer, once it is made.
    best: Vec<u64>,
    scored: usize,
}

impl Top {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            floor: f32::NEG_INFINITY,
            candidates: Vec::with_capacity(GATHERED_MIN),
            certain: Vec::new(),
            best: Vec::new(),
            scored: 0,
        }
    }

    /// A row above all before it whose score is certainly no more than this is not among the best.
    pub(super) const fn floor(&self) -> f32 {
        self.floor
    }

    /// Rows that are wanted.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Says that rows come ascending from here on, from the first. (Named rows come before all others.)
    pub(super) const fn begin_again(&mut self) {
        self.floor = self.floor.next_down();
    }

    /// Rows that were scored exactly.
    pub(super) const fn scored(&self) -> usize {
        self.scored
    }

    /// Offers a row, each once. `score` gives a row's exact score, which lies within its bounds or is no number.
    pub(super) fn offer(&mut self, row: u32, bounds: Bounds, score: &mut impl FnMut(u32) -> f32) {
        self.candidates.push(Candidate { row, bounds });
        let most = (GATHERED * self.limit).max(GATHERED_MIN);
        if self.candidates.len() >= most {
            self.sift();
            if self.candidates.len() > most / 2 {
                // Bounds do not tell these apart: score them, so that the memory is bounded whatever the catalogue is
                // like.
                self.resolve(score);
                self.sift();
            }
        }
    }

    /// Drops what is certainly not among the best.
    fn sift(&mut self) {
        if self.candidates.len() < self.limit {
            return;
        }
        let newest = self.candidates.last().map_or(0, |candidate| candidate.row);
        self.certain.clear();
        self.certain.extend(self.candidates.iter().map(Candidate::certain));
        let (_, last, _) = self.certain.select_nth_unstable(self.limit - 1);
        let last = *last;
        self.candidates.retain(|candidate| candidate.hoped() <= last);
        let Hit { row, score } = hit(last);
        // A later row with the same score loses to this one only if it is the later one by number too.
        self.floor = if row <= newest { score } else { score.next_down() };
    }

    fn resolve(&mut self, score: &mut impl FnMut(u32) -> f32) {
        let scored = &mut self.scored;
        self.candidates.retain_mut(|candidate| {
            if !candidate.is_exact() {
                let exact = score(candidate.row);
                candidate.bounds = Bounds { lower: exact, upper: exact };
                *scored += 1;
            }
            is_score(candidate.bounds.upper)
        });
    }

    /// Makes the answer.
    pub(super) fn finish(&mut self, score: &mut impl FnMut(u32) -> f32) {
        self.sift();
        self.candidates.sort_unstable_by_key(Candidate::hoped);
        self.best.reserve_exact(self.limit.min(self.candidates.len()) + 1);
        for candidate in self.candidates.drain(..) {
            if self.best.len() == self.limit && self.best.last().is_some_and(|last| candidate.hoped() > *last) {
                break;
            }
            let exact = if candidate.is_exact() { candidate.bounds.upper } else { score(candidate.row) };
            self.scored += usize::from(!candidate.is_exact());
            if is_score(exact) {
                let key = key(candidate.row, exact);
                self.best.insert(self.best.partition_point(|other| *other < key), key);
                self.best.truncate(self.limit);
            }
        }
    }

    /// The best, in order.
    pub(super) fn into_hits(self) -> impl Iterator<Item = Hit> {
        self.best.into_iter().map(hit)
    }
}

/// Negative infinity is a row that was left out; what is no number is no score.
fn is_score(score: f32) -> bool {
    score > f32::NEG_INFINITY
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    #[test]
    fn keys_are_ordered_by_score_then_row_and_give_the_hit_back() {
        let scores = [f32::MAX, 2.5, 1e-30, 0.0, -1e-30, -2.5, f32::MIN];
        let hits = scores.iter().flat_map(|score| [0, 7, u32::MAX].map(|row| Hit { row, score: *score }));
        let keys: Vec<u64> = hits.clone().map(|hit| key(hit.row, hit.score)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        assert!(hits.eq(keys.iter().map(|key| hit(*key))));
        assert_eq!(key(1, -0.0), key(1, 0.0));
    }

    /// Goal: whatever the bounds, ties and limits, the answer is that of sorting all scores. Method: random scores from
    /// few values with bounds of random width, some infinite, some rows before all others; rows below the floor are not
    /// offered.
    #[test]
    fn the_best_of_bounded_rows_are_the_best_of_all_scores() {
        let mut draws = CounterRng::new(4, 5, 6);
        for round in 0..400 {
            let rows = 1 + draws.below(2_000);
            let limit = 1 + draws.below(1 + [5, 70, 3_000][round % 3]);
            let values = [2, 40, 1_000_000][draws.below(3)];
            let wide = [0, 3, 2_000_000][draws.below(3)];
            let scores: Vec<f32> = (0..rows)
                .map(|_| match draws.below(50) {
                    0 => f32::NAN,
                    1 => f32::NEG_INFINITY,
                    2 => f32::INFINITY,
                    _ => draws.below(values) as f32,
                })
                .collect();
            let bounds: Vec<Bounds> = scores
                .iter()
                .map(|score| {
                    let mut width = || if wide == 0 { 0.0 } else { draws.below(wide) as f32 };
                    let (lower, upper) = (score - width(), score + width());
                    if score.is_nan() || draws.below(100) == 0 {
                        Bounds { lower: f32::NEG_INFINITY, upper: f32::INFINITY }
                    } else {
                        Bounds { lower, upper }
                    }
                })
                .collect();
            let mut top = Top::new(limit);
            let mut exact = |row: u32| scores[row as usize];
            let first: Vec<usize> = (0..draws.below(150)).map(|_| draws.below(rows)).collect();
            let first: std::collections::BTreeSet<usize> = first.into_iter().collect();
            for row in &first {
                top.offer(*row as u32, bounds[*row], &mut exact);
            }
            top.begin_again();
            for row in (0..rows).filter(|row| !first.contains(row)) {
                if bounds[row].upper > top.floor() {
                    top.offer(row as u32, bounds[row], &mut exact);
                }
            }
            top.finish(&mut exact);
            let found: Vec<u64> = top.into_hits().map(|hit| key(hit.row, hit.score)).collect();
            let mut all: Vec<u64> =
                (0..rows).filter(|row| is_score(scores[*row])).map(|row| key(row as u32, scores[row])).collect();
            all.sort_unstable();
            all.truncate(limit);
            assert_eq!(found, all, "round {round}");
        }
    }
}
