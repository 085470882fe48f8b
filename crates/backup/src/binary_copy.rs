//! Counting the rows of a binary COPY as it passes, in pieces of any length.
//!
//! Format: <https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4>.

/// Signature, flags and length of the extension.
const HEADER_BYTES: usize = 11 + 4 + 4;

/// Counter of rows.
#[derive(Debug, Default)]
pub(crate) struct RowCounter {
    expects: Expects,
    /// Bytes of a number that is not whole yet.
    partial: Vec<u8>,
    /// Bytes of a value or of the extension that are still to come.
    skip: usize,
    /// Values of the row that are still to come.
    fields: u16,
    rows: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Expects {
    #[default]
    Header,
    Row,
    Field,
    Nothing,
}

impl RowCounter {
    /// Takes the next bytes.
    pub fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let wanted = match self.expects {
                Expects::Header => HEADER_BYTES,
                Expects::Row => 2,
                Expects::Field => 4,
                Expects::Nothing => return,
            };
            let taken = (wanted - self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.partial.len() == wanted {
                self.number();
                self.partial.clear();
            }
        }
    }

    /// Rows so far. `None` before the end of the COPY.
    pub fn rows(&self) -> Option<u64> {
        (self.expects == Expects::Nothing).then_some(self.rows)
    }

    fn number(&mut self) {
        match (self.expects, self.partial.as_slice()) {
            (Expects::Header, [.., a, b, c, d]) => {
                self.skip = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                self.expects = Expects::Row;
            }
            (Expects::Row, [a, b]) => match u16::from_be_bytes([*a, *b]) {
                u16::MAX => self.expects = Expects::Nothing,
                fields => {
                    self.rows += 1;
                    self.fields = fields;
                    self.expects = if fields == 0 { Expects::Row } else { Expects::Field };
                }
            },
            (Expects::Field, [a, b, c, d]) => {
                // -1 stands for null, which has no bytes.
                self.skip = usize::try_from(i32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(0);
                self.fields -= 1;
                self.expects = if self.fields == 0 { Expects::Row } else { Expects::Field };
            }
            (Expects::Header | Expects::Row | Expects::Field | Expects::Nothing, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: rows are counted wherever the bytes are cut. Method: two rows with a null, an empty and a longer value,
    /// cut into pieces of each length.
    #[test]
    fn rows_are_counted_in_pieces_of_any_length() {
        let mut copy = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x03ext".to_vec();
        for value in [&b""[..], b"\xff\xff\xff\xff\xff"] {
            copy.extend_from_slice(&[0, 2, 0xff, 0xff, 0xff, 0xff]);
            copy.extend_from_slice(&u32::try_from(value.len()).expect("short").to_be_bytes());
            copy.extend_from_slice(value);
        }
        let whole = copy.len();
        copy.extend_from_slice(b"\xff\xff");
        for length in 1..copy.len() {
            let mut counter = RowCounter::default();
            copy.chunks(length).for_each(|piece| counter.take(piece));
            assert_eq!(counter.rows(), Some(2), "pieces of {length} bytes");
        }
        let mut counter = RowCounter::default();
        counter.take(&copy[..whole]);
        assert_eq!(counter.rows(), None);
    }
}
