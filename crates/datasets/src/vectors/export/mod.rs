//! Exports: the rows of a model as files that other programs read.
//!
//! An [`Export`] is an iterator of pieces of bytes, so that a sender holds one piece at a time. The rows are shared
//! with the state (copy-on-write), not copied. [`super::VectorFile`] reads the file back bit for bit.

mod encode;
mod layout;
mod npz;
mod options;
mod parquet;
mod projector;
mod rows;

use std::collections::VecDeque;

use encode::Encoder;
use layout::ExportPart;
use npz::ZipWriter;
use parquet::ParquetWriter;
use rows::ExportRows;

use shelfmark_state::InferenceState;

pub use options::{ExportError, ExportFormat, ExportOptions, ExportTable};

/// Approximate size of a piece in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Rows that are written as a file, piece by piece.
#[derive(Debug)]
pub struct Export {
    rows: ExportRows,
    todo: VecDeque<ExportPart>,
    archive: ZipWriter,
    /// Writer of the whole file, where it is one of parquet.
    parquet: Option<ParquetWriter>,
    bytes: Option<u64>,
}

impl Export {
    /// Prepares the rows of a state. Costs a pass over the ids.
    pub fn new(inference: &InferenceState, options: ExportOptions) -> Result<Self, ExportError> {
        let rows = ExportRows::new(inference, options.table, options.content);
        let (todo, bytes) = match options.format {
            ExportFormat::Safetensors => {
                let (parts, bytes) = layout::safetensors(&rows, options.table)?;
                (parts, Some(bytes))
            }
            ExportFormat::Npz => {
                let (parts, bytes) = npz::parts(&rows)?;
                (parts, Some(bytes))
            }
            ExportFormat::Word2vec => (layout::word2vec(&rows)?, None),
            ExportFormat::Jsonl => (vec![ExportPart::Rows(Encoder::JsonLine, 0)], None),
            ExportFormat::Projector => (projector::parts(&rows, options.table)?, None),
            ExportFormat::Parquet => (Vec::new(), None),
        };
        let parquet = (options.format == ExportFormat::Parquet).then(ParquetWriter::new);
        Ok(Self { rows, todo: todo.into(), archive: ZipWriter::default(), parquet, bytes })
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
        if let Some(parquet) = &mut self.parquet {
            return parquet.next(&mut self.rows);
        }
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
