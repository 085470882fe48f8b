//! Matrices, whose ids come from a file of their own or from the header.

use super::{
    VectorOptions, VectorRow, byte_reader::ByteReader, element::Shape, error::Fault, npy::IdElement, word2vec::line,
};
use crate::feeds::{FeedSource, LineReader};

/// Most values of a matrix in column-major order, which is held in memory: 1 GiB of f32.
const COLUMN_MAJOR_VALUES_MAX: u64 = 1 << 28;

/// Source of the ids of the rows.
pub(super) enum Ids {
    /// A file with one id a line.
    Lines(Box<LineReader>),
    /// The header of the file.
    List(std::vec::IntoIter<String>),
    /// An array of a fixed width.
    Array {
        /// Its bytes.
        bytes: Box<ByteReader>,
        /// Its type.
        element: IdElement,
        /// Number of ids that are still to be read.
        left: u64,
    },
}

impl Ids {
    /// Opens the file of the options.
    pub(super) fn of_options(options: &VectorOptions) -> Result<Self, Fault> {
        let Some(path) = &options.ids else {
            return Err(Fault::Unclear("has no ids of its rows: give a file with one a line (--ids)".to_owned()));
        };
        let source = FeedSource::open(path)
            .map_err(|error| Fault::Unclear(format!("the ids file {} cannot be opened: {error}", path.display())))?;
        Ok(Self::Lines(Box::new(LineReader::new(source.reader))))
    }

    /// Reads the next id, and returns `false` when there are no more.
    fn next(&mut self, id: &mut String) -> Result<bool, Fault> {
        id.clear();
        match self {
            Self::List(list) => Ok(list.next().map(|next| *id = next).is_some()),
            Self::Lines(lines) => {
                if !line(lines).map_err(|fault| told(&fault))? {
                    return Ok(false);
                }
                id.push_str(&String::from_utf8_lossy(lines.current()));
                Ok(true)
            }
            Self::Array { bytes, left: 0, .. } => {
                bytes.ended("the ids that its header lists").map_err(|fault| told(&fault))?;
                Ok(false)
            }
            Self::Array { bytes, element, left } => {
                let mut raw = vec![0; element.bytes()];
                bytes.exact(&mut raw, "the ids").map_err(|fault| told(&fault))?;
                element.decode(&raw, id);
                *left -= 1;
                Ok(true)
            }
        }
    }
}

/// Describes a fault of the ids file as one of the file of vectors.
fn told(fault: &Fault) -> Fault {
    Fault::Unclear(match fault {
        Fault::Io(error) => format!("the ids cannot be read: {error}"),
        Fault::Malformed(place, detail) => format!("{place} of the ids: {detail}"),
        Fault::Unclear(detail) => detail.clone(),
    })
}

/// Reader of the rows.
pub(super) struct MatrixReader {
    bytes: ByteReader,
    shape: Shape,
    ids: Ids,
    read: u64,
    raw: Vec<u8>,
    /// All values of a matrix in column-major order, from the first row on.
    columns: Option<Vec<f32>>,
    /// Bytes of other tensors behind the matrix.
    behind: u64,
    /// What the header lists, for errors.
    listed: &'static str,
}

impl MatrixReader {
    /// Makes a reader; `bytes` stands at the first row.
    pub(super) fn new(bytes: ByteReader, shape: Shape, ids: Ids) -> Self {
        let raw = vec![0; shape.dim * shape.element.bytes()];
        Self { bytes, shape, ids, read: 0, raw, columns: None, behind: 0, listed: "the rows that its header lists" }
    }

    /// Checks at the end that so many bytes of other tensors, and no more, are behind the matrix.
    pub(super) fn with_behind(self, behind: u64) -> Self {
        Self { behind, listed: "the tensors that its header lists", ..self }
    }

    pub(super) fn dim(&self) -> usize {
        self.shape.dim
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        let rows = self.shape.rows;
        let has_id = self.ids.next(&mut row.id)?;
        if self.read == rows {
            if has_id {
                return Err(Fault::Unclear(format!("there are more ids than the {rows} rows")));
            }
            self.bytes.skip(self.behind, &format!("the end of {}", self.listed))?;
            self.bytes.ended(self.listed)?;
            return Ok(false);
        }
        if !has_id {
            return Err(Fault::Unclear(format!("there are {} ids for {rows} rows", self.read)));
        }
        row.values.clear();
        if self.shape.is_fortran {
            let read = usize::try_from(self.read).expect("below the most values of such a matrix");
            let (columns, rows) = self.columns()?;
            row.values.extend(columns.iter().skip(read).step_by(rows).copied());
        } else {
            self.bytes.exact(&mut self.raw, &format!("row {} of {rows}", self.read + 1))?;
            self.shape.element.decode(&self.raw, &mut row.values);
        }
        self.read += 1;
        Ok(true)
    }

    /// Returns all values by columns, and the number of rows. Reads them first.
    fn columns(&mut self) -> Result<(&[f32], usize), Fault> {
        let Shape { element, rows, dim, .. } = self.shape;
        let fits = |rows: u64| rows.checked_mul(dim as u64).is_some_and(|values| values <= COLUMN_MAJOR_VALUES_MAX);
        let count = usize::try_from(rows).ok().filter(|_| fits(rows)).ok_or_else(|| {
            let detail = format!("is in Fortran order with more than {COLUMN_MAJOR_VALUES_MAX} values");
            Fault::Unclear(format!("{detail}: save numpy.ascontiguousarray(a)"))
        })?;
        if self.columns.is_none() {
            let mut columns = Vec::new();
            // In pieces: a file that is shorter than its header says takes no memory.
            let mut piece = vec![0; 64 * 1024];
            let mut left = count * dim * element.bytes();
            while left > 0 {
                let piece = &mut piece[..left.min(64 * 1024)];
                self.bytes.exact(piece, &format!("the {rows} rows, in Fortran order"))?;
                element.decode(piece, &mut columns);
                left -= piece.len();
            }
            self.columns = Some(columns);
        }
        Ok((self.columns.as_deref().expect("read above"), count))
    }
}
