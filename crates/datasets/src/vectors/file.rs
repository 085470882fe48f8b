//! A file of vectors as a stream of rows.

use std::{
    io::{Cursor, Read},
    path::{Path, PathBuf},
};

use super::{
    VectorError, VectorFormat,
    byte_reader::ByteReader,
    error::Fault,
    matrix::{Ids, MatrixReader},
    npy, safetensors,
    word2vec::{TextReader, Word2vecReader},
};
use crate::feeds::{FeedSource, LineReader, ReadSoFar};

/// Bytes that are read to recognise the format: a line of 4,096 decimal numbers fits.
const HEAD_BYTES: u64 = 128 * 1024;

/// Options of reading a file.
#[derive(Debug, Clone, Default)]
pub struct VectorOptions {
    /// Format; recognised by the content when left out.
    pub format: Option<VectorFormat>,
    /// File with the ids of the rows, one a line, for npy and safetensors.
    pub ids: Option<PathBuf>,
    /// Tensor to read, if there are several.
    pub tensor: Option<String>,
}

/// A row of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VectorRow {
    /// Word or id. Bytes that are not UTF-8 are replaced.
    pub id: String,
    /// Values; some may not be finite.
    pub values: Vec<f32>,
}

/// An opened file of vectors.
pub struct VectorFile {
    name: String,
    bytes: Option<u64>,
    read: ReadSoFar,
    format: VectorFormat,
    rows: RowReader,
}

enum RowReader {
    Word2vec(Word2vecReader),
    Text(TextReader),
    Matrix(MatrixReader),
}

impl VectorFile {
    /// Opens a file, compressed with gzip or not, and reads its header.
    pub fn open(path: &Path, options: &VectorOptions) -> Result<Self, VectorError> {
        let name = path.display().to_string();
        let FeedSource { bytes, read, mut reader, .. } = FeedSource::open(path).map_err(|e| Fault::Io(e).of(&name))?;
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|e| Fault::Io(e).of(&name))?;
        let format = options.format.or_else(|| VectorFormat::recognise(&head));
        let Some(format) = format else { return Err(VectorError::Unrecognised { name }) };
        let whole = Box::new(Cursor::new(head).chain(reader));
        let open = || {
            Ok(match format {
                VectorFormat::Word2vec => RowReader::Word2vec(Word2vecReader::open(ByteReader::new(whole))?),
                VectorFormat::Word2vecText => RowReader::Text(TextReader::open(LineReader::new(whole), true)?),
                VectorFormat::Glove => RowReader::Text(TextReader::open(LineReader::new(whole), false)?),
                VectorFormat::Npy => {
                    let mut bytes = ByteReader::new(whole);
                    let shape = npy::header(&mut bytes)?;
                    RowReader::Matrix(MatrixReader::new(bytes, shape, ids(options, None)?))
                }
                VectorFormat::Safetensors => {
                    let mut bytes = ByteReader::new(whole);
                    let (shape, listed) = safetensors::header(&mut bytes, options.tensor.as_deref())?;
                    RowReader::Matrix(MatrixReader::new(bytes, shape, ids(options, listed)?))
                }
            })
        };
        let rows = open().map_err(|fault: Fault| fault.of(&name))?;
        Ok(Self { name, bytes, read, format, rows })
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the size of the file as stored, if known.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Returns the counter of bytes read.
    pub fn read_so_far(&self) -> ReadSoFar {
        self.read.clone()
    }

    /// Returns the format.
    pub fn format(&self) -> VectorFormat {
        self.format
    }

    /// Returns the number of values of a row.
    pub fn dim(&self) -> usize {
        match &self.rows {
            RowReader::Word2vec(rows) => rows.dim(),
            RowReader::Text(rows) => rows.dim(),
            RowReader::Matrix(rows) => rows.dim(),
        }
    }

    /// Reads the next row into `row`, and returns `false` at the end. Must not be called after an error.
    pub fn next(&mut self, row: &mut VectorRow) -> Result<bool, VectorError> {
        match &mut self.rows {
            RowReader::Word2vec(rows) => rows.next(row),
            RowReader::Text(rows) => rows.next(row),
            RowReader::Matrix(rows) => rows.next(row),
        }
        .map_err(|fault| fault.of(&self.name))
    }
}

/// Returns the ids of a matrix: those of the options' file, else those of the header.
fn ids(options: &VectorOptions, listed: Option<Vec<String>>) -> Result<Ids, Fault> {
    match (&options.ids, listed) {
        (Some(path), _) => {
            let source = FeedSource::open(path).map_err(|error| {
                Fault::Unclear(format!("the ids file {} cannot be opened: {error}", path.display()))
            })?;
            Ok(Ids::Lines(Box::new(LineReader::new(source.reader))))
        }
        (None, Some(listed)) => Ok(Ids::List(listed.into_iter())),
        (None, None) => Err(Fault::Unclear("has no ids of its rows: give a file with one a line (--ids)".to_owned())),
    }
}
