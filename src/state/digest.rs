//! The hash of a whole state, kept up to date row by row.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{State, Table, Touched};
use crate::domain::Digest;

/// Sum over all rows of `xxh3_128(row, seed = (table, row number))`: a sum, so that replacing a row costs that row.
/// It finds differences between replicas and damage; it is not a defence against a forger.
#[derive(Debug, Clone)]
pub struct Digester {
    hashes: Vec<Vec<u128>>,
    sum: u128,
    buffer: Vec<u8>,
}

impl Digester {
    /// Hashes every row.
    pub fn new(state: &State) -> Self {
        let mut digester = Self { hashes: vec![Vec::new(); Table::ALL.len()], sum: 0, buffer: Vec::new() };
        for table in Table::ALL {
            for row in 0..state.rows(table) {
                digester.rehash(state, table, row);
            }
        }
        digester
    }

    /// Hashes the touched rows again and returns the digest.
    pub fn update(&mut self, state: &State, touched: &Touched) -> Digest {
        for table in Table::ALL {
            let rows = state.rows(table);
            // A base that was given up takes its rows with it.
            let gone = &mut self.hashes[table.index()];
            for hash in gone.drain(rows.min(gone.len())..) {
                self.sum = self.sum.wrapping_sub(hash);
            }
            for row in touched.rows(table).iter().filter(|row| (**row as usize) < rows) {
                self.rehash(state, table, *row as usize);
            }
        }
        self.digest()
    }

    /// The digest as of the last update.
    pub const fn digest(&self) -> Digest {
        Digest(self.sum)
    }

    fn rehash(&mut self, state: &State, table: Table, row: usize) {
        self.buffer.clear();
        state.encode_row(table, row, &mut self.buffer);
        let seed = (table.index() as u64) << 40 | row as u64;
        let hash = xxh3_128_with_seed(&self.buffer, seed);
        let hashes = &mut self.hashes[table.index()];
        if row >= hashes.len() {
            hashes.resize(row + 1, 0);
        }
        self.sum = self.sum.wrapping_sub(hashes[row]).wrapping_add(hash);
        hashes[row] = hash;
    }
}
