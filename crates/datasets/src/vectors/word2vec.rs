//! Readers of words and their vectors: both forms of word2vec, and GloVe, which is the text form without its first
//! line.

use super::{FILE_DIM_MAX, VectorRow, byte_reader::ByteReader, error::Fault, format::count_and_dim};
use crate::feeds::{LINE_BYTES_MAX, LineReader, NextLine};

/// Longest header line and longest word, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// Reader of the binary form.
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

/// Reader of the text form and of GloVe.
pub(super) struct TextReader {
    lines: LineReader,
    dim: usize,
    /// Number of rows in the first line.
    promised: Option<u64>,
    read: u64,
    /// Whether the current line was read for the dimension and is still to be parsed.
    held: bool,
}

impl TextReader {
    /// Reads the first line: count and dimension, or a row whose values are counted.
    pub(super) fn open(mut lines: LineReader, has_header: bool) -> Result<Self, Fault> {
        let mut text = Self {
            lines: {
                line(&mut lines)?;
                lines
            },
            dim: 0,
            promised: None,
            read: 0,
            held: !has_header,
        };
        let first = text.current()?;
        if has_header {
            let (count, dim) = count_and_dim(first).ok_or_else(|| {
                Fault::at_line(1, format!("must have count and dimension (1 to {FILE_DIM_MAX}) as two numbers"))
            })?;
            (text.promised, text.dim) = (Some(count), dim);
        } else {
            text.dim = first.split([' ', '\t']).count() - 1;
            if !(1..=FILE_DIM_MAX).contains(&text.dim) {
                let detail = format!("must be a word and 1 to {FILE_DIM_MAX} numbers, has {}", text.dim);
                return Err(Fault::at_line(text.lines.number(), detail));
            }
        }
        Ok(text)
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    fn current(&self) -> Result<&str, Fault> {
        std::str::from_utf8(self.lines.current())
            .map_err(|error| Fault::at_line(self.lines.number(), format!("not UTF-8: {error}")))
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        if !std::mem::take(&mut self.held) && !line(&mut self.lines)? {
            if let Some(promised) = self.promised.filter(|promised| *promised != self.read) {
                let detail = format!("the first line promises {promised} rows, the file has {}", self.read);
                return Err(Fault::at_line(self.lines.number(), detail));
            }
            return Ok(false);
        }
        let number = self.lines.number();
        let current = self.current()?;
        let has = current.split([' ', '\t']).count();
        if has <= self.dim {
            return Err(Fault::at_line(number, format!("must have a word and {} numbers, has {has} fields", self.dim)));
        }
        // Words may hold spaces; numbers do not, so they are counted from the right.
        let mut fields = current.rsplitn(self.dim + 1, [' ', '\t']);
        row.values.clear();
        for (back, field) in fields.by_ref().take(self.dim).enumerate() {
            let value = field.parse().map_err(|_| {
                let place = self.dim - back;
                Fault::at_line(number, format!("value {place} of {}: {} is not a number", self.dim, excerpt(field)))
            })?;
            row.values.push(value);
        }
        row.values.reverse();
        let word = fields.next().expect("more fields than values");
        row.id.clear();
        row.id.push_str(word);
        self.read += 1;
        Ok(true)
    }
}

/// Reads the next line that is not blank, and returns `false` at the end.
pub(super) fn line(lines: &mut LineReader) -> Result<bool, Fault> {
    loop {
        match lines.next()? {
            NextLine::Line if lines.current().is_empty() => {}
            NextLine::Line => return Ok(true),
            NextLine::TooLong => {
                return Err(Fault::at_line(lines.number(), format!("is longer than {LINE_BYTES_MAX} bytes")));
            }
            NextLine::End => return Ok(false),
        }
    }
}

fn excerpt(field: &str) -> String {
    let short: String = field.chars().take(20).collect();
    format!("{short:?}")
}
