//! Hash index from ids to row numbers: an open-addressing hash table with linear probing, whose clones share chunks.
//!
//! A slot takes 8 bytes, so a lookup misses the cache twice: for the slot and for the id. Nodes of an ordered map would
//! be a hundred times as large. A clone costs a pointer for every 512 slots (0.1 ms at a million rows). A write copies
//! 4 kB once per view. Doubling, at a load of a half, rehashes all slots in order: 20 ms at a million rows.

use std::sync::Arc;

use super::footprint::{SHARED_BYTES, allocated};

/// Slots of a chunk.
const CHUNK: usize = 512;
/// An empty slot. Never a valid entry, as there are fewer than 2^32 rows.
const EMPTY: u64 = u64::MAX;

/// Row numbers by hash. The caller compares ids to resolve equal hashes.
#[derive(Debug, Clone, Default)]
pub(super) struct IdIndex {
    /// Entries `hash << 32 | row`. The number of slots is a power of two. Entries are in the order of their hashes,
    /// except where probing displaced them.
    chunks: Vec<Arc<[u64; CHUNK]>>,
    count: usize,
}

impl IdIndex {
    /// Number of rows.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Returns the memory taken, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.chunks.len() * (size_of::<usize>() + allocated(SHARED_BYTES + size_of::<[u64; CHUNK]>()))
    }

    /// Returns the row with this hash for which `is` holds.
    pub(super) fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.chunks.is_empty() {
            return None;
        }
        let mut slot = self.home(hash);
        loop {
            let (other, row) = hash_and_row(self.slot(slot)?);
            if other == hash && is(row) {
                return Some(row);
            }
            slot = self.next(slot);
        }
    }

    /// Inserts a row that is not in the index.
    pub(super) fn insert(&mut self, hash: u32, row: u32) {
        if (self.count + 1) * 2 > self.slots() {
            // All chunks share one until they are written.
            let empty = Arc::new([EMPTY; CHUNK]);
            let all = std::mem::take(&mut self.chunks);
            self.chunks.resize((2 * all.len()).max(1), empty);
            let entries = all.iter().flat_map(|chunk| chunk.iter()).filter(|entry| **entry != EMPTY);
            entries.for_each(|entry| self.insert_entry(*entry));
        }
        self.count += 1;
        self.insert_entry(u64::from(hash) << 32 | u64::from(row));
    }

    /// Removes a row, if present.
    pub(super) fn remove(&mut self, hash: u32, row: u32) {
        if self.chunks.is_empty() {
            return;
        }
        let mut hole = self.home(hash);
        while self.slot(hole) != Some(u64::from(hash) << 32 | u64::from(row)) {
            if self.slot(hole).is_none() {
                return;
            }
            hole = self.next(hole);
        }
        self.count -= 1;
        // Backward-shift deletion: moves displaced entries up, so that no gap separates a row from its home slot.
        let mut next = self.next(hole);
        while let Some(entry) = self.slot(next) {
            let mask = self.slots() - 1;
            let pushed = next.wrapping_sub(self.home(hash_and_row(entry).0)) & mask;
            if pushed >= next.wrapping_sub(hole) & mask {
                self.set(hole, entry);
                hole = next;
            }
            next = self.next(next);
        }
        self.set(hole, EMPTY);
    }

    fn insert_entry(&mut self, entry: u64) {
        let mut slot = self.home(hash_and_row(entry).0);
        while self.slot(slot).is_some() {
            slot = self.next(slot);
        }
        self.set(slot, entry);
    }

    const fn slots(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    /// Returns the first slot to probe: the upper bits of the hash, so that doubling keeps the order.
    const fn home(&self, hash: u32) -> usize {
        (hash as usize * self.slots()) >> u32::BITS
    }

    const fn next(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots() - 1)
    }

    fn slot(&self, slot: usize) -> Option<u64> {
        let entry = self.chunks[slot / CHUNK][slot % CHUNK];
        (entry != EMPTY).then_some(entry)
    }

    fn set(&mut self, slot: usize, entry: u64) {
        Arc::make_mut(&mut self.chunks[slot / CHUNK])[slot % CHUNK] = entry;
    }
}

/// Splits an entry into hash and row.
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
const fn hash_and_row(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, entry as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::CounterRng;

    use super::*;

    /// Goal: lookups agree with an ordered map for any hashes, and clones do not change. Method: random insertions and
    /// removals of rows whose hashes are spread, few, or all in the last slots, so that probing wraps around.
    #[test]
    fn lookups_agree_with_an_ordered_map_for_any_hashes() {
        for (seed, least) in [(1, 0), (2, 0), (3, u32::MAX - 40), (4, u32::MAX - 4_000_000)] {
            let mut draws = CounterRng::new(seed, 7, 8);
            let hash = |row: u32| match seed {
                1 => row.wrapping_mul(0x9e37_79b1),
                2 => row % 5 * 0x3000_0000,
                _ => least + row.wrapping_mul(0x9e37_79b1) % (u32::MAX - least),
            };
            let (mut index, mut rows) = (IdIndex::default(), BTreeMap::new());
            let mut earlier = (index.clone(), rows.clone());
            let few = if seed == 2 { 300 } else { 3_000 };
            for round in 0..12_000 {
                let row = draws.below(few) as u32;
                if rows.remove(&row).is_some() {
                    index.remove(hash(row), row);
                } else {
                    index.insert(hash(row), row);
                    rows.insert(row, ());
                }
                if round % 3_000 == 0 || round == 11_999 {
                    for (index, rows) in [(&index, &rows), (&earlier.0, &earlier.1)] {
                        assert_eq!(index.len(), rows.len());
                        for row in 0..few as u32 {
                            let found = index.find(hash(row), |other| other == row);
                            assert_eq!(found, rows.get(&row).map(|()| row), "seed {seed}, round {round}");
                        }
                    }
                    earlier = (index.clone(), rows.clone());
                }
            }
            index.remove(hash(few as u32), few as u32);
            assert_eq!(index.len(), rows.len(), "removing an absent row changes nothing");
        }
    }
}
