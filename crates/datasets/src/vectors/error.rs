//! Errors of a file of vectors, with the place where they occurred.

use std::{fmt, io};

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Line, from 1.
    Line(u64),
    /// Byte of the uncompressed file, from 0.
    Byte(u64),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// Errors of reading vectors.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// The system cannot read the file.
    #[error("{name} cannot be read")]
    Io {
        /// Name of the file.
        name: String,
        /// Error of the system.
        source: io::Error,
    },
    /// The content has no known format, and no format was given.
    #[error(
        "{name} has no format that is known (word2vec, word2vec-text, glove, npy, npz, safetensors, jsonl): \
         give --format"
    )]
    Unrecognised {
        /// Name of the file.
        name: String,
    },
    /// The content breaks the format.
    #[error("{name}: {place}: {detail}")]
    Malformed {
        /// Name of the file.
        name: String,
        /// The place.
        place: Location,
        /// The error.
        detail: String,
    },
    /// A few rows are so long that all others would vanish beside them.
    #[error(
        "{name}: row {row} ({id}) is {times:.0} times as long as the median row, and {count} of {rows} rows are such: \
         take them out, or leave them out with --lenient"
    )]
    Outliers {
        /// Name of the file.
        name: String,
        /// Row of the longest vector, from 1.
        row: u64,
        /// Its id.
        id: String,
        /// Its length over that of the median row.
        times: f32,
        /// Number of such rows, and of all.
        count: usize,
        /// Number of rows that match.
        rows: usize,
        /// Length of the longest other row.
        norm_max: f32,
    },
    /// The file does not say all that is needed, such as ids.
    #[error("{name}: {detail}")]
    Unclear {
        /// Name of the file.
        name: String,
        /// The error.
        detail: String,
    },
}

/// An error before the name of the file is added.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    Malformed(Location, String),
    Unclear(String),
}

impl Fault {
    pub(super) fn at_byte(byte: u64, detail: impl Into<String>) -> Self {
        Self::Malformed(Location::Byte(byte), detail.into())
    }

    pub(super) fn at_line(line: u64, detail: impl Into<String>) -> Self {
        Self::Malformed(Location::Line(line), detail.into())
    }

    pub(super) fn of(self, name: &str) -> VectorError {
        let name = name.to_owned();
        match self {
            Self::Io(source) => VectorError::Io { name, source },
            Self::Malformed(place, detail) => VectorError::Malformed { name, place, detail },
            Self::Unclear(detail) => VectorError::Unclear { name, detail },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
