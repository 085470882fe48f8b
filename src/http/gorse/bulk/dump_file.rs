//! Reader of a dump in a file: entries as JSON in Gorse's shape, in the order of the dump.

use std::io::{ErrorKind, Read};

use serde_json::value::RawValue;

use super::{
    dump::{END, table},
    entries::{Entries, Table},
};
use crate::http::gorse::TextError;

/// Longest record, in bytes.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// Why a dump in a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum DumpFileError {
    /// A record or a marker is none.
    #[error("record {number}: {detail}")]
    Bad {
        /// Number of the record, from 1.
        number: u64,
        /// What is wrong.
        detail: String,
    },
    /// The file cannot be read.
    #[error("the dump cannot be read")]
    Read(#[from] std::io::Error),
}

/// An entry of a dump.
#[derive(Debug)]
pub struct DumpEntry {
    /// `users`, `items` or `feedback`.
    pub table: &'static str,
    /// The entry, as Gorse's REST surface takes it.
    pub json: Box<RawValue>,
}

/// A dump of Gorse 0.4 or 0.5 in a file. Holds one record.
#[derive(Debug)]
pub struct DumpFile<R> {
    reader: R,
    table: Option<Table>,
    records: u64,
    ended: bool,
}

impl<R: Read> DumpFile<R> {
    /// Reads from here on.
    pub const fn new(reader: R) -> Self {
        Self { reader, table: None, records: 0, ended: false }
    }

    fn bad(&self, detail: impl ToString) -> DumpFileError {
        DumpFileError::Bad { number: self.records + 1, detail: detail.to_string() }
    }

    fn fill(&mut self, bytes: &mut [u8], within: &str) -> Result<(), DumpFileError> {
        self.reader.read_exact(bytes).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                return self.bad(format!("the dump ends within a {within}, or without its end marker"));
            }
            error.into()
        })
    }

    /// Reads the next entry; `None` at the dump's end.
    fn entry(&mut self) -> Result<Option<DumpEntry>, DumpFileError> {
        loop {
            let mut number = [0; 8];
            self.fill(&mut number, "number")?;
            let number = i64::from_le_bytes(number);
            let Some(length) = usize::try_from(number).ok().filter(|length| *length > 0) else {
                if number == END {
                    return Ok(None);
                }
                self.table = Some(table(number).map_err(|error| self.bad(error))?);
                continue;
            };
            let table = self.table.ok_or_else(|| self.bad("the dump begins with no marker"))?;
            if length > RECORD_BYTES_MAX {
                return Err(self.bad(format!("{length} bytes are longer than {RECORD_BYTES_MAX}")));
            }
            let mut record = vec![0; length];
            self.fill(&mut record, "record")?;
            let json = json(table, &record).map_err(|error| self.bad(error))?;
            self.records += 1;
            return Ok(Some(DumpEntry { table: table.name(), json }));
        }
    }
}

fn json(table: Table, record: &[u8]) -> Result<Box<RawValue>, TextError> {
    let mut entries = Entries::new(table);
    entries.push_record(record)?;
    let unwritten = |error: serde_json::Error| TextError::bad(error.to_string());
    let line =
        String::from_utf8(entries.lines().map_err(unwritten)?).map_err(|error| TextError::bad(error.to_string()))?;
    RawValue::from_string(line.trim_end().to_owned()).map_err(unwritten)
}

impl<R: Read> Iterator for DumpFile<R> {
    type Item = Result<DumpEntry, DumpFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let entry = self.entry().transpose();
        self.ended = !matches!(entry, Some(Ok(_)));
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::gorse::bulk::dump::{marker, records};

    fn dump() -> Vec<u8> {
        let mut bytes = marker(Table::Users).to_le_bytes().to_vec();
        for (table, line) in [
            (Table::Users, r#"{"UserId":"u1","Labels":{"age":24}}"#),
            (Table::Users, r#"{"UserId":"u2"}"#),
            (
                Table::Feedback,
                r#"{"FeedbackType":"star","UserId":"u1","ItemId":"i","Timestamp":"2021-05-01T10:00:00Z"}"#,
            ),
        ] {
            if table == Table::Feedback {
                bytes.extend_from_slice(&marker(table).to_le_bytes());
            }
            let entries = Entries::parse(table, std::iter::once(line.as_bytes())).expect("an entry");
            bytes.extend_from_slice(&records(&entries));
        }
        bytes.extend_from_slice(&END.to_le_bytes());
        bytes
    }

    #[test]
    fn entries_come_in_order_and_a_cut_dump_says_so() {
        let dump = dump();
        let read: Vec<DumpEntry> = DumpFile::new(dump.as_slice()).collect::<Result<_, _>>().expect("entries");
        let tables: Vec<&str> = read.iter().map(|entry| entry.table).collect();
        assert_eq!(tables, ["users", "users", "feedback"]);
        assert!(read[0].json.get().contains(r#""Labels":{"age":24}"#), "{:?}", read[0]);
        assert!(read[2].json.get().contains(r#""Timestamp":"2021-05-01T10:00:00Z""#), "{:?}", read[2]);
        for cut in [dump.len() - 1, dump.len() - 8, 30, 4, 0] {
            let last = DumpFile::new(&dump[..cut]).last().expect("an end").expect_err("cut");
            assert!(last.to_string().contains("the dump ends within a"), "{last}");
        }
        let unknown = DumpFile::new((-9_i64).to_le_bytes().as_slice()).last().expect("an end").expect_err("unknown");
        assert_eq!(unknown.to_string(), "record 1: -9 is no marker of a table");
        let long = [marker(Table::Users).to_le_bytes(), i64::MAX.to_le_bytes()].concat();
        assert!(DumpFile::new(long.as_slice()).last().expect("an end").is_err());
    }
}
