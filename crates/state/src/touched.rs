//! Which rows changed: what the digest, views and versions have to look at again.

use super::Table;

/// Rows of every table that changed since the last drain, each once.
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

/// A set of row numbers: constant-time insert, drained in the order of insertion.
#[derive(Debug, Clone, Default)]
pub struct RowSet {
    rows: Vec<u32>,
    bits: Vec<u64>,
}

impl RowSet {
    /// Adds a row.
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

    /// The rows, in the order of insertion.
    #[inline]
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Whether it holds no row.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Empties the set; costs its size.
    #[inline]
    pub fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.bits[row as usize / 64] = 0;
        }
    }
}

impl Touched {
    /// Notes that a row changed.
    #[inline]
    pub fn mark(&mut self, table: Table, row: u32) {
        self.sets[table.index()].insert(row);
    }

    /// Notes that a table was given up or made anew: the changed rows no longer say all.
    #[inline]
    pub fn mark_reshaped(&mut self) {
        self.reshaped = true;
    }

    /// Whether the changed rows do not say all that changed.
    #[inline]
    pub const fn reshaped(&self) -> bool {
        self.reshaped
    }

    /// Changed rows of one table.
    #[inline]
    pub fn rows(&self, table: Table) -> &[u32] {
        self.sets[table.index()].rows()
    }

    /// Adds all of `other`'s rows.
    #[inline]
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.sets.iter_mut().zip(&other.sets) {
            for row in theirs.rows() {
                mine.insert(*row);
            }
        }
        self.reshaped |= other.reshaped;
    }

    /// Moves all of `other`'s rows here and leaves it empty; costs nothing when there is nothing here yet.
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

    /// Forgets everything.
    #[inline]
    pub fn clear(&mut self) {
        self.sets.iter_mut().for_each(RowSet::clear);
        self.reshaped = false;
    }
}
