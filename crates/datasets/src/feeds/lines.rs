//! Lines of bounded length with their numbers.

use std::io::{self, BufRead, Read};

/// Longest line in bytes, enough for an item with eight dense vectors.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Byte order mark of UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Result of reading a line.
pub(crate) enum NextLine {
    /// The line is in [`LineReader::current`].
    Line,
    /// The line is longer than [`LINE_BYTES_MAX`], and was skipped.
    TooLong,
    /// There are no more lines.
    End,
}

/// Reader of lines into one buffer.
pub(crate) struct LineReader {
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: u64,
}

impl LineReader {
    pub(crate) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// Returns the number of the current line, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the current line without its end.
    pub(crate) fn current(&self) -> &[u8] {
        self.buffer.trim_ascii_end()
    }

    /// Exchanges the buffer, which holds the current line with its end, for another one.
    pub(super) fn swap(&mut self, buffer: &mut Vec<u8>) {
        std::mem::swap(&mut self.buffer, buffer);
    }

    pub(crate) fn next(&mut self) -> io::Result<NextLine> {
        self.buffer.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let count = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if count == 0 {
            return Ok(NextLine::End);
        }
        self.number += 1;
        // Files that were put together have a mark where each of them begins.
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.buffer.drain(..BYTE_ORDER_MARK.len());
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

    #[test]
    fn byte_order_marks_of_joined_files_are_no_part_of_their_lines() {
        let text = b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n".to_vec();
        let mut lines = LineReader::new(Box::new(io::Cursor::new(text)));
        for expected in [&b"one"[..], b"two"] {
            assert!(matches!(lines.next().unwrap(), NextLine::Line));
            assert_eq!(lines.current(), expected);
        }
    }
}
