//! Reads of whole appends from the table, compared with their checksums.

use std::collections::VecDeque;

use futures::TryStreamExt;
use sqlx::{PgPool, postgres::PgRow};

use shelfmark_domain::{Append, Position, Record};

use super::{LogError, append_check::AppendCheck, body, checksum::Mismatch, copy::record_columns, stored_row};

/// What to read of a log, and how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub model_id: i32,
    pub after: Position,
    /// About so many records, without cutting an append.
    pub records_max: usize,
    pub bytes_max: usize,
    /// Whether an append that does not match its checksum is returned all the same.
    pub accept_damaged: bool,
}

/// Reads whole appends after a position, oldest first: about `records_max` records, fewer when they exceed `bytes_max`.
/// Of an append that `after` is inside of, the rest is returned. Appends are compared with their checksums.
pub(super) async fn read_after(pool: &PgPool, stretch: Stretch) -> Result<VecDeque<Append>, LogError> {
    let mut appends = Appends::new(stretch);
    // The record at `after` ends the append before, whose chain the next one continues.
    let mut from = stretch.after.as_i64();
    let records_max = i64::try_from(stretch.records_max.max(1)).unwrap_or(i64::MAX);
    // Positions are dense (P3), so a range bounds the number of rows, whatever plan Postgres chooses. With a limit, a
    // plan made before the table was analysed may sort all later rows.
    let mut through = from.saturating_add(records_max);
    loop {
        let mut rows = sqlx::query(concat!(
            "select ",
            record_columns!(),
            ", checksum from records where model_id = $1 and position >= $2 and position <= $3 order by position",
        ))
        .bind(stretch.model_id)
        .bind(from)
        .bind(through)
        .fetch(pool);
        let mut found = false;
        while let Some(row) = rows.try_next().await? {
            if stored_row::position(&row)? == stretch.after {
                appends.check.continue_from(&row)?;
                continue;
            }
            found = true;
            if appends.bytes > stretch.bytes_max && appends.open.is_empty() {
                return Ok(appends.done);
            }
            appends.take(&row)?;
        }
        // The range may have cut the last append. Its rest is read next.
        let Some(last) = appends.open.last() else {
            return Ok(appends.done);
        };
        if !found {
            let detail = "P3: the table lacks the rest of its append".to_owned();
            return Err(body::unreadable(last.position, detail));
        }
        (from, through) = (last.position.next().as_i64(), appends.open_last.as_i64());
    }
}

/// Builder of appends from rows.
struct Appends {
    done: VecDeque<Append>,
    open: Vec<Record>,
    open_last: Position,
    /// Position of the row before.
    previous: Position,
    bytes: usize,
    check: AppendCheck,
    accept_damaged: bool,
}

impl Appends {
    fn new(stretch: Stretch) -> Self {
        Self {
            done: VecDeque::new(),
            open: Vec::new(),
            open_last: Position::ZERO,
            previous: stretch.after,
            bytes: 0,
            check: AppendCheck::after(stretch.after),
            accept_damaged: stretch.accept_damaged,
        }
    }

    fn take(&mut self, row: &PgRow) -> Result<(), LogError> {
        let position = stored_row::position(row)?;
        let append_last = stored_row::append_last(row)?;
        let gap = self.previous.next() != position;
        if gap || (!self.open.is_empty() && append_last != self.open_last) {
            let detail = format!("P3: the record before it in the table is at position {}", self.previous);
            return Err(body::unreadable(position, detail));
        }
        let mismatch = self.check.take(row, position == append_last)?;
        if let Some(mismatch) = mismatch {
            let first = self.open.first().map_or(position, |first| first.position);
            self.mismatch(first, position, mismatch)?;
        }
        let (record, bytes) = stored_row::record(row)?;
        self.previous = position;
        self.bytes += bytes;
        self.open_last = append_last;
        self.open.push(record);
        if position == append_last {
            self.done.push_back(Append { records: std::mem::take(&mut self.open).into() });
        }
        Ok(())
    }

    /// Refuses an append that does not match its checksum, unless it is accepted.
    fn mismatch(&self, first: Position, last: Position, mismatch: Mismatch) -> Result<(), LogError> {
        match mismatch {
            // A process of an earlier build appends without checksums. `verify` says so.
            Mismatch::Missing => Ok(()),
            Mismatch::Rows | Mismatch::Chain | Mismatch::Length if self.accept_damaged => {
                tracing::error!(%first, %last, "log.checksum_mismatch: accepted the append at {first} to {last}: {mismatch}");
                Ok(())
            }
            Mismatch::Rows | Mismatch::Chain | Mismatch::Length => {
                let detail = format!("checksum of its append, positions {first} to {last}: {mismatch}");
                Err(body::unreadable(first, detail))
            }
        }
    }
}
