//! Sample of a state's items, stratified by popularity.

use std::collections::{BinaryHeap, HashMap};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use shelfmark_serving::View;
use shelfmark_state::as_row;

/// Number of sampled items, at most.
pub const SAMPLE_MAX: usize = 20_000;
/// Seed of the hash: "SmMp".
const SEED: u64 = 0x536d_4d70;
/// A stratum holds the items whose decayed number of events lies between two powers of two; the last one the rest.
const STRATA: usize = 20;

/// Returns an item's number of events, decayed with a half-life of 100,000 events.
pub fn popularity(view: &View, row: u32) -> f32 {
    let inference = view.inference();
    inference.popularity[row as usize].counts(inference.counters.counted)[2]
}

/// Returns how many items had their first event before each of `rows` had its own; `None` for a row without an event.
/// Reads every item with an event once.
pub fn first_event_ranks(view: &View, rows: &[u32]) -> Vec<Option<u32>> {
    let catalog = &view.inference().catalog;
    let mut asked = vec![false; catalog.len()];
    rows.iter().for_each(|row| asked[*row as usize] = true);
    let known = catalog.known().iter().enumerate().filter(|(_, row)| asked[**row as usize]);
    let ranks: HashMap<u32, u32> = known.map(|(rank, row)| (*row, as_row(rank))).collect();
    rows.iter().map(|row| ranks.get(row).copied()).collect()
}

/// Rows of up to `size` items: all of a state with no more, else an equal share of each stratum of popularity, and what
/// a small stratum leaves goes to the larger ones. Within a stratum those with the smallest hashes of their ids are
/// taken. Rows are in ascending order. Removed items are left out.
pub fn sample(view: &View, size: usize) -> Vec<u32> {
    let size = size.min(SAMPLE_MAX);
    let catalog = &view.inference().catalog;
    let rows = || (0..catalog.len()).map(as_row).filter(|row| !catalog.entry(*row).removed);
    let mut counts = [0_usize; STRATA];
    for row in rows() {
        counts[stratum(popularity(view, row))] += 1;
    }
    let shares = shares(counts, size);
    let mut strata: [Smallest; STRATA] = shares.map(Smallest::new);
    for row in rows() {
        strata[stratum(popularity(view, row))].offer(hash(view, row), row);
    }
    let mut taken: Vec<u32> = strata.into_iter().flat_map(Smallest::rows).collect();
    taken.sort_unstable();
    taken
}

/// The `size` items with the smallest hashes of their ids, in the order of the hashes. Removed items are left out.
pub(super) fn smallest_hashes(view: &View, size: usize) -> Vec<u32> {
    let catalog = &view.inference().catalog;
    let mut smallest = Smallest::new(size);
    for row in (0..catalog.len()).map(as_row).filter(|row| !catalog.entry(*row).removed) {
        smallest.offer(hash(view, row), row);
    }
    // In one order for equal sets of ids, so that sums have the same bits.
    smallest.rows()
}

fn hash(view: &View, row: u32) -> u64 {
    xxh3_64_with_seed(view.inference().catalog.id(row).as_str().as_bytes(), SEED)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a logarithm of a count is small")]
fn stratum(events: f32) -> usize {
    ((events.max(0.0) + 1.0).log2() as usize).min(STRATA - 1)
}

/// How many each stratum gives: equal shares, as far as they have so many.
fn shares(counts: [usize; STRATA], size: usize) -> [usize; STRATA] {
    let mut order: [usize; STRATA] = std::array::from_fn(|stratum| stratum);
    order.sort_by_key(|stratum| counts[*stratum]);
    let mut shares = [0; STRATA];
    let mut left = size;
    for (done, stratum) in order.into_iter().enumerate() {
        // Smaller strata come first, so that what they leave is shared by the larger ones.
        shares[stratum] = counts[stratum].min(left.div_ceil(STRATA - done));
        left -= shares[stratum];
    }
    shares
}

/// The entries with the smallest hashes.
struct Smallest {
    size: usize,
    kept: BinaryHeap<(u64, u32)>,
}

impl Smallest {
    fn new(size: usize) -> Self {
        Self { size, kept: BinaryHeap::new() }
    }

    fn offer(&mut self, hash: u64, row: u32) {
        if self.kept.len() < self.size {
            self.kept.push((hash, row));
        } else if let Some(mut largest) = self.kept.peek_mut()
            && (hash, row) < *largest
        {
            *largest = (hash, row);
        }
    }

    fn rows(self) -> Vec<u32> {
        self.kept.into_sorted_vec().into_iter().map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_share_alike_and_small_ones_leave_their_rest_to_larger_ones() {
        let mut counts = [0; STRATA];
        (counts[0], counts[1], counts[5]) = (1_000_000, 3, 500);
        let shares = shares(counts, 1000);
        assert_eq!((shares[0], shares[1], shares[5]), (498, 3, 499));
        assert_eq!(shares.iter().sum::<usize>(), 1000);
        assert_eq!(super::shares(counts, 2_000_000), counts, "all, where there are fewer");
    }

    #[test]
    fn a_stratum_is_a_power_of_two() {
        let strata = [0.0, 0.9, 1.0, 2.9, 3.0, 1e9].map(stratum);
        assert_eq!(strata, [0, 0, 1, 1, 2, STRATA - 1]);
    }

    #[test]
    fn the_smallest_are_kept_whatever_their_order() {
        let mut forwards = Smallest::new(3);
        let mut backwards = Smallest::new(3);
        for n in 0..100_u32 {
            forwards.offer(u64::from(n * 37 % 101), n);
        }
        for n in (0..100_u32).rev() {
            backwards.offer(u64::from(n * 37 % 101), n);
        }
        let rows = forwards.rows();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows, backwards.rows());
        let mut none = Smallest::new(0);
        none.offer(1, 1);
        assert!(none.rows().is_empty());
    }
}
