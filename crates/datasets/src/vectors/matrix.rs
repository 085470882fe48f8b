//! Matrices in row-major order, whose ids come from a file of their own or from the header.

use super::{FILE_DIM_MAX, VectorRow, byte_reader::ByteReader, error::Fault, word2vec::line};
use crate::feeds::LineReader;

/// Type of the values, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
}

impl Element {
    const fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn decode(self, raw: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::F16 => out.extend(raw.as_chunks().0.iter().map(|c| half::f16::from_le_bytes(*c).to_f32())),
            Self::Bf16 => out.extend(raw.as_chunks().0.iter().map(|c| half::bf16::from_le_bytes(*c).to_f32())),
            Self::F32 => out.extend(raw.as_chunks().0.iter().map(|c| f32::from_le_bytes(*c))),
            #[expect(clippy::cast_possible_truncation, reason = "a model's values are f32; beyond them is infinite")]
            Self::F64 => out.extend(raw.as_chunks().0.iter().map(|c| f64::from_le_bytes(*c) as f32)),
        }
    }
}

/// Source of the ids of the rows.
pub(super) enum Ids {
    /// A file with one id a line.
    Lines(Box<LineReader>),
    /// The header of the file.
    List(std::vec::IntoIter<String>),
}

impl Ids {
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
        }
    }
}

/// Describes a fault of the ids file as one of the file of vectors.
fn told(fault: &Fault) -> Fault {
    Fault::Unclear(match fault {
        Fault::Io(error) => format!("the ids file cannot be read: {error}"),
        Fault::Malformed(place, detail) => format!("{place} of the ids file {detail}"),
        Fault::Unclear(detail) => detail.clone(),
    })
}

/// Type and shape of a matrix, from its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub element: Element,
    pub rows: u64,
    pub dim: usize,
}

impl Shape {
    /// Checks the shape `[rows, dim]`.
    pub(super) fn new(element: Element, shape: &[u64]) -> Result<Self, String> {
        let [rows, dim] = *shape else {
            return Err(format!("must have two dimensions, [rows, values], has shape {shape:?}"));
        };
        let dim = usize::try_from(dim).ok().filter(|dim| (1..=FILE_DIM_MAX).contains(dim));
        let dim = dim.ok_or_else(|| format!("must have 1 to {FILE_DIM_MAX} values a row, has shape {shape:?}"))?;
        Ok(Self { element, rows, dim })
    }
}

/// Reader of the rows.
pub(super) struct MatrixReader {
    bytes: ByteReader,
    shape: Shape,
    ids: Ids,
    read: u64,
    raw: Vec<u8>,
}

impl MatrixReader {
    /// Makes a reader; `bytes` stands at the first row.
    pub(super) fn new(bytes: ByteReader, shape: Shape, ids: Ids) -> Self {
        Self { bytes, shape, ids, read: 0, raw: vec![0; shape.dim * shape.element.bytes()] }
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
            return Ok(false);
        }
        if !has_id {
            return Err(Fault::Unclear(format!("there are {} ids for {rows} rows", self.read)));
        }
        self.bytes.exact(&mut self.raw, &format!("row {} of {rows}", self.read + 1))?;
        row.values.clear();
        self.shape.element.decode(&self.raw, &mut row.values);
        self.read += 1;
        Ok(true)
    }
}
