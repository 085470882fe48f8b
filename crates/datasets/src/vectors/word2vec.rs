//! The binary form of word2vec.

use super::{FILE_DIM_MAX, VectorRow, bytes::ByteReader, error::Fault, format::count_and_dim};

/// Longest header line and longest word, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Reader of words and raw values.
pub(super) struct Word2vecReader {
    bytes: ByteReader,
    dim: usize,
    rows: u64,
    read: u64,
    raw: Vec<u8>,
}

impl Word2vecReader {
    pub(super) fn open(mut bytes: ByteReader) -> Result<Self, Fault> {
        let header = bytes.until(b'\n', TEXT_BYTES_MAX, "the first line")?;
        let header = String::from_utf8_lossy(&header);
        let (rows, dim) = count_and_dim(header.trim_end()).ok_or_else(|| {
            Fault::at_byte(0, format!("must begin with count and dimension (1 to {FILE_DIM_MAX}) as two numbers"))
        })?;
        Ok(Self { bytes, dim, rows, read: 0, raw: vec![0; dim * 4] })
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        if self.read == self.rows {
            self.bytes.ended(&format!("the {} rows that the first line promises", self.rows))?;
            return Ok(false);
        }
        let what = |part: &str| format!("{part} of row {} of {}", self.read + 1, self.rows);
        let word = self.bytes.until(b' ', TEXT_BYTES_MAX, &what("the word"))?;
        // The original program writes a line end behind each vector, others do not.
        let word = word.trim_ascii_start();
        row.id.clear();
        row.id.push_str(&String::from_utf8_lossy(word));
        self.bytes.exact(&mut self.raw, &what("the values"))?;
        row.values.clear();
        row.values.extend(self.raw.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)));
        self.read += 1;
        Ok(true)
    }
}
