//! Encoder of rows in the binary COPY format of Postgres. Callers encode their own records. The appender only fills in
//! the columns that are unknown until it holds the lock of the head: three of every row, and the checksum of the last.
//!
//! Format: <https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4>. A row is an `i16` count of fields, then
//! for each an `i32` length (-1 = null) and its bytes, all big-endian.

use shelfmark_domain::{Id, NewRecord, Position, Timestamp};

use super::{
    body::{self, Columns},
    checksum::Checksum,
};

/// Columns of a record without its checksum, in the order of [`EncodedRows`].
macro_rules! record_columns {
    () => {
        "position, append_last, appended_at, model_id, type, retry_hash, ts, value, event_id, user_id, session_id, \
         item_id, kind, rest, source"
    };
}
pub(super) use record_columns;

/// The first three columns are filled in by [`place`], the checksum by [`place_checksum`].
pub(super) const STATEMENT: &str =
    concat!("copy records (", record_columns!(), ", checksum) from stdin (format binary)");

/// Header: signature, flags, no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Trailer.
pub(super) const TRAILER: &[u8] = b"\xff\xff";

/// Columns of [`record_columns`].
pub(super) const COLUMNS: usize = 15;
/// Those and the checksum.
const FIELDS: i16 = 16;
/// Bytes of a null, and so of the checksum in the form that callers encode.
const NULL_BYTES: usize = 4;
const POSITION_AT: usize = 2 + 4;
const APPEND_LAST_AT: usize = POSITION_AT + 8 + 4;
const APPENDED_AT_AT: usize = APPEND_LAST_AT + 8 + 4;
/// Epoch of Postgres, 2000-01-01T00:00:00Z, in microseconds since 1970.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Encoded rows of one request, without positions.
#[derive(Debug, Default)]
pub(super) struct EncodedRows {
    bytes: Vec<u8>,
    /// End of each row in `bytes`.
    ends: Vec<usize>,
}

impl EncodedRows {
    pub(super) fn with_capacity(records: usize) -> Self {
        Self { bytes: Vec::with_capacity(records * 192), ends: Vec::with_capacity(records) }
    }

    /// Returns the size of all rows in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Returns one row, by its index in the request.
    pub(super) fn row(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |previous| self.ends[previous]);
        &self.bytes[start..self.ends[index]]
    }

    /// Encodes a record, and normalises its body to what the table will return.
    pub(super) fn push(&mut self, model_id: i32, record: &mut NewRecord) -> Result<(), String> {
        let columns = body::to_columns(&record.body)?;
        self.encode(model_id, record.retry_hash, &columns, record.source.as_ref().map(Id::as_str));
        let rest = columns.rest;
        body::normalise(&mut record.body, rest.as_deref())
    }

    /// Encodes the columns of a record.
    pub(super) fn encode(
        &mut self,
        model_id: i32,
        retry_hash: Option<i64>,
        columns: &Columns<'_>,
        source: Option<&str>,
    ) {
        let out = &mut self.bytes;
        out.extend_from_slice(&FIELDS.to_be_bytes());
        for _ in 0..3 {
            field(out, &[0; 8]);
        }
        field(out, &model_id.to_be_bytes());
        field(out, &columns.code.to_be_bytes());
        optional(out, retry_hash.map(i64::to_be_bytes));
        optional(out, columns.ts.map(timestamp));
        optional(out, columns.value.map(|value| value.to_bits().to_be_bytes()));
        let Columns { event_id, user, session, item, kind, rest, .. } = columns;
        for text in [event_id.as_deref(), *user, *session, *item, *kind, rest.as_deref(), source] {
            match text {
                Some(text) => field(out, text.as_bytes()),
                None => null(out),
            }
        }
        null(out);
        self.ends.push(out.len());
    }
}

/// Returns the part of a row that its append's checksum covers: every column but the checksum.
pub(super) fn covered(row: &[u8]) -> &[u8] {
    &row[POSITION_AT - 4..row.len() - NULL_BYTES]
}

/// Puts a checksum in place of the null that ends the last row of `rows`.
pub(super) fn place_checksum(rows: &mut Vec<u8>, checksum: &Checksum) {
    rows.truncate(rows.len() - NULL_BYTES);
    field(rows, &checksum.to_bytes());
}

/// Fills in the three columns of the appender, in a row that [`EncodedRows::push`] wrote.
pub(super) fn place(row: &mut [u8], position: Position, append_last: Position, appended_at: Timestamp) {
    row[POSITION_AT..POSITION_AT + 8].copy_from_slice(&position.as_i64().to_be_bytes());
    row[APPEND_LAST_AT..APPEND_LAST_AT + 8].copy_from_slice(&append_last.as_i64().to_be_bytes());
    row[APPENDED_AT_AT..APPENDED_AT_AT + 8].copy_from_slice(&timestamp(appended_at));
}

fn timestamp(at: Timestamp) -> [u8; 8] {
    (at.micros() - POSTGRES_EPOCH_MICROS).to_be_bytes()
}

/// Writes a value with its length.
pub(super) fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = i32::try_from(bytes.len()).expect("a request's bytes are bounded far below 2 GiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}

fn optional(out: &mut Vec<u8>, bytes: Option<[u8; 8]>) {
    match bytes {
        Some(bytes) => field(out, &bytes),
        None => null(out),
    }
}

/// Writes a null.
pub(super) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}
