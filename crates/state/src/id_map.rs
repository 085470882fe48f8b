//! Map between ids and row numbers: assigns row numbers in log order, so that all replicas number rows alike.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use shelfmark_domain::Id;

use super::{CowVec, as_row, id_index::IdIndex};

/// Two-way map between ids and dense row numbers. Clones share memory.
///
/// A row is free when its id was released. The next new id gets the lowest free row. Free rows are visible in the
/// stored rows, so nothing more is stored.
#[derive(Debug, Clone, Default)]
pub struct IdMap {
    pub(super) index: IdIndex,
    // SipHash takes longer for ten bytes than the rest of a lookup. Seeds are random per process.
    hasher: RandomState,
    pub(super) ids: CowVec<Option<Id>>,
    free: imbl::OrdSet<u32>,
}

impl IdMap {
    /// Number of rows, including free ones.
    #[inline]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of ids: rows that are not free.
    #[inline]
    pub fn count(&self) -> usize {
        self.index.len()
    }

    /// Looks up the row of an id.
    #[inline]
    pub fn get(&self, id: &str) -> Option<u32> {
        self.index.find(self.hash(id), |row| self.get_id(row).is_some_and(|known| known.as_str() == id))
    }

    #[expect(clippy::cast_possible_truncation, reason = "any 32 bits of it")]
    fn hash(&self, id: &str) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// Returns the id of a row. Panics when out of range or free.
    #[inline]
    pub fn id(&self, row: u32) -> &Id {
        self.get_id(row).expect("a row with an id")
    }

    /// Returns the id of a row; `None` when free or out of range.
    #[inline]
    pub fn get_id(&self, row: u32) -> Option<&Id> {
        self.ids.get(row as usize)?.as_ref()
    }

    /// Iterates over all ids with their rows, by row.
    #[inline]
    pub fn ids(&self) -> impl Iterator<Item = (u32, &Id)> {
        (0..).zip(self.ids.iter()).filter_map(|(row, id)| Some((row, id.as_ref()?)))
    }

    /// Returns the row of an id, and whether it was assigned now.
    pub fn get_or_insert(&mut self, id: &Id) -> (u32, bool) {
        self.get_or_insert_from(0, id)
    }

    /// Like [`IdMap::get_or_insert`], but does not assign free rows below `from`.
    pub(super) fn get_or_insert_from(&mut self, from: u32, id: &Id) -> (u32, bool) {
        if let Some(row) = self.get(id.as_str()) {
            return (row, false);
        }
        let free = self.free.range(from..).next().copied();
        let row = free.unwrap_or_else(|| as_row(self.ids.len()));
        self.assign(row, id);
        (row, true)
    }

    /// Assigns `row` to an id without a row: the row after the last, a free one, or that of another id.
    fn assign(&mut self, row: u32, id: &Id) {
        if row as usize == self.ids.len() {
            self.ids.push(Some(id.clone()));
        } else if let Some(before) = self.ids.get_mut(row as usize).replace(id.clone()) {
            self.index.remove(self.hash(before.as_str()), row);
        } else {
            self.free.remove(&row);
        }
        self.index.insert(self.hash(id.as_str()), row);
    }

    /// Releases the id of a row, which becomes free.
    pub(super) fn release(&mut self, row: u32) {
        if let Some(id) = self.ids.get_mut(row as usize).take() {
            self.index.remove(self.hash(id.as_str()), row);
            self.free.insert(row);
        }
    }

    /// Assigns an id to the row after the last, or to an existing one. Returns `None` and changes nothing when the row
    /// would leave a gap or the id has another row.
    pub(super) fn put(&mut self, row: usize, id: &Id) -> Option<()> {
        if row > self.ids.len() || self.get(id.as_str()).is_some_and(|known| known as usize != row) {
            return None;
        }
        self.assign(u32::try_from(row).ok()?, id);
        Some(())
    }

    /// Restores a row as it was stored, with `None` as the id of a free one. The id may still be at another row, to
    /// which the same delta later gives another id. Returns `None` and changes nothing when the row would leave a gap.
    pub(super) fn restore(&mut self, row: usize, id: Option<&Id>) -> Option<()> {
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
    fn the_lowest_free_row_is_assigned_first() {
        let mut ids = IdMap::default();
        for (row, name) in (0..).zip(["a", "b", "c", "d"]) {
            assert_eq!(ids.get_or_insert(&id(name)), (row, true));
        }
        ids.release(3);
        ids.release(1);
        assert_eq!((ids.len(), ids.count(), ids.get("b"), ids.get_id(1)), (4, 2, None, None));
        assert_eq!(ids.get_or_insert_from(2, &id("e")), (3, true), "free rows below stay free");
        assert_eq!(ids.get_or_insert(&id("b")), (1, true));
        assert_eq!(ids.get_or_insert(&id("f")), (4, true));
        assert_eq!(ids.ids().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "e", "f"]);
    }

    #[test]
    fn ids_that_changed_rows_are_restored_in_any_order() {
        let mut ids = IdMap::default();
        for name in ["a", "b", "c"] {
            ids.get_or_insert(&id(name));
        }
        // Since then b and c were released, and c came back at the row of b.
        ids.restore(1, Some(&id("c"))).expect("a row");
        ids.restore(2, None).expect("a row");
        ids.restore(3, None).expect("a row");
        assert_eq!(ids.restore(5, None), None, "a gap");
        assert_eq!(ids.ids().map(|(row, id)| (row, id.as_str())).collect::<Vec<_>>(), [(0, "a"), (1, "c")]);
        assert_eq!(
            (ids.get_or_insert(&id("x")).0, ids.get_or_insert(&id("y")).0, ids.get_or_insert(&id("z")).0),
            (2, 3, 4)
        );
    }
}
