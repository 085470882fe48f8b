//! The form in which a state leaves memory: numbered pieces of bounded size.

/// One piece of a state: some rows of one table, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Which table, by its stable number.
    pub table: i16,
    /// Which piece of the table, from 0.
    pub ordinal: i32,
    /// Encoded rows, not compressed.
    pub payload: Vec<u8>,
}

impl Segment {
    /// The encoded rows, each without the length that stands before it. Ends early where the bytes are none.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.payload.as_slice();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<4>()?;
            let (row, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = tail;
            Some(row)
        })
    }
}
