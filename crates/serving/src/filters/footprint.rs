//! Memory footprint of the index.

use std::hash::Hash;

use imbl::HashMap;

use shelfmark_state::{SHARED_BYTES, allocated, sampled};

use super::{Filters, Postings, Property, numbers::Numbers, terms::Terms};

/// Entries of a map that are looked at: the first ones, which are as good as any in the order of hashes.
const LOOKED_AT_MAX: usize = 512;
/// What a map takes of an entry for nodes that are not full.
const ENTRY_FACTOR: usize = 2;

impl Filters {
    /// Rows that may be recommended.
    pub(crate) fn len(&self) -> u64 {
        self.all.rows().len()
    }

    /// What it takes with the sets of the newest filters, in bytes. Costs a millisecond at most for a property.
    pub(crate) fn bytes(&self) -> usize {
        let properties = entries(&self.properties, |name, property| text(name) + property.bytes());
        self.all.bytes() + self.categories.bytes() + self.tags.bytes() + properties + self.recent.bytes()
    }
}

impl Property {
    fn bytes(&self) -> usize {
        self.texts.bytes()
            + self.flags.iter().map(Postings::bytes).sum::<usize>()
            + self.numbers.bytes()
            + self.listed_numbers.bytes()
    }
}

impl Postings {
    fn bytes(&self) -> usize {
        allocated(SHARED_BYTES + size_of_val(self.rows())) + self.rows().serialized_size()
    }
}

impl Terms {
    fn bytes(&self) -> usize {
        entries(&self.0, |label, rows| text(label) + rows.bytes())
    }
}

impl Numbers {
    fn bytes(&self) -> usize {
        sampled(self.blocks.values(), |block| {
            SHARED_BYTES
                + size_of_val(&**block)
                + block.places.capacity() * size_of::<u16>()
                + block.values.capacity() * size_of::<f64>()
                + block.rests.capacity() * size_of::<i16>()
        })
    }
}

fn text(text: &str) -> usize {
    allocated(SHARED_BYTES + text.len())
}

/// The entries of a map, with what they take outside of it.
fn entries<K: Hash + Eq, V>(map: &HashMap<K, V>, bytes: impl Fn(&K, &V) -> usize) -> usize {
    let looked_at = map.iter().take(LOOKED_AT_MAX).map(|(key, value)| bytes(key, value));
    let (count, sum) = looked_at.fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes));
    map.len() * (ENTRY_FACTOR * size_of::<(K, V)>() + sum / usize::max(count, 1))
}
