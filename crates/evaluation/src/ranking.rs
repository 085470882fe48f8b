//! Exact ranks from the scores of all candidates.

use std::collections::HashSet;

use super::metrics::{K, Rank};

/// Value that is added to the score of a row that is no candidate.
pub const ABSENT: f32 = f32::NEG_INFINITY;

/// Returns the rank of row `target`: 1 + the number of candidates with a strictly better score + half the number of
/// others with the same score, which is the expected rank if ties were broken at random. Without the half, a method
/// that gives all items one score would be called perfect.
///
/// `mask` is 0 for candidates and [`ABSENT`] for other rows. `None` when the target is no candidate or its score is not
/// a number.
pub fn rank(scores: &[f32], mask: &[f32], target: u32) -> Rank {
    let score = scores[target as usize] + mask[target as usize];
    if score.is_nan() || score == ABSENT {
        return None;
    }
    let (mut better, mut equal) = (0_u32, 0_u32);
    for (other, mask) in scores.iter().zip(mask) {
        let other = other + mask;
        better += u32::from(other > score);
        equal += u32::from(other == score);
    }
    Some(place(better, equal))
}

/// Returns the rank of `target` without the rows of `own` as candidates. `rank` is its rank with them. Costs their
/// number.
pub fn rank_without(scores: &[f32], mask: &[f32], target: u32, rank: Rank, own: &HashSet<u32>) -> Rank {
    let score = scores[target as usize];
    let mut rank = rank?;
    for row in own.iter().filter(|row| **row != target) {
        let other = scores[*row as usize] + mask[*row as usize];
        if other > score {
            rank -= 1.0;
        } else if other == score {
            rank -= 0.5;
        }
    }
    Some(rank)
}

/// `equal` includes the target itself.
fn place(better: u32, equal: u32) -> f64 {
    1.0 + f64::from(better) + 0.5 * f64::from(equal.saturating_sub(1))
}

/// Finds the [`K`] best candidates, the best first; of equal scores the lower row.
pub fn best(scores: &[f32], mask: &[f32], best: &mut Vec<(f32, u32)>) {
    /// Rows that are skipped at once when none of them can enter.
    const BLOCK: usize = 64;
    best.clear();
    let mut bar = ABSENT;
    for (block, (scores, mask)) in scores.chunks(BLOCK).zip(mask.chunks(BLOCK)).enumerate() {
        let enters = scores.iter().zip(mask).fold(false, |any, (score, mask)| any | (score + mask > bar));
        if !enters {
            continue;
        }
        for (offset, (score, mask)) in scores.iter().zip(mask).enumerate() {
            let score = score + mask;
            if score > bar {
                let row = u32::try_from(block * BLOCK + offset).expect("rows are u32");
                let place = best.partition_point(|(other, _)| *other >= score);
                best.insert(place, (score, row));
                best.truncate(K);
                if best.len() == K {
                    bar = best[K - 1].0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    #[test]
    fn better_scores_count_whole_ties_half_and_absent_rows_not_at_all() {
        let scores = [1.0, 5.0, 3.0, 3.0, 9.0, 3.0];
        let mask = [0.0, 0.0, 0.0, 0.0, ABSENT, 0.0];
        assert_eq!(rank(&scores, &mask, 1), Some(1.0));
        // One is better, two others are equal.
        assert_eq!(rank(&scores, &mask, 2), Some(3.0));
        assert_eq!(rank(&scores, &mask, 0), Some(5.0));
        assert_eq!(rank(&scores, &mask, 4), None);
        assert_eq!(rank(&[f32::NAN, 0.0], &[0.0, 0.0], 0), None);
    }

    #[test]
    fn ones_own_items_do_not_stand_before_a_target() {
        let scores = [1.0, 5.0, 3.0, 3.0];
        let mask = [0.0; 4];
        let own = HashSet::from([1, 2]);
        let all = rank(&scores, &mask, 3);
        assert_eq!(all, Some(2.5));
        assert_eq!(rank_without(&scores, &mask, 3, all, &own), Some(1.0));
    }

    /// Goal: skipping blocks loses nothing. Method: a stable sort of everything, on random scores with many ties.
    #[test]
    fn the_best_are_those_of_a_sort() {
        for seed in 0..50 {
            let mut draws = CounterRng::new(seed, 1, 1);
            let rows = 1 + draws.below(400);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let scores: Vec<f32> = (0..rows).map(|_| draws.below(60) as f32).collect();
            let mask: Vec<f32> = (0..rows).map(|_| if draws.below(4) == 0 { ABSENT } else { 0.0 }).collect();
            let mut expected: Vec<(f32, u32)> = (0..rows)
                .filter(|row| mask[*row] == 0.0)
                .map(|row| (scores[row], u32::try_from(row).unwrap()))
                .collect();
            expected.sort_by(|a, b| b.0.total_cmp(&a.0));
            expected.truncate(K);
            let mut found = Vec::new();
            best(&scores, &mask, &mut found);
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}
