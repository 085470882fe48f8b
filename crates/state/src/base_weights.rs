//! Base weights of the L2-SP regularizer `config.pull` (Li, Grandvalet and Davoine 2018): what learned rows are pulled
//! towards.

use super::{LearnedTable, Parameters, as_row};

/// The order in which [`super::Table::BaseWeights`] numbers the rows of all tables. Digests depend on it.
const ORDER: [LearnedTable; 7] = [
    LearnedTable::Items,
    LearnedTable::Last,
    LearnedTable::Users,
    LearnedTable::Tokens,
    LearnedTable::Context,
    LearnedTable::Projections,
    LearnedTable::Bias,
];

/// The learned rows as they were when `pull` was raised from 0. Shares memory with rows that have not changed since.
///
/// Rows added later have no base: their random or zero start is not worth preserving.
#[derive(Debug, Clone)]
pub struct BaseWeights(pub(super) Parameters);

impl BaseWeights {
    /// Returns a row's base, `[dim]`; `None` for a row added later.
    #[inline]
    pub fn row(&self, table: LearnedTable, row: u32) -> Option<&[f32]> {
        let rows = self.0.table(table);
        ((row as usize) < rows.len()).then(|| rows.row(row as usize))
    }

    /// Returns the number of rows of all tables together.
    pub(super) fn len(&self) -> usize {
        ORDER.iter().map(|table| self.0.table(*table).len()).sum()
    }

    /// Returns the number of user rows with a base. These rows are not reused once released: a new user would be pulled
    /// towards the old user's vector.
    pub(super) fn users(&self) -> u32 {
        as_row(self.0.users.len())
    }

    /// Zeroes the base of a user vector. Returns its row in [`super::Table::BaseWeights`], or `None` without a base.
    pub(super) fn forget_user(&mut self, user: u32) -> Option<u32> {
        let before = ORDER.iter().take_while(|table| **table != LearnedTable::Users);
        let before: usize = before.map(|table| self.0.table(*table).len()).sum();
        let users = &mut self.0.users;
        if user as usize >= users.len() {
            return None;
        }
        users.row_mut(user as usize).fill(0.0);
        Some(as_row(before + user as usize))
    }

    /// Appends the encoding `[table number: i16 le, values: f32 le]` of a row, counted through all learned tables.
    pub(super) fn encode(&self, mut row: usize, out: &mut Vec<u8>) {
        for table in ORDER {
            let rows = self.0.table(table);
            if row < rows.len() {
                out.extend_from_slice(&table.table().number().to_le_bytes());
                out.extend_from_slice(bytemuck::cast_slice(rows.row(row)));
                return;
            }
            row -= rows.len();
        }
        unreachable!("a row beyond the last");
    }

    /// Decodes and appends a row.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let (number, values) = bytes.split_first_chunk()?;
        let number = i16::from_le_bytes(*number);
        let table = ORDER.into_iter().find(|table| table.table().number() == number)?;
        self.0.table_mut(table).push_bytes(values)
    }
}
