//! Rows of the table of records, as they are read: the columns of `record_columns`, and the checksum after them.

use sqlx::{Row, ValueRef, postgres::PgRow};
use time::OffsetDateTime;

use shelfmark_domain::{Position, Record, Timestamp};

use super::{
    LogError,
    body::{self, StoredColumns},
    checksum::{Checksum, Content, Mismatch},
    copy,
};

/// Returns the position of a row.
pub(super) fn position(row: &PgRow) -> Result<Position, sqlx::Error> {
    Ok(Position::from_i64(row.try_get(0)?))
}

/// Returns the last position of the append of a row.
pub(super) fn append_last(row: &PgRow) -> Result<Position, sqlx::Error> {
    Ok(Position::from_i64(row.try_get(1)?))
}

/// Returns the JSON of a row, if it has one.
pub(super) fn rest(row: &PgRow) -> Result<Option<&str>, sqlx::Error> {
    row.try_get(13)
}

/// Converts a row to a record, and estimates its size in bytes.
pub(super) fn record(row: &PgRow) -> Result<(Record, usize), LogError> {
    let position = position(row)?;
    let appended_at: OffsetDateTime = row.try_get(2)?;
    let ts: Option<OffsetDateTime> = row.try_get(6)?;
    let columns = StoredColumns {
        code: row.try_get(4)?,
        ts: ts.map(Timestamp::from),
        value: row.try_get(7)?,
        event_id: row.try_get(8)?,
        user: row.try_get(9)?,
        session: row.try_get(10)?,
        item: row.try_get(11)?,
        kind: row.try_get(12)?,
        rest: row.try_get(13)?,
    };
    let bytes = 256 + columns.rest.as_ref().map_or(0, String::len);
    let body = body::from_columns(columns).map_err(|detail| body::unreadable(position, detail))?;
    let source = body::optional("source", row.try_get(14)?).map_err(|detail| body::unreadable(position, detail))?;
    let record = Record { position, appended_at: Timestamp::from(appended_at), source, body };
    Ok((record, bytes))
}

/// Adds a row to the content of its append, in the form in which COPY sent it: Postgres returns a value in the bytes in
/// which it took it. `buffer` is only kept for its memory.
pub(super) fn add_to(content: &mut Content, row: &PgRow, buffer: &mut Vec<u8>) -> Result<(), sqlx::Error> {
    buffer.clear();
    for column in 0..copy::COLUMNS {
        let value = row.try_get_raw(column)?;
        if value.is_null() {
            copy::null(buffer);
        } else {
            copy::field(buffer, value.as_bytes().map_err(sqlx::Error::Decode)?);
        }
    }
    content.add(buffer);
    Ok(())
}

/// Returns the checksum in a row; `None` without one.
pub(super) fn checksum(row: &PgRow) -> Result<Option<Result<Checksum, Mismatch>>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get(copy::COLUMNS)?;
    Ok(bytes.map(Checksum::from_bytes))
}
