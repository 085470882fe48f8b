//! The base that `config.pull` pulls towards.

use super::{Parameters, Table, as_row};

/// The learned rows as they were when `pull` went from 0 to more. Shares what has not moved since. Rows that came later have
/// no base: a random or empty first vector is no knowledge worth holding on to.
#[derive(Debug, Clone)]
pub struct BaseWeights(pub(super) Parameters);

impl BaseWeights {
    /// A row's base, `[dim]`; `None` when it came later.
    #[inline]
    pub fn row(&self, table: Table, row: u32) -> Option<&[f32]> {
        let rows = self.0.table(table);
        ((row as usize) < rows.len()).then(|| rows.row(row as usize))
    }

    /// Rows of all tables.
    pub(super) fn len(&self) -> usize {
        Table::LEARNED.iter().map(|table| self.0.table(*table).len()).sum()
    }

    /// User rows that have a base. One that was dropped is not given away: it would be held to somebody else's.
    pub(super) fn users(&self) -> u32 {
        as_row(self.0.users.len())
    }

    /// Empties the base of a user vector; its row, when there is one.
    pub(super) fn forget_user(&mut self, user: u32) -> Option<u32> {
        let before = Table::LEARNED.iter().take_while(|table| **table != Table::UserVectors);
        let before: usize = before.map(|table| self.0.table(*table).len()).sum();
        let users = &mut self.0.users;
        if user as usize >= users.len() {
            return None;
        }
        users.row_mut(user as usize).fill(0.0);
        Some(as_row(before + user as usize))
    }

    /// `[number of the table: i16 le, values]` of a row when the learned tables are counted through.
    pub(super) fn encode(&self, mut row: usize, out: &mut Vec<u8>) {
        for table in Table::LEARNED {
            let rows = self.0.table(table);
            if row < rows.len() {
                out.extend_from_slice(&table.number().to_le_bytes());
                out.extend_from_slice(bytemuck::cast_slice(rows.row(row)));
                return;
            }
            row -= rows.len();
        }
        unreachable!("a row beyond the last");
    }

    /// Appends a row.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> Option<()> {
        let (number, values) = bytes.split_first_chunk()?;
        let number = i16::from_le_bytes(*number);
        let table = Table::LEARNED.into_iter().find(|table| table.number() == number)?;
        self.0.table_mut(table).push_bytes(values)
    }
}
