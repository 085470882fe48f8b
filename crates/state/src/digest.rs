//! State digest: a 128-bit sum of row hashes, updated row by row.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use shelfmark_domain::Digest;

use super::{CowVec, State, Table, Touched};

/// Computes and updates the digest: the sum of `xxh3_128(row, seed = (table, row number))` over all rows. A sum, so
/// that replacing a row costs that row only.
///
/// It finds differences between replicas and corruption; it does not protect against forgery. Clones are cheap and
/// share the rows' hashes.
#[derive(Debug, Clone)]
pub struct Digester {
    tables: [Hashes; Table::ALL.len()],
    sum: u128,
    buffer: Vec<u8>,
}

/// Returns what an encoded row adds to the digest of its state.
pub fn row_hash(table: Table, row: usize, bytes: &[u8]) -> u128 {
    xxh3_128_with_seed(bytes, (table.index() as u64) << 40 | row as u64)
}

/// Hashes of one table's rows; those from `rows` on are 0.
#[derive(Debug, Clone, Default)]
struct Hashes {
    hashes: CowVec<u128>,
    rows: usize,
}

impl Default for Digester {
    fn default() -> Self {
        Self { tables: std::array::from_fn(|_| Hashes::default()), sum: 0, buffer: Vec::new() }
    }
}

impl Digester {
    /// Computes the digest from every row of a state.
    pub fn new(state: &State) -> Self {
        let mut digester = Self::default();
        for table in Table::ALL {
            for row in 0..state.rows(table) {
                digester.rehash(state, table, row);
            }
        }
        digester
    }

    /// Rehashes the touched rows and returns the digest.
    pub fn update(&mut self, state: &State, touched: &Touched) -> Digest {
        for table in Table::ALL {
            let rows = state.rows(table);
            // The table of base weights is emptied when the regularizer is switched off.
            let known = &mut self.tables[table.index()];
            for gone in rows..known.rows {
                self.sum = self.sum.wrapping_sub(std::mem::take(known.hashes.get_mut(gone)));
            }
            known.rows = known.rows.min(rows);
            for row in touched.rows(table).iter().filter(|row| (**row as usize) < rows) {
                self.rehash(state, table, *row as usize);
            }
        }
        self.digest()
    }

    /// Returns the digest as of the last update.
    pub const fn digest(&self) -> Digest {
        Digest(self.sum)
    }

    /// Replaces the hash of a row by that of its encoded bytes.
    pub(super) fn set(&mut self, table: Table, row: usize, bytes: &[u8]) {
        let hash = row_hash(table, row, bytes);
        let known = &mut self.tables[table.index()];
        while row >= known.hashes.len() {
            known.hashes.push(0);
        }
        known.rows = known.rows.max(row + 1);
        let before = std::mem::replace(known.hashes.get_mut(row), hash);
        self.sum = self.sum.wrapping_sub(before).wrapping_add(hash);
    }

    fn rehash(&mut self, state: &State, table: Table, row: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        state.encode_row(table, row, &mut buffer);
        self.set(table, row, &buffer);
        self.buffer = buffer;
    }
}
