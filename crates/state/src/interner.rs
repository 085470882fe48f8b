//! Ids as row numbers: given once, in log order, so that every replica gives the same ones.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use shelfmark_domain::Id;

use super::{CowVec, as_row, id_index::IdIndex};

/// Two-way map between ids and dense row numbers. Clones share everything.
///
/// A row may be free: its id was given up, and the next new one takes the lowest. Which rows are free is seen from the rows
/// themselves, so nothing more is stored.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    pub(super) index: IdIndex,
    // SipHash takes longer for some ten bytes than the rest of a look-up. Seeds are the process's own.
    hasher: RandomState,
    pub(super) ids: CowVec<Option<Id>>,
    free: imbl::OrdSet<u32>,
}

impl Interner {
    /// Number of rows, free ones too.
    #[inline]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of ids: the rows that are not free.
    #[inline]
    pub fn count(&self) -> usize {
        self.index.len()
    }

    /// The row of an id.
    #[inline]
    pub fn get(&self, id: &str) -> Option<u32> {
        self.index.find(self.hash(id), |row| self.holder(row).is_some_and(|known| known.as_str() == id))
    }

    #[expect(clippy::cast_possible_truncation, reason = "any 32 bits of it")]
    fn hash(&self, id: &str) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// The id of a row. Panics when out of range or free.
    #[inline]
    pub fn id(&self, row: u32) -> &Id {
        self.holder(row).expect("a row with an id")
    }

    /// The id of a row; `None` when it is free or out of range.
    #[inline]
    pub fn holder(&self, row: u32) -> Option<&Id> {
        self.ids.get(row as usize)?.as_ref()
    }

    /// All ids with their rows, by row.
    #[inline]
    pub fn ids(&self) -> impl Iterator<Item = (u32, &Id)> {
        (0..).zip(self.ids.iter()).filter_map(|(row, id)| Some((row, id.as_ref()?)))
    }

    /// The row of an id, and whether it was given just now.
    pub fn intern(&mut self, id: &Id) -> (u32, bool) {
        self.intern_from(0, id)
    }

    /// The same; free rows below `from` stay free.
    pub(super) fn intern_from(&mut self, from: u32, id: &Id) -> (u32, bool) {
        if let Some(row) = self.get(id.as_str()) {
            return (row, false);
        }
        let free = self.free.range(from..).next().copied();
        let row = free.unwrap_or_else(|| as_row(self.ids.len()));
        self.give(row, id);
        (row, true)
    }

    /// Gives an id that has no row the one after the last, a free one, or that of another id.
    fn give(&mut self, row: u32, id: &Id) {
        if row as usize == self.ids.len() {
            self.ids.push(Some(id.clone()));
        } else if let Some(before) = self.ids.get_mut(row as usize).replace(id.clone()) {
            self.index.remove(self.hash(before.as_str()), row);
        } else {
            self.free.remove(&row);
        }
        self.index.insert(self.hash(id.as_str()), row);
    }

    /// Takes the id of a row away; who wants a row next may have it.
    pub(super) fn release(&mut self, row: u32) {
        if let Some(id) = self.ids.get_mut(row as usize).take() {
            self.index.remove(self.hash(id.as_str()), row);
            self.free.insert(row);
        }
    }

    /// Gives a row its id: a new row after the last, or a known one another id. `None`, and nothing, when the row leaves a
    /// gap or the id belongs to another row.
    pub(super) fn put(&mut self, row: usize, id: &Id) -> Option<()> {
        if row > self.ids.len() || self.get(id.as_str()).is_some_and(|known| known as usize != row) {
            return None;
        }
        self.give(u32::try_from(row).ok()?, id);
        Some(())
    }

    /// Makes a row what was stored of it; `None` for the id: free. The id may still be at a row that a later one of the same
    /// delta gives to somebody else. `None`, and nothing, when the row leaves a gap.
    pub(super) fn put_stored(&mut self, row: usize, id: Option<&Id>) -> Option<()> {
        let Some(id) = id else {
            let number = u32::try_from(row).ok()?;
            if row == self.ids.len() {
                self.ids.push(None);
                self.free.insert(number);
            } else {
                self.ids.get(row)?;
                self.release(number);
            }
            return Some(());
        };
        if let Some(other) = self.get(id.as_str()).filter(|other| *other as usize != row) {
            self.release(other);
        }
        self.put(row, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new("id", text).expect("valid")
    }

    #[test]
    fn the_lowest_free_row_is_given_first() {
        let mut ids = Interner::default();
        for (row, name) in (0..).zip(["a", "b", "c", "d"]) {
            assert_eq!(ids.intern(&id(name)), (row, true));
        }
        ids.release(3);
        ids.release(1);
        assert_eq!((ids.len(), ids.count(), ids.get("b"), ids.holder(1)), (4, 2, None, None));
        assert_eq!(ids.intern_from(2, &id("e")), (3, true), "free rows below stay free");
        assert_eq!(ids.intern(&id("b")), (1, true));
        assert_eq!(ids.intern(&id("f")), (4, true));
        assert_eq!(ids.ids().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "e", "f"]);
    }

    #[test]
    fn ids_that_changed_places_are_put_back_whatever_comes_first() {
        let mut ids = Interner::default();
        for name in ["a", "b", "c"] {
            ids.intern(&id(name));
        }
        // Since then b and c went, c came back in the place of b.
        ids.put_stored(1, Some(&id("c"))).expect("a row");
        ids.put_stored(2, None).expect("a row");
        ids.put_stored(3, None).expect("a row");
        assert_eq!(ids.put_stored(5, None), None, "a gap");
        assert_eq!(ids.ids().map(|(row, id)| (row, id.as_str())).collect::<Vec<_>>(), [(0, "a"), (1, "c")]);
        assert_eq!((ids.intern(&id("x")).0, ids.intern(&id("y")).0, ids.intern(&id("z")).0), (2, 3, 4));
    }
}
