//! Records: lines, or in csv several lines that a quoted field goes over.

use std::{collections::VecDeque, io};

use super::{
    LineReader, NextLine,
    csv::{RecordScan, Separator},
};

/// Most lines that one record may go over.
pub const RECORD_LINES_MAX: usize = 256;
/// Largest record of several lines, in bytes.
const JOINED_BYTES_MAX: usize = 256 * 1024;

/// Result of reading a record.
pub(super) enum NextRecord {
    /// The record is in [`RecordReader::current`].
    Record,
    /// A line is too long, and was skipped.
    TooLong,
    /// There are no more records.
    End,
}

#[derive(Default)]
struct Line {
    number: u64,
    bytes: Vec<u8>,
    too_long: bool,
}

impl Line {
    fn text(&self) -> &[u8] {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

/// How quoted fields go over lines.
struct Quoting {
    separator: Separator,
    /// Number of fields of a record; `None` when records may differ.
    fields: Option<usize>,
}

/// Reader of records.
///
/// A quote that is not closed within [`RECORD_LINES_MAX`] lines, or is closed where no field ends, costs its own line:
/// the lines behind it are read again as records of their own.
pub(super) struct RecordReader {
    lines: LineReader,
    quoting: Option<Quoting>,
    current: Line,
    /// Number of the current record's last line.
    last: u64,
    /// Lines that were looked at and not used yet.
    ahead: VecDeque<Line>,
    /// Failure of the system behind `ahead`.
    failure: Option<io::Error>,
}

impl RecordReader {
    pub(super) fn new(lines: LineReader) -> Self {
        Self { lines, quoting: None, current: Line::default(), last: 0, ahead: VecDeque::new(), failure: None }
    }

    /// Sets how quoted fields go over lines, from the next record on, or from the current one with `now`.
    pub(super) fn set_quoting(&mut self, separator: Separator, fields: Option<usize>, now: bool) {
        self.quoting = separator.has_quotes().then_some(Quoting { separator, fields });
        if now {
            self.join();
        }
    }

    /// Returns the number of the current record's first line, from 1.
    pub(super) fn number(&self) -> u64 {
        self.current.number
    }

    /// Returns the number of lines that were used.
    pub(super) fn lines(&self) -> u64 {
        self.last
    }

    /// Returns the current record without its line end.
    pub(super) fn current(&self) -> &[u8] {
        self.current.text()
    }

    pub(super) fn next(&mut self) -> io::Result<NextRecord> {
        if let Some(line) = self.ahead.pop_front() {
            self.current = line;
        } else if let Some(failure) = self.failure.take() {
            return Err(failure);
        } else {
            match self.lines.next()? {
                NextLine::End => return Ok(NextRecord::End),
                NextLine::Line => {
                    self.lines.swap(&mut self.current.bytes);
                    self.current.too_long = false;
                }
                NextLine::TooLong => {
                    self.current.bytes.clear();
                    self.current.too_long = true;
                }
            }
            self.current.number = self.lines.number();
        }
        self.last = self.current.number;
        if self.current.too_long {
            return Ok(NextRecord::TooLong);
        }
        self.join();
        Ok(NextRecord::Record)
    }

    /// Returns at most `count` lines behind the current one, without using them.
    pub(super) fn peek(&mut self, count: usize) -> impl Iterator<Item = &[u8]> {
        while self.ahead.len() < count && self.read_ahead() {}
        self.ahead.iter().take(count).filter(|line| !line.too_long).map(Line::text)
    }

    /// Reads a line into `ahead`, and returns `false` when there is none.
    fn read_ahead(&mut self) -> bool {
        if self.failure.is_some() {
            return false;
        }
        let mut line = Line::default();
        match self.lines.next() {
            Ok(NextLine::End) => return false,
            Ok(NextLine::Line) => self.lines.swap(&mut line.bytes),
            Ok(NextLine::TooLong) => line.too_long = true,
            Err(failure) => {
                self.failure = Some(failure);
                return false;
            }
        }
        line.number = self.lines.number();
        self.ahead.push_back(line);
        true
    }

    /// Adds the lines that a quoted field of the current one goes over, if it is closed properly.
    fn join(&mut self) {
        let Some(quoting) = &self.quoting else { return };
        if !self.current.bytes.contains(&b'"') {
            return;
        }
        let mut scan = RecordScan::new();
        scan.line(self.current.text(), &quoting.separator, false);
        if !scan.is_open() {
            return;
        }
        let Some(count) = self.closing_line(scan) else { return };
        for line in self.ahead.drain(..count) {
            self.last = line.number;
            self.current.bytes.extend_from_slice(&line.bytes);
        }
    }

    /// Returns how many lines behind the current one belong to its record.
    fn closing_line(&mut self, mut scan: RecordScan) -> Option<usize> {
        let mut bytes = self.current.bytes.len();
        // Whether each line so far could be a record of its own.
        let mut records = true;
        for place in 0..RECORD_LINES_MAX - 1 {
            if place == self.ahead.len() && !self.read_ahead() {
                return None;
            }
            let (line, quoting) = (&self.ahead[place], self.quoting.as_ref()?);
            bytes += line.bytes.len();
            if line.too_long || bytes > JOINED_BYTES_MAX || !scan.line(line.text(), &quoting.separator, true) {
                return None;
            }
            records &= quoting.is_record(line.text(), self.current.text());
            if !scan.is_open() {
                let stray = records || quoting.fields.is_some_and(|fields| fields != scan.fields());
                return (!stray).then_some(place + 1);
            }
        }
        None
    }
}

impl Quoting {
    /// Whether a line could be a record of its own, like `other`: as many fields as all, and a first one of the kind.
    fn is_record(&self, line: &[u8], other: &[u8]) -> bool {
        let mut alone = RecordScan::new();
        alone.line(line, &self.separator, false);
        let first = |line: &[u8]| {
            let end =
                line.windows(self.separator.as_str().len()).position(|at| at == self.separator.as_str().as_bytes());
            let first = line[..end.unwrap_or(line.len())].trim_ascii();
            (first.is_empty(), first.contains(&b' '), first.iter().all(u8::is_ascii_digit))
        };
        self.fields.is_some_and(|fields| fields > 1 && fields == alone.fields()) && first(line) == first(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, fields: Option<usize>) -> Vec<(u64, String)> {
        let mut reader = RecordReader::new(LineReader::new(Box::new(io::Cursor::new(text.as_bytes().to_vec()))));
        reader.set_quoting(Separator::COMMA, fields, false);
        let mut found = Vec::new();
        while let NextRecord::Record = reader.next().unwrap() {
            found.push((reader.number(), String::from_utf8_lossy(reader.current()).into_owned()));
        }
        found
    }

    #[test]
    fn a_quoted_field_goes_over_lines_with_either_end() {
        let found = records("31,\"A title\r\nover\n\nlines\",Drama\r\n66,Plain,Comedy\n", Some(3));
        assert_eq!(found[0], (1, "31,\"A title\r\nover\n\nlines\",Drama".to_owned()));
        assert_eq!(found[1], (5, "66,Plain,Comedy".to_owned()));
        let prose = "31,Drama,\"one\ntwo, three, four\"\n66,x,y\n";
        assert_eq!(records(prose, Some(3)).len(), 2, "as many fields as a record, but no id in front");
    }

    #[test]
    fn a_stray_quote_costs_its_line_and_not_the_file() {
        let rows: String = (2..2000).map(|row| format!("{row},Plain,Comedy\n")).collect();
        for (stray, behind) in [
            ("1,\"Broken,Drama\n", ""),
            ("1,\"Broken,Drama\n", "3000,\"Other, title\",x\n"),
            ("1,\"Broken,Drama\n2,19\",x\n", ""),
        ] {
            let text = format!("{stray}{rows}{behind}");
            assert_eq!(records(&text, Some(3)).len(), text.lines().count(), "{stray}");
        }
    }

    #[test]
    fn lines_that_were_looked_at_are_read_all_the_same() {
        let mut reader = RecordReader::new(LineReader::new(Box::new(io::Cursor::new(b"a\nb\nc".to_vec()))));
        assert!(matches!(reader.next().unwrap(), NextRecord::Record));
        assert_eq!(reader.peek(5).collect::<Vec<_>>(), [b"b", b"c"]);
        assert_eq!((reader.number(), reader.current()), (1, &b"a"[..]));
        assert!(matches!(reader.next().unwrap(), NextRecord::Record));
        assert_eq!((reader.number(), reader.current()), (2, &b"b"[..]));
    }
}
