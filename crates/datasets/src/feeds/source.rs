//! Sources of bytes (a plain or gzip file, or standard input), and lines of bounded length with their numbers.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 128 * 1024;

/// Counter of the bytes read from a file as stored, compressed or not, for progress bars. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ReadSoFar(Arc<AtomicU64>);

impl ReadSoFar {
    /// Returns the number of bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An opened, decompressed stream of bytes.
pub struct FeedSource {
    /// Name, for messages and to recognise the format.
    pub name: String,
    /// Size in bytes as stored; `None` for standard input.
    pub bytes: Option<u64>,
    /// Counter of the bytes read.
    pub read: ReadSoFar,
    pub(crate) reader: Box<dyn BufRead + Send>,
}

impl FeedSource {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", io::stdin());
        }
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut source = Self::from_reader(&path.display().to_string(), file)?;
        source.bytes = Some(bytes);
        Ok(source)
    }

    /// Wraps any reader. Recognises gzip by the first two bytes.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> io::Result<Self> {
        let read = ReadSoFar::default();
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, Counted { inner: reader, read: read.clone() });
        // A pipe may give one byte at first; then the two magic bytes are taken out and put back in front.
        let mut magic = [0_u8; 2];
        let mut have = 0;
        while have < magic.len() {
            match raw.read(&mut magic[have..]) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let whole = io::Cursor::new(magic[..have].to_vec()).chain(raw);
        let reader: Box<dyn BufRead + Send> = if magic[..have] == GZIP_MAGIC {
            // Multi: `cat a.gz b.gz` and bgzip files are several members in a row.
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole)))
        } else {
            Box::new(whole)
        };
        Ok(Self { name: name.to_owned(), bytes: None, read, reader })
    }
}

struct Counted<R> {
    inner: R,
    read: ReadSoFar,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Longest line in bytes, enough for an item with eight dense vectors.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

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
