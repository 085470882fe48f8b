//! Touched rows: the rows that digest, view and version have to update.

use super::Table;

/// Rows of each table that changed since the set was last drained.
#[derive(Debug, Clone)]
pub struct Touched {
    sets: [RowSet; Table::ALL.len()],
    reshaped: bool,
}

impl Default for Touched {
    fn default() -> Self {
        Self { sets: std::array::from_fn(|_| RowSet::default()), reshaped: false }
    }
}

/// A set of row numbers with constant-time insertion, iterated in insertion order.
#[derive(Debug, Clone, Default)]
pub struct RowSet {
    rows: Vec<u32>,
    bits: Vec<u64>,
}

impl RowSet {
    /// Inserts a row.
    #[inline]
    pub fn insert(&mut self, row: u32) {
        let (word, bit) = (row as usize / 64, 1_u64 << (row % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit == 0 {
            self.bits[word] |= bit;
            self.rows.push(row);
        }
    }

    /// Returns the rows in insertion order.
    #[inline]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Whether the set is empty.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Empties the set. Costs its size.
    #[inline]
    pub fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.bits[row as usize / 64] = 0;
        }
    }
}

impl Touched {
    /// Marks a row as changed.
    #[inline]
    pub fn mark(&mut self, table: Table, row: u32) {
        self.sets[table.index()].insert(row);
    }

    /// Marks that a table was dropped or rebuilt: the changed rows alone do not describe the change.
    #[inline]
    pub fn mark_reshaped(&mut self) {
        self.reshaped = true;
    }

    /// Whether a table was dropped or rebuilt.
    #[inline]
    pub const fn reshaped(&self) -> bool {
        self.reshaped
    }

    /// Returns the changed rows of a table.
    #[inline]
    pub fn rows(&self, table: Table) -> &[u32] {
        self.sets[table.index()].rows()
    }

    /// Adds all rows of `other`.
    #[inline]
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.sets.iter_mut().zip(&other.sets) {
            for row in theirs.rows() {
                mine.insert(*row);
            }
        }
        self.reshaped |= other.reshaped;
    }

    /// Moves all rows of `other` here. A swap when this set is empty.
    #[inline]
    pub fn take_from(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, other);
        } else {
            self.absorb(other);
        }
        other.clear();
    }

    /// Whether nothing is marked.
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.reshaped && self.sets.iter().all(RowSet::is_empty)
    }

    /// Removes all marks.
    #[inline]
    pub fn clear(&mut self) {
        self.sets.iter_mut().for_each(RowSet::clear);
        self.reshaped = false;
    }
}
