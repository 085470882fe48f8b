//! A reader of bytes that knows its offset.

use std::io::{self, BufRead, Read};

use super::error::Fault;

/// Reader of an uncompressed file that counts its bytes.
pub(super) struct ByteReader {
    reader: Box<dyn BufRead + Send>,
    offset: u64,
}

impl ByteReader {
    pub(super) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, offset: 0 }
    }

    /// Counts from an offset, because as many bytes of the file were read before.
    pub(super) fn from_offset(reader: Box<dyn BufRead + Send>, offset: u64) -> Self {
        Self { reader, offset }
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `buffer`. `what` names it in the error when the file ends too early.
    pub(super) fn exact(&mut self, buffer: &mut [u8], what: &str) -> Result<(), Fault> {
        self.reader.read_exact(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return Fault::at_byte(self.offset, format!("the file ends inside {what}"));
            }
            Fault::Io(error)
        })?;
        self.offset += buffer.len() as u64;
        Ok(())
    }

    /// Reads up to `delimiter` and skips it. Fails when that is more than `max` bytes, or the file ends.
    pub(super) fn until(&mut self, delimiter: u8, max: usize, what: &str) -> Result<Vec<u8>, Fault> {
        let mut found = Vec::new();
        let count = self.reader.by_ref().take(max as u64 + 1).read_until(delimiter, &mut found)?;
        if found.pop() != Some(delimiter) {
            let why = if count > max { format!("is longer than {max} bytes") } else { "does not end".to_owned() };
            return Err(Fault::at_byte(self.offset, format!("{what} {why}")));
        }
        self.offset += count as u64;
        Ok(found)
    }

    /// Whether nothing but line ends is left.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        loop {
            let rest = self.reader.fill_buf()?;
            if rest.is_empty() {
                return Ok(true);
            }
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            let all = blank == rest.len();
            self.reader.consume(blank);
            self.offset += blank as u64;
            if !all {
                return Ok(false);
            }
        }
    }

    /// Skips bytes.
    pub(super) fn skip(&mut self, count: u64, what: &str) -> Result<(), Fault> {
        let skipped = io::copy(&mut self.reader.by_ref().take(count), &mut io::sink())?;
        if skipped < count {
            return Err(Fault::at_byte(self.offset + skipped, format!("the file ends before {what}")));
        }
        self.offset += count;
        Ok(())
    }

    /// Fails when more than line ends is left.
    pub(super) fn ended(&mut self, after: &str) -> Result<(), Fault> {
        if self.is_at_end()? {
            return Ok(());
        }
        Err(Fault::at_byte(self.offset, format!("there is more after {after}")))
    }
}
