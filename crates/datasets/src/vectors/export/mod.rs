//! Exports: the rows of a model as files that other programs read.
//!
//! An [`Export`] is an iterator of pieces of bytes, so that a sender holds one piece at a time. The rows are shared
//! with the state (copy-on-write), not copied. [`super::VectorFile`] reads the file back bit for bit.

mod encode;
mod npz;
mod rows;

use std::{collections::VecDeque, fmt};

use npz::ZipWriter;
use rows::ExportRows;

use shelfmark_state::InferenceState;

/// Size of a piece in bytes, about.
const PIECE_BYTES: usize = 1 << 20;

/// The formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One tensor, named as the table; the ids are a JSON list under `ids` in the metadata.
    Safetensors,
    /// Numpy arrays `vectors` and `ids`, stored without compression.
    Npz,
    /// The text form of word2vec: count and dimension, then a line for each row.
    Word2vec,
    /// A line `{"id": ..., "values": [...]}` for each row.
    Jsonl,
}

impl ExportFormat {
    /// Returns the extension of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
            Self::Word2vec => "txt",
            Self::Jsonl => "jsonl",
        }
    }

    /// Returns the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Safetensors => "application/octet-stream",
            Self::Npz => "application/zip",
            Self::Word2vec => "text/plain; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// The tables that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportTable {
    /// Item vectors, by item; removed items are left out.
    #[default]
    Items,
    /// Users' own vectors, by user.
    Users,
    /// Vectors of what metadata says, by token.
    Tokens,
}

impl ExportTable {
    /// Returns the name in paths and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Users => "users",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for ExportTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Options of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Format of the file.
    pub format: ExportFormat,
    /// Table whose rows are written.
    pub table: ExportTable,
    /// Whether the content vectors of tokens and dense vectors are added to those of items, as answers use them.
    /// Otherwise, and for the other tables, the rows are written as learned, and can be imported again.
    pub content: bool,
}

/// Errors of an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// An id holds white space, which ends an id in the text form of word2vec.
    #[error("the id {0:?} has white space, which word2vec's text form cannot hold: choose another format")]
    WhiteSpace(String),
    /// The ids are longer than a header of safetensors may be.
    #[error("the ids take {0} bytes, more than the header of a safetensors file may have: choose another format")]
    HeaderTooLong(u64),
    /// The archive would be larger than 4 GiB, which needs zip64.
    #[error("the arrays take {0} bytes, more than this npz can hold: choose another format")]
    ArchiveTooLong(u64),
}

/// Rows that are written as a file, piece by piece.
#[derive(Debug)]
pub struct Export {
    rows: ExportRows,
    todo: VecDeque<ExportPart>,
    archive: ZipWriter,
    bytes: Option<u64>,
}

/// A part of the file that is still to be written.
#[derive(Debug)]
enum ExportPart {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// An encoding of each row, from this one on.
    Rows(Encoder, usize),
    /// Start of an entry of an archive.
    Open(&'static str),
    /// End of the entry.
    Close,
    /// Directory of the archive.
    Directory,
}

/// Encoding of one row.
#[derive(Debug, Clone, Copy)]
enum Encoder {
    /// Values as little-endian f32.
    Values,
    /// Id as an element of a JSON list within a string of JSON.
    QuotedId,
    /// Id as little-endian UTF-32, filled with zeros to this number of characters.
    WideId(usize),
    /// A line of word2vec's text form.
    WordLine,
    /// A line of JSON.
    JsonLine,
}

impl Export {
    /// Prepares the rows of a state. Costs a pass over the ids.
    pub fn new(inference: &InferenceState, options: ExportOptions) -> Result<Self, ExportError> {
        let rows = ExportRows::new(inference, options.table, options.content);
        let (todo, bytes) = match options.format {
            ExportFormat::Safetensors => {
                let (parts, bytes) = encode::safetensors(&rows, options.table)?;
                (parts, Some(bytes))
            }
            ExportFormat::Npz => {
                let (parts, bytes) = npz::parts(&rows)?;
                (parts, Some(bytes))
            }
            ExportFormat::Word2vec => (encode::word2vec(&rows)?, None),
            ExportFormat::Jsonl => (vec![ExportPart::Rows(Encoder::JsonLine, 0)], None),
        };
        Ok(Self { rows, todo: todo.into(), archive: ZipWriter::default(), bytes })
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the size of the file in bytes, where it is known before.
    pub const fn bytes(&self) -> Option<u64> {
        self.bytes
    }
}

impl Iterator for Export {
    type Item = Vec<u8>;

    /// Encodes the next piece of about one mebibyte, which takes some milliseconds.
    fn next(&mut self) -> Option<Vec<u8>> {
        let mut piece = Vec::new();
        while piece.len() < PIECE_BYTES {
            let Some(part) = self.todo.pop_front() else { break };
            let begin = piece.len();
            match part {
                ExportPart::Bytes(bytes) => {
                    self.archive.wrote(&bytes);
                    piece.extend_from_slice(&bytes);
                }
                ExportPart::Rows(encoder, first) => {
                    let mut row = first;
                    while row < self.rows.len() && piece.len() < PIECE_BYTES {
                        self.rows.encode(encoder, row, &mut piece);
                        row += 1;
                    }
                    self.archive.wrote(&piece[begin..]);
                    if row < self.rows.len() {
                        self.todo.push_front(ExportPart::Rows(encoder, row));
                    }
                }
                ExportPart::Open(name) => self.archive.open(name, &mut piece),
                ExportPart::Close => self.archive.close(&mut piece),
                ExportPart::Directory => self.archive.directory(&mut piece),
            }
        }
        (!piece.is_empty()).then_some(piece)
    }
}
