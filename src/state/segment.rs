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
