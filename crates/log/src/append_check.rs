//! Comparison of stored appends with their checksums, row by row.

use sqlx::postgres::PgRow;

use shelfmark_domain::Position;

use super::{
    checksum::{Chain, Content, Mismatch},
    stored_row,
};

/// Check of appends in the order of their positions.
#[derive(Debug)]
pub(super) struct AppendCheck {
    content: Content,
    /// Chains that the append may continue; empty when what is before it is not known.
    before: Vec<Chain>,
    /// Whether all rows of the append so far were seen.
    whole: bool,
    buffer: Vec<u8>,
}

impl AppendCheck {
    /// Begins after a position. Until [`AppendCheck::continue_from`] says otherwise, what is before is not known,
    /// unless that is the beginning of the log.
    pub(super) fn after(position: Position) -> Self {
        let before = if position == Position::ZERO { vec![Chain::default()] } else { Vec::new() };
        Self { content: Content::default(), before, whole: true, buffer: Vec::new() }
    }

    /// Begins after a row: at the end of its append or, within it, without comparing its rest.
    pub(super) fn continue_from(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        self.whole = stored_row::position(row)? == stored_row::append_last(row)?;
        if self.whole {
            let checksum = stored_row::checksum(row)?.and_then(Result::ok);
            self.before = vec![checksum.map_or_else(Chain::default, |checksum| checksum.chain())];
        }
        Ok(())
    }

    /// Notes that rows are missing here. The append that goes on after them is not compared.
    pub(super) fn interrupt(&mut self) {
        self.whole = false;
        self.content = Content::default();
        self.before.clear();
    }

    /// Takes the next row. At the end of an append, returns how it does not match its checksum, if it does not.
    pub(super) fn take(&mut self, row: &PgRow, ends: bool) -> Result<Option<Mismatch>, sqlx::Error> {
        stored_row::add_to(&mut self.content, row, &mut self.buffer)?;
        if !ends {
            return Ok(None);
        }
        let rows = std::mem::take(&mut self.content);
        let whole = std::mem::replace(&mut self.whole, true);
        let before = std::mem::take(&mut self.before);
        match stored_row::checksum(row)? {
            Some(Ok(checksum)) => {
                self.before = checksum.chains(&before);
                let checked = if whole { checksum.check(stored_row::position(row)?, rows, &before) } else { Ok(()) };
                Ok(checked.err())
            }
            Some(Err(mismatch)) => Ok(Some(mismatch)),
            None => {
                self.before = vec![Chain::default()];
                Ok(Some(Mismatch::Missing))
            }
        }
    }
}
