//! Bottom-k sample of ids.

use std::collections::BinaryHeap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use shelfmark_domain::Id;

/// Number of items, and of users, whose lists are compared.
pub const SAMPLE: usize = 200;
/// Seed of the hash: "SmDf".
const SEED: u64 = 0x536d_4466;

/// Samples the [`SAMPLE`] admitted ids with the smallest hashes, in that order. The sample depends on the ids alone
/// (bottom-k sampling, Cohen and Kaplan 2007). `admits` is called only for ids that would be sampled.
pub(super) fn sample<'a>(ids: impl Iterator<Item = &'a Id>, admits: impl Fn(&Id) -> bool) -> Vec<&'a Id> {
    let mut smallest: BinaryHeap<(u64, &Id)> = BinaryHeap::with_capacity(SAMPLE + 1);
    for id in ids {
        let entry = (xxh3_64_with_seed(id.as_str().as_bytes(), SEED), id);
        let taken = smallest.len() < SAMPLE || smallest.peek().is_some_and(|largest| entry < *largest);
        if taken && admits(id) {
            smallest.push(entry);
            if smallest.len() > SAMPLE {
                smallest.pop();
            }
        }
    }
    smallest.into_sorted_vec().into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_of_admitted_ids_and_depends_on_neither_order_nor_on_the_others() {
        let ids: Vec<Id> = (0..5000).map(|n| Id::new("id", &format!("i{n}")).expect("valid")).collect();
        let even = |id: &Id| id.as_str().ends_with(['0', '2', '4', '6', '8']);
        let forwards = sample(ids.iter(), even);
        assert_eq!(forwards.len(), SAMPLE);
        assert!(forwards.iter().all(|id| even(id)));
        assert_eq!(forwards, sample(ids.iter().rev(), even));
        // With fewer to choose from, those that are left stay chosen.
        let fewer = sample(ids[..2500].iter(), even);
        assert!(forwards.iter().filter(|id| ids[..2500].contains(id)).all(|id| fewer.contains(id)));
        assert_eq!(sample(ids[..10].iter(), |_| true).len(), 10);
    }
}
