//! LineReader of bounded length with their numbers.

use std::io::{self, BufRead, Read};

/// Longest line, in bytes; enough for an item with eight dense vectors.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What came of asking for the next line.
pub(crate) enum NextLine {
    /// It is in [`LineReader::current`].
    Line,
    /// It is longer than [`LINE_BYTES_MAX`]; it was passed over.
    TooLong,
    /// There is none.
    End,
}

/// Reads line after line into one buffer.
pub(crate) struct LineReader {
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: u64,
}

impl LineReader {
    pub(crate) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// Number of the current line, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The current line without its end.
    pub(crate) fn current(&self) -> &[u8] {
        self.buffer.trim_ascii_end()
    }

    pub(crate) fn next(&mut self) -> io::Result<NextLine> {
        self.buffer.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let count = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if count == 0 {
            return Ok(NextLine::End);
        }
        self.number += 1;
        if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        if count > LINE_BYTES_MAX && !self.buffer.ends_with(b"\n") {
            self.buffer.clear();
            self.reader.skip_until(b'\n')?;
            return Ok(NextLine::TooLong);
        }
        Ok(NextLine::Line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_bound_is_passed_over_without_being_kept() {
        let mut text = vec![b'x'; 3 * LINE_BYTES_MAX];
        text.extend_from_slice(b"\r\nshort\r\n\nlast");
        let mut lines = LineReader::new(Box::new(io::Cursor::new(text)));
        assert!(matches!(lines.next().unwrap(), NextLine::TooLong));
        assert!(lines.buffer.capacity() <= 4 * LINE_BYTES_MAX);
        assert!(matches!(lines.next().unwrap(), NextLine::Line));
        assert_eq!((lines.number(), lines.current()), (2, &b"short"[..]));
        assert!(matches!(lines.next().unwrap(), NextLine::Line));
        assert_eq!((lines.number(), lines.current()), (3, &b""[..]));
        assert!(matches!(lines.next().unwrap(), NextLine::Line));
        assert_eq!((lines.number(), lines.current()), (4, &b"last"[..]));
        assert!(matches!(lines.next().unwrap(), NextLine::End));
    }
}
