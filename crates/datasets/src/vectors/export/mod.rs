//! ExportRows of a model as files that others read: the way back of an import.
//!
//! An [`Export`] is an iterator of pieces of bytes, so whoever sends it holds one piece at a time; the rows are shared with
//! the state (copy-on-write), not copied. What is written, [`super::VectorFile`] reads back bit for bit.

mod npz;
mod rows;
mod safetensors;
mod text;

use std::{collections::VecDeque, fmt};

use npz::ZipWriter;
use rows::ExportRows;

use shelfmark_state::Readable;

/// Bytes of a piece, about.
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
    /// Ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
            Self::Word2vec => "txt",
            Self::Jsonl => "jsonl",
        }
    }

    /// Media type.
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
    /// Name in paths and flags.
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

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// The format.
    pub format: ExportFormat,
    /// The table.
    pub table: ExportTable,
    /// Whether items' vectors come with what their tokens and dense vectors add, as answers use them. Otherwise, and for the other
    /// tables, they are the rows as learned, which an import can put back.
    pub content: bool,
}

/// Why rows cannot be written in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Readers of word2vec's text form take what stands before the first space for the id.
    #[error("the id {0:?} has white space, which word2vec's text form cannot hold: choose another format")]
    WhiteSpace(String),
    /// The ids do not fit into what readers of safetensors take for a header.
    #[error("the ids take {0} bytes, more than the header of a safetensors file may have: choose another format")]
    HeaderTooLong(u64),
    /// Beyond 4 GiB a zip is of another kind.
    #[error("the arrays take {0} bytes, more than this npz can hold: choose another format")]
    ArchiveTooLong(u64),
}

/// ExportRows on their way into a file.
#[derive(Debug)]
pub struct Export {
    rows: ExportRows,
    todo: VecDeque<ExportPart>,
    archive: ZipWriter,
    bytes: Option<u64>,
}

/// What is still to be written.
#[derive(Debug)]
enum ExportPart {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Something of every row from one on.
    Rows(Encoder, usize),
    /// An entry of an archive begins.
    Open(&'static str),
    /// It ends.
    Close,
    /// The archive's directory.
    Directory,
}

/// How something of one row is written.
#[derive(Debug, Clone, Copy)]
enum Encoder {
    /// Little-endian f32.
    Values,
    /// An element of a JSON list within a JSON text.
    QuotedId,
    /// UTF-32, little-endian, filled with zeros to so many characters.
    WideId(usize),
    /// A line of word2vec's text form.
    WordLine,
    /// A line of JSON.
    JsonLine,
}

impl Export {
    /// Prepares the rows of a state. Costs a pass over the ids.
    pub fn new(readable: &Readable, options: ExportOptions) -> Result<Self, ExportError> {
        let rows = ExportRows::new(readable, options.table, options.content);
        let (todo, bytes) = match options.format {
            ExportFormat::Safetensors => {
                let (parts, bytes) = safetensors::parts(&rows, options.table)?;
                (parts, Some(bytes))
            }
            ExportFormat::Npz => {
                let (parts, bytes) = npz::parts(&rows)?;
                (parts, Some(bytes))
            }
            ExportFormat::Word2vec => (text::word2vec(&rows)?, None),
            ExportFormat::Jsonl => (vec![ExportPart::Rows(Encoder::JsonLine, 0)], None),
        };
        Ok(Self { rows, todo: todo.into(), archive: ZipWriter::default(), bytes })
    }

    /// ExportRows that are written.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Size of the whole, where it is known before.
    pub const fn bytes(&self) -> Option<u64> {
        self.bytes
    }
}

impl Iterator for Export {
    type Item = Vec<u8>;

    /// The next piece of about a mebibyte: CPU work of some milliseconds.
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
