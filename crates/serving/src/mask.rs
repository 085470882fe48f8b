//! A set of item rows: those that pass a filter.

use std::sync::Arc;

use roaring::RoaringBitmap;

/// Rows of one word of a set.
const WORD_ROWS: usize = u64::BITS as usize;

/// An immutable set of item rows: one bit a row of the view that it was made for, so that a word is a strip of the
/// scan, and asking costs one load. A million rows are 125 kB. `Clone` shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMask {
    words: Arc<[u64]>,
    len: usize,
}

impl RowMask {
    /// The rows whose bits are set: row `r` is bit `r % 64` of word `r / 64`.
    pub fn from_words(words: impl Into<Arc<[u64]>>) -> Self {
        let words = words.into();
        let len = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, len }
    }

    /// The rows of a compressed bitmap. Costs the rows and a word for every 64 up to the last.
    pub(super) fn from_rows(rows: &RoaringBitmap) -> Self {
        let mut words = vec![0_u64; rows.max().map_or(0, |last| last as usize / WORD_ROWS + 1)];
        let mut rows = rows.iter();
        let mut run = [0; 256];
        loop {
            let run = rows.next_many(&mut run);
            if run.is_empty() {
                return Self::from_words(words);
            }
            for row in run {
                words[*row as usize / WORD_ROWS] |= 1 << (*row as usize % WORD_ROWS);
            }
        }
    }

    /// The rows that another set has too.
    pub(super) fn and(&self, other: &Self) -> Self {
        let words = self.words.iter().zip(&*other.words).map(|(one, other)| one & other);
        Self::from_words(words.collect::<Vec<u64>>())
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    /// Number of rows.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the row is one of them.
    pub fn contains(&self, row: u32) -> bool {
        self.word(row as usize / WORD_ROWS) >> (row as usize % WORD_ROWS) & 1 == 1
    }

    /// The rows `64 * index ..` as bits; 0 past the end.
    pub fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }
}
