//! Readers of words and their vectors: both forms of word2vec, and GloVe, which is the text form without its first
//! line.

use super::{FILE_DIM_MAX, VectorRow, byte_reader::ByteReader, error::Fault};
use crate::feeds::{LINE_BYTES_MAX, LineReader, NextLine};

/// What separates the fields of text forms: any number of these.
pub(super) const BETWEEN: [char; 2] = [' ', '\t'];
/// Longest header line and longest word, in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// Largest value that a vector may hold. Bytes that are no numbers often read as far larger ones.
const VALUE_MAX: f32 = 1e10;
/// Smallest value, but for 0, that vectors usually hold.
const VALUE_MIN: f32 = 1e-20;

/// Parses the first line of both forms of word2vec: count and dimension.
pub(super) fn count_and_dim(line: &str) -> Option<(u64, usize)> {
    let (count, dim) = line.trim().split_once(BETWEEN)?;
    let (count, dim) = (count.parse().ok()?, dim.trim().parse().ok()?);
    (1..=FILE_DIM_MAX).contains(&dim).then_some((count, dim))
}

/// Reader of the binary form.
///
/// Nothing in a file says where a row begins, and some programs write words with spaces. Read on from the wrong byte,
/// values and words are nonsense; a row that looks so ends the reading.
pub(super) struct Word2vecReader {
    bytes: ByteReader,
    dim: usize,
    rows: u64,
    read: u64,
    raw: Vec<u8>,
    /// Whether fewer or more rows than promised are no error.
    lenient: bool,
    /// Whether the row before holds values that vectors seldom have.
    odd_before: bool,
}

impl Word2vecReader {
    pub(super) fn open(mut bytes: ByteReader, lenient: bool) -> Result<Self, Fault> {
        let header = bytes.until(b'\n', TEXT_BYTES_MAX, "the first line")?;
        let header = String::from_utf8_lossy(&header);
        let (rows, dim) = count_and_dim(header.trim_end()).ok_or_else(|| {
            Fault::at_byte(0, format!("must begin with count and dimension (1 to {FILE_DIM_MAX}) as two numbers"))
        })?;
        Ok(Self { bytes, dim, rows, read: 0, raw: vec![0; dim * 4], lenient, odd_before: false })
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        let (number, rows) = (self.read + 1, self.rows);
        if self.lenient && self.bytes.is_at_end()? {
            return Ok(false);
        }
        if self.read == rows && !self.lenient {
            self.bytes.ended(&format!("the {rows} rows that the first line promises (--lenient reads it too)"))?;
            return Ok(false);
        }
        let what = |part: &str| format!("{part} of row {number} of {rows}");
        let at = self.bytes.offset();
        let word = self.bytes.until(b' ', TEXT_BYTES_MAX, &what("the word"))?;
        // The original program writes a line end behind each vector, others do not.
        let word = word.trim_ascii_start();
        let text = String::from_utf8_lossy(word);
        let misread = |why: &str| {
            let (before, dim) = (number - 1, self.dim);
            let cause = if before == 0 {
                format!("are the {dim} values of the first line right?")
            } else {
                format!("has the word of row {before} a space, or are the {dim} values of the first line wrong?")
            };
            Fault::at_byte(at, format!("{}, {}, {why}: {cause}", what("the word"), excerpt(&text)))
        };
        if word.iter().any(u8::is_ascii_control) {
            return Err(misread("holds control characters"));
        }
        if std::str::from_utf8(word).is_err() && self.odd_before {
            return Err(misread("is not UTF-8"));
        }
        self.bytes.exact(&mut self.raw, &what("the values"))?;
        row.values.clear();
        row.values.extend(self.raw.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)));
        if let Some(value) = row.values.iter().find(|value| value.is_finite() && value.abs() > VALUE_MAX) {
            let detail = format!("a value of row {number} of {rows} ({}) is {value:e}", excerpt(&text));
            return Err(Fault::at_byte(at, format!("{detail}, which no vector holds: has its word a space?")));
        }
        self.odd_before =
            row.values.iter().any(|value| !value.is_finite() || (*value != 0.0 && value.abs() < VALUE_MIN));
        row.id.clear();
        row.id.push_str(&text);
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
    /// Line of the first row, while the word of every row so far ends in a number.
    wider: Option<u64>,
    /// Whether fewer or more rows than promised are no error.
    lenient: bool,
}

impl TextReader {
    /// Reads the first line: count and dimension, or a row whose values are counted.
    pub(super) fn open(mut lines: LineReader, has_header: bool, lenient: bool) -> Result<Self, Fault> {
        line(&mut lines)?;
        let mut text = Self { lines, dim: 0, promised: None, read: 0, held: !has_header, wider: None, lenient };
        let first = text.current();
        if has_header {
            let (count, dim) = count_and_dim(&first).ok_or_else(|| {
                Fault::at_line(1, format!("must have count and dimension (1 to {FILE_DIM_MAX}) as two numbers"))
            })?;
            (text.promised, text.dim) = (Some(count), dim);
        } else {
            let fields = first.split(BETWEEN).filter(|field| !field.is_empty());
            let numbers = fields.rev().take_while(|field| field.parse::<f32>().is_ok()).count();
            let all = first.split(BETWEEN).filter(|field| !field.is_empty()).count();
            // A word that is a number is one all the same.
            text.dim = numbers.min(all.saturating_sub(1));
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

    /// Returns the current line. Bytes that are not UTF-8 are replaced.
    fn current(&self) -> String {
        String::from_utf8_lossy(self.lines.current()).into_owned()
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        if !std::mem::take(&mut self.held) && !line(&mut self.lines)? {
            return self.ended().map(|()| false);
        }
        let (number, dim) = (self.lines.number(), self.dim);
        let current = String::from_utf8_lossy(self.lines.current());
        // Words may hold spaces; numbers do not, so they are counted from the right.
        let mut rest: &str = &current;
        row.values.clear();
        for back in 0..dim {
            let Some(cut) = rest.rfind(BETWEEN) else {
                let detail = format!("must have a word and {dim} numbers, has a word and {back}");
                return Err(Fault::at_line(number, detail));
            };
            let field = &rest[cut + 1..];
            let value = field.parse().map_err(|_| {
                let place = dim - back;
                let comma = field.contains(',') && field.replace(',', ".").parse::<f32>().is_ok();
                let why = if comma { "has a decimal comma" } else { "is not a number" };
                Fault::at_line(number, format!("value {place} of {dim}: {} {why}", excerpt(field)))
            })?;
            row.values.push(value);
            rest = rest[..cut].trim_end_matches(BETWEEN);
        }
        row.values.reverse();
        row.id.clear();
        row.id.push_str(rest.trim_start_matches(BETWEEN));
        let last = rest.rsplit_once(BETWEEN).map(|(_, last)| last);
        if let Some(more) = last.filter(|last| is_value(last)) {
            let detail = format!("must have a word and {dim} numbers, has one more: {}", excerpt(more));
            return Err(Fault::at_line(number, detail));
        }
        let has_number = last.is_some_and(|last| last.parse::<f32>().is_ok());
        self.wider = match (self.read, has_number) {
            (0, true) => Some(number),
            (_, true) => self.wider,
            (_, false) => None,
        };
        self.read += 1;
        Ok(true)
    }

    /// Checks at the end what the first line promised.
    fn ended(&self) -> Result<(), Fault> {
        // One word may be "windows 7"; when all are, the rows have a value more.
        if let Some(line) = self.wider.filter(|_| self.promised.is_some() && self.read > 1) {
            let detail =
                format!("has more than the {} values that the first line promises, as have all rows", self.dim);
            return Err(Fault::at_line(line, detail));
        }
        match self.promised.filter(|promised| *promised != self.read && !self.lenient) {
            None => Ok(()),
            Some(promised) => {
                let has = self.read;
                let detail =
                    format!("the first line promises {promised} rows, the file has {has} (--lenient takes them)");
                Err(Fault::at_line(self.lines.number(), detail))
            }
        }
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

/// Whether the last part of a word can only be a value: "windows 3.11" and "route 66" are words, "p0 1.2882" is none.
fn is_value(text: &str) -> bool {
    const DECIMALS: usize = 3;
    let decimals = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    text.parse::<f32>().is_ok_and(f32::is_finite) && decimals >= DECIMALS
}

fn excerpt(field: &str) -> String {
    let short: String = field.chars().take(20).collect();
    format!("{short:?}")
}
