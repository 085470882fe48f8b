//! Ids as row numbers: given once, in log order, so that every replica gives the same ones.

use super::CowVec;
use crate::domain::Id;

/// Two-way map between ids and dense row numbers. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    rows: imbl::HashMap<Id, u32>,
    ids: CowVec<Id>,
}

impl Interner {
    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The row of an id.
    pub fn get(&self, id: &str) -> Option<u32> {
        self.rows.get(id).copied()
    }

    /// The id of a row. Panics when out of range.
    pub fn id(&self, row: u32) -> &Id {
        &self.ids[row as usize]
    }

    /// All ids, by row.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Id> {
        self.ids.iter()
    }

    /// The row of an id, and whether it was given just now.
    pub fn intern(&mut self, id: &Id) -> (u32, bool) {
        if let Some(row) = self.get(id.as_str()) {
            return (row, false);
        }
        let row = u32::try_from(self.ids.len()).expect("fewer than 2^32 ids fit in memory");
        self.rows.insert(id.clone(), row);
        self.ids.push(id.clone());
        (row, true)
    }

    /// Gives a row its id: a new row after the last, or a known one another id. `None`, and nothing, when the row leaves a
    /// gap or the id belongs to another row.
    pub(super) fn put(&mut self, row: usize, id: &Id) -> Option<()> {
        if row > self.ids.len() || self.get(id.as_str()).is_some_and(|known| known as usize != row) {
            return None;
        }
        if row == self.ids.len() {
            self.intern(id);
        } else {
            let before = std::mem::replace(self.ids.get_mut(row), id.clone());
            self.rows.remove(&before);
            self.rows.insert(id.clone(), u32::try_from(row).ok()?);
        }
        Some(())
    }
}
