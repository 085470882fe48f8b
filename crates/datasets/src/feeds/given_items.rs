//! Items that were made from rows of events, so that each is given at its first row alone.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64;

use shelfmark_domain::Id;

/// Items that were given, by hash.
#[derive(Default)]
pub struct GivenItems(HashSet<u64>);

impl GivenItems {
    /// Most items that are remembered (about 16 MB). Beyond it all are forgotten and items are given again, which
    /// changes nothing in the model.
    pub const MAX: usize = 1_000_000;

    /// Whether an item was given.
    pub(super) fn has(&self, item: &Id) -> bool {
        self.0.contains(&xxh3_64(item.as_str().as_bytes()))
    }

    /// Remembers an item as given.
    pub(super) fn add(&mut self, item: &Id) {
        if self.0.len() >= Self::MAX {
            self.0.clear();
        }
        self.0.insert(xxh3_64(item.as_str().as_bytes()));
    }
}
