//! Options of an export, and its errors.

use std::fmt;

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
    /// `vectors.tsv` and `metadata.tsv` of the TensorFlow Embedding Projector, in a zip without compression.
    Projector,
    /// Parquet with columns `id` and `values`, a list of floats.
    Parquet,
}

impl ExportFormat {
    /// Returns the extension of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Npz => "npz",
            Self::Word2vec => "txt",
            Self::Jsonl => "jsonl",
            Self::Projector => "zip",
            Self::Parquet => "parquet",
        }
    }

    /// Returns the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Safetensors => "application/octet-stream",
            Self::Npz | Self::Projector => "application/zip",
            Self::Word2vec => "text/plain; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
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
    /// An id holds white space, which ends an id in the text form of word2vec, or begins or ends with it, which tables
    /// lose.
    #[error("the id {0:?} has white space, which this form of text cannot hold: choose another format")]
    WhiteSpace(String),
    /// The ids are longer than a header of safetensors may be.
    #[error("the ids take {0} bytes, more than the header of a safetensors file may have: choose another format")]
    HeaderTooLong(u64),
    /// The archive would be larger than 4 GiB, which needs zip64.
    #[error("the content takes {0} bytes, more than this zip can hold: choose another format")]
    ArchiveTooLong(u64),
}
