//! What can be wrong with a file of vectors.

use std::{fmt, io};

/// Where in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Line, from 1.
    Line(u64),
    /// Byte of the unpacked file, from 0.
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

/// Why vectors cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// The system refused.
    #[error("{name} cannot be read")]
    Io {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Neither format nor content say what it is.
    #[error("{name} has no format that is known (word2vec, word2vec-text, glove, npy, safetensors): give --format")]
    Unrecognised {
        /// The file.
        name: String,
    },
    /// The content breaks its format.
    #[error("{name}: {place}: {detail}")]
    Malformed {
        /// The file.
        name: String,
        /// Where.
        place: Location,
        /// What is wrong.
        detail: String,
    },
    /// Something has to be said that the file does not say.
    #[error("{name}: {detail}")]
    Unclear {
        /// The file.
        name: String,
        /// What.
        detail: String,
    },
}

/// The same before the file's name is known.
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
