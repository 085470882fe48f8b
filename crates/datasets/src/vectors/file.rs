//! A file of vectors as a stream of rows.

use std::{
    io::{Cursor, Read},
    path::{Path, PathBuf},
};

use super::{
    VectorError, VectorFormat,
    byte_reader::ByteReader,
    error::Fault,
    json_lines::JsonReader,
    matrix::{Ids, MatrixReader},
    npy, npz,
    projector::{self, ProjectorReader},
    safetensors,
    word2vec::{TextReader, Word2vecReader},
};
use crate::feeds::{BYTE_ORDER_MARK, FeedSource, LineReader, ReadSoFar};

/// Bytes that are read to recognise the format: a line of 4,096 decimal numbers fits.
const HEAD_BYTES: u64 = 128 * 1024;

/// Options of reading a file.
#[derive(Debug, Clone, Default)]
pub struct VectorOptions {
    /// Format; recognised by the content when left out.
    pub format: Option<VectorFormat>,
    /// File with the ids of the rows, one a line, for npy and safetensors.
    pub ids: Option<PathBuf>,
    /// Tensor or array to read, if there are several.
    pub tensor: Option<String>,
    /// Rows to read, from the first on.
    pub limit: Option<u64>,
    /// Whether a file may have fewer or more rows than its first line says.
    pub lenient: bool,
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
    /// Rows that are still wanted.
    left: u64,
}

enum RowReader {
    Word2vec(Word2vecReader),
    Text(TextReader),
    Matrix(MatrixReader),
    Json(JsonReader),
    Projector(Box<ProjectorReader>),
}

impl VectorFile {
    /// Opens a file, packed or not, and reads its header.
    pub fn open(path: &Path, options: &VectorOptions) -> Result<Self, VectorError> {
        let name = path.display().to_string();
        Self::opened(path, &name, options).map_err(|fault| match fault {
            OpenFault::Fault(fault) => fault.of(&name),
            OpenFault::Unrecognised => VectorError::Unrecognised { name },
        })
    }

    fn opened(path: &Path, name: &str, options: &VectorOptions) -> Result<Self, OpenFault> {
        let (name, left) = (name.to_owned(), options.limit.unwrap_or(u64::MAX));
        let members = npz::members(path)?;
        if let Some((file, _)) = members.as_ref().filter(|(_, names)| projector::is_projector(names)) {
            let projector::Projector { rows, bytes, read } = projector::open(file, path)?;
            let (format, rows) = (VectorFormat::Projector, RowReader::Projector(Box::new(rows)));
            return Ok(Self { name, bytes, read, format, rows, left });
        }
        if let Some((file, names)) = members.and_then(npz::arrays) {
            let npz::Npz { rows, bytes, read } = npz::open(&file, path, &names, options)?;
            return Ok(Self { name, bytes, read, format: VectorFormat::Npz, rows: RowReader::Matrix(rows), left });
        }
        let FeedSource { bytes, read, mut reader, .. } = FeedSource::open(path)?;
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        // Some programs begin texts with it. No format of bytes does.
        let mark = if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        head.drain(..mark);
        let format = options.format.or_else(|| VectorFormat::recognise(&head)).ok_or(OpenFault::Unrecognised)?;
        let whole = Box::new(Cursor::new(head).chain(reader));
        let lenient = options.lenient || options.limit.is_some();
        let rows = match format {
            VectorFormat::Word2vec => {
                RowReader::Word2vec(Word2vecReader::open(ByteReader::from_offset(whole, mark as u64), lenient)?)
            }
            VectorFormat::Word2vecText => RowReader::Text(TextReader::open(LineReader::new(whole), true, lenient)?),
            VectorFormat::Glove => RowReader::Text(TextReader::open(LineReader::new(whole), false, lenient)?),
            VectorFormat::Jsonl => RowReader::Json(JsonReader::open(LineReader::new(whole))?),
            VectorFormat::Projector => {
                let detail = format!("is no zip archive with {}", projector::MEMBERS.join(" and "));
                return Err(Fault::Unclear(detail).into());
            }
            VectorFormat::Npz => {
                return Err(Fault::Unclear("is no zip archive with arrays, as npz files are".to_owned()).into());
            }
            VectorFormat::Npy => {
                let mut bytes = ByteReader::new(whole);
                let shape = npy::header(&mut bytes)?.matrix().map_err(Fault::Unclear)?;
                RowReader::Matrix(MatrixReader::new(bytes, shape, Ids::of_options(options)?))
            }
            VectorFormat::Safetensors => {
                let mut bytes = ByteReader::new(whole);
                let found = safetensors::header(&mut bytes, options.tensor.as_deref())?;
                let ids = match (&options.ids, found.ids) {
                    (None, Some(listed)) => Ids::List(listed.into_iter()),
                    (Some(_), _) | (None, None) => Ids::of_options(options)?,
                };
                RowReader::Matrix(MatrixReader::new(bytes, found.shape, ids).with_behind(found.behind))
            }
        };
        Ok(Self { name, bytes, read, format, rows, left })
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
            RowReader::Json(rows) => rows.dim(),
            RowReader::Projector(rows) => rows.dim(),
        }
    }

    /// Reads the next row into `row`, and returns `false` at the end. Must not be called after an error.
    pub fn next(&mut self, row: &mut VectorRow) -> Result<bool, VectorError> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left -= 1;
        match &mut self.rows {
            RowReader::Word2vec(rows) => rows.next(row),
            RowReader::Text(rows) => rows.next(row),
            RowReader::Matrix(rows) => rows.next(row),
            RowReader::Json(rows) => rows.next(row),
            RowReader::Projector(rows) => rows.next(row),
        }
        .map_err(|fault| fault.of(&self.name))
    }
}

/// Errors of opening, before the name of the file is added.
enum OpenFault {
    Fault(Fault),
    Unrecognised,
}

impl<E: Into<Fault>> From<E> for OpenFault {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}
