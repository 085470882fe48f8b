//! Serialization of states: numbered segments of bounded size, encoded one at a time.
//!
//! A segment holds runs of consecutive rows of one table: `[first row: u32 le, count: u32 le]`, then the rows as
//! encoded by [`State::encode_row`]. In tables whose rows differ in length, each row follows its length (`u32 le`).

use super::{State, Table, Touched, as_row};

/// Size at which a segment is closed, in bytes.
const SEGMENT_BYTES: usize = 4 << 20;

/// A segment: some rows of one table, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Stored number of the table.
    pub table: i16,
    /// Number of the segment within the table, from 0.
    pub ordinal: i32,
    /// First row.
    pub first_row: u32,
    /// Last row.
    pub last_row: u32,
    /// Number of rows.
    pub rows: u32,
    /// Encoded rows, not compressed.
    pub payload: Vec<u8>,
}

/// Iterator over the segments of a state, or of its changed rows, in decoding order. Holds the state and one segment.
#[derive(Debug)]
pub struct Segments {
    state: State,
    /// Rows by table, ascending; `None`: all.
    changed: Option<Vec<Vec<u32>>>,
    table: usize,
    /// Index of the next segment's first row among the rows of the table.
    next: usize,
    ordinal: i32,
}

impl State {
    /// Returns the segments of the whole state.
    pub fn segments(&self) -> Segments {
        Segments { state: self.clone(), changed: None, table: 0, next: 0, ordinal: 0 }
    }

    /// Returns the segments of the touched rows, for a delta. After [`Touched::reshaped`] a delta cannot express the
    /// change.
    pub fn delta_segments(&self, touched: &Touched) -> Segments {
        let rows = |table: Table| {
            let mut rows = touched.rows(table).to_vec();
            rows.retain(|row| (*row as usize) < self.rows(table));
            rows.sort_unstable();
            rows
        };
        Segments { changed: Some(Table::ALL.map(rows).into()), ..self.segments() }
    }

    /// Estimates the share of the touched rows in the state's bytes, 0 to 1. Counts only tables with rows of one
    /// length, which are the large ones.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn share_of(&self, touched: &Touched) -> f64 {
        let (mut part, mut whole) = (0, 0);
        for table in Table::ALL {
            if let Some(bytes) = table.row_bytes(self.config().dim) {
                part += touched.rows(table).len() * bytes;
                whole += self.rows(table) * bytes;
            }
        }
        part as f64 / whole.max(1) as f64
    }
}

impl Segments {
    fn row(&self, table: Table, place: usize) -> Option<usize> {
        match &self.changed {
            None => (place < self.state.rows(table)).then_some(place),
            Some(changed) => changed[table.index()].get(place).map(|row| *row as usize),
        }
    }
}

impl Iterator for Segments {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let (table, first) = loop {
            let table = *Table::ALL.get(self.table)?;
            if let Some(row) = self.row(table, self.next) {
                break (table, row);
            }
            (self.table, self.next, self.ordinal) = (self.table + 1, 0, 0);
        };
        let counted = table.row_bytes(self.state.config().dim).is_none();
        let (mut payload, mut run, mut last, mut rows) = (Vec::new(), 0, None, 0);
        while let Some(row) = self.row(table, self.next)
            && payload.len() < SEGMENT_BYTES
        {
            if last.is_none_or(|last: usize| last + 1 != row) {
                run = begin_run(&mut payload, as_row(row));
            }
            count_row(&mut payload, run);
            let start = payload.len();
            if counted {
                payload.extend_from_slice(&[0; 4]);
            }
            self.state.encode_row(table, row, &mut payload);
            if counted {
                let bytes = u32::try_from(payload.len() - start - 4).expect("a row is far below 4 GiB");
                payload[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
            }
            last = Some(row);
            rows += 1;
            self.next += 1;
        }
        let segment = Segment {
            table: table.number(),
            ordinal: self.ordinal,
            first_row: as_row(first),
            last_row: as_row(last.unwrap_or(first)),
            rows,
            payload,
        };
        self.ordinal += 1;
        Some(segment)
    }
}

impl Segment {
    /// Returns the table; `None` for one of a newer program.
    pub fn table(&self) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.number() == self.table)
    }

    /// Calls `take` with each row and its number, in order. Returns `None` when the payload does not decode, or as soon
    /// as `take` does. `dim` is the model's.
    pub fn read_rows(&self, dim: usize, mut take: impl FnMut(u32, &[u8]) -> Option<()>) -> Option<()> {
        let row_bytes = self.table()?.row_bytes(dim);
        let mut rest = self.payload.as_slice();
        while !rest.is_empty() {
            let (first, count);
            (first, rest) = rest.split_first_chunk()?;
            (count, rest) = rest.split_first_chunk()?;
            let first = u32::from_le_bytes(*first);
            for row in first..first.checked_add(u32::from_le_bytes(*count))? {
                let bytes = match row_bytes {
                    Some(bytes) => bytes,
                    None => {
                        let length;
                        (length, rest) = rest.split_first_chunk()?;
                        u32::from_le_bytes(*length) as usize
                    }
                };
                let encoded;
                (encoded, rest) = rest.split_at_checked(bytes)?;
                take(row, encoded)?;
            }
        }
        Some(())
    }

    /// Returns the segment with the rows for which `replace` returns other bytes replaced. Only for tables whose rows
    /// differ in length. Returns `None` when the payload does not decode.
    pub fn with_rows(&self, mut replace: impl FnMut(u32, &[u8]) -> Option<Vec<u8>>) -> Option<Self> {
        let mut payload = Vec::with_capacity(self.payload.len());
        let mut next = None;
        let mut run = 0;
        self.read_rows(0, |row, bytes| {
            if next != Some(row) {
                run = begin_run(&mut payload, row);
            }
            count_row(&mut payload, run);
            next = row.checked_add(1);
            let replaced = replace(row, bytes);
            let bytes = replaced.as_deref().unwrap_or(bytes);
            payload.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
            payload.extend_from_slice(bytes);
            Some(())
        })?;
        Some(Self { payload, ..self.clone() })
    }
}

/// Appends the header of an empty run. Returns its offset.
fn begin_run(payload: &mut Vec<u8>, first: u32) -> usize {
    let run = payload.len();
    payload.extend_from_slice(&first.to_le_bytes());
    payload.extend_from_slice(&0_u32.to_le_bytes());
    run
}

/// Increments the row count of a run.
fn count_row(payload: &mut [u8], run: usize) {
    let count = payload[run + 4..].first_chunk_mut().expect("a run begins with eight bytes");
    *count = (u32::from_le_bytes(*count) + 1).to_le_bytes();
}
