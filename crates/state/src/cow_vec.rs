//! Copy-on-write vectors: clones share chunks, and a write copies only the chunk that it changes.

use std::{hint::black_box, ops::Range, sync::Arc};

use super::footprint::allocated;

/// Elements of a chunk of [`CowVec`].
const CHUNK: usize = 64;
/// Least rows of a leaf of [`CowRows`]. Small, because a step touches rows all over the table, and each touched leaf is
/// copied once per published view.
const LEAF_ROWS: usize = 8;
/// Least values of a leaf: leaves of short rows hold more rows, as copying fewer bytes would cost the same.
const LEAF_VALUES: usize = 64;

/// Growable vector whose clones share chunks of 64 elements. A clone costs `len / 64` pointers. A write to a shared
/// chunk copies that chunk.
#[derive(Debug, Clone)]
pub struct CowVec<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for CowVec<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> CowVec<T> {
    /// Number of elements.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns an element; `None` when out of range.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// Returns an element for writing. Panics when out of range.
    #[inline]
    pub fn get_mut(&mut self, index: usize) -> &mut T {
        &mut Arc::make_mut(&mut self.chunks[index / CHUNK])[index % CHUNK]
    }

    /// Appends an element.
    #[inline]
    pub fn push(&mut self, value: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        Arc::make_mut(self.chunks.last_mut().expect("a chunk was pushed when needed")).push(value);
        self.len += 1;
    }

    /// Returns the bytes of the chunks, without what elements own elsewhere.
    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunks.len()
            * (CHUNK * size_of::<T>() + size_of::<Arc<Vec<T>>>() + 2 * size_of::<usize>() + size_of::<Vec<T>>())
    }

    /// Iterates over all elements in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Clone> std::ops::Index<usize> for CowVec<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.chunks[index / CHUNK][index % CHUNK]
    }
}

/// Rows that are prefetched together, see [`CowRows::prefetch`].
pub const PREFETCH_ROWS: usize = 16;
/// Tables below this many values (4 MB) mostly stay in a cache: prefetching them does not pay.
const CACHED_VALUES: usize = 1 << 20;
/// Values of a cache line.
const LINE: usize = 16;

/// Matrix of f32 values, `[len, dim]`, row-major, whose clones share leaves of 8 rows, or more when rows are short.
#[derive(Debug, Clone)]
pub struct CowRows {
    leaves: CowVec<Arc<[f32]>>,
    shape: LeafShape,
    len: usize,
}

/// Mapping of rows to leaves.
#[derive(Debug, Clone, Copy)]
struct LeafShape {
    /// Binary logarithm of the rows of a leaf.
    bits: u32,
    /// Values of a row.
    dim: usize,
}

impl LeafShape {
    fn new(dim: usize) -> Self {
        let rows = (LEAF_VALUES / dim.max(1)).next_power_of_two().max(LEAF_ROWS);
        Self { bits: rows.trailing_zeros(), dim }
    }

    /// Rows of a leaf.
    const fn rows(self) -> usize {
        1 << self.bits
    }

    /// Values of a leaf.
    const fn values(self) -> usize {
        self.rows() * self.dim
    }

    /// Leaf of a row.
    const fn leaf(self, row: usize) -> usize {
        row >> self.bits
    }

    /// Range of a row's values within its leaf.
    const fn range(self, row: usize) -> Range<usize> {
        let start = (row & (self.rows() - 1)) * self.dim;
        start..start + self.dim
    }
}

impl CowRows {
    /// Creates an empty matrix.
    pub fn new(dim: usize) -> Self {
        Self { leaves: CowVec::default(), shape: LeafShape::new(dim), len: 0 }
    }

    /// Length of a row.
    #[inline]
    pub const fn dim(&self) -> usize {
        self.shape.dim
    }

    /// Number of rows.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the memory taken, in bytes.
    pub fn footprint(&self) -> usize {
        let leaf = self.shape.values() * size_of::<f32>() + 2 * size_of::<usize>();
        self.leaves.chunk_bytes() + self.leaves.len() * allocated(leaf)
    }

    /// Returns a row, `[dim]`. Panics when out of range.
    #[inline]
    pub fn row(&self, row: usize) -> &[f32] {
        assert!(row < self.len, "row {row} of a table of {}", self.len);
        &self.leaves[self.shape.leaf(row)][self.shape.range(row)]
    }

    /// Returns a row for writing, `[dim]`. Panics when out of range.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.len, "row {row} of a table of {}", self.len);
        &mut Arc::make_mut(self.leaves.get_mut(self.shape.leaf(row)))[self.shape.range(row)]
    }

    /// Whether prefetching up to [`PREFETCH_ROWS`] rows from `first` to `last` pays. The hardware prefetcher handles
    /// rows that are close together, and small tables are in a cache.
    #[inline]
    pub const fn is_scattered(&self, first: u32, last: u32) -> bool {
        self.len * self.shape.dim >= CACHED_VALUES && first.abs_diff(last) as usize >= 2 * PREFETCH_ROWS
    }

    /// Loads the start of a row's leaf, next to its reference counts, as a prefetch; see [`CowRows::prefetch`].
    #[inline]
    pub fn prefetch_leaf(&self, row: usize) -> u32 {
        self.leaves[self.shape.leaf(row)][0].to_bits()
    }

    /// Loads every cache line of a row as a prefetch. When scattered rows are prefetched together before use, their
    /// cache misses overlap.
    #[inline]
    pub fn prefetch(&self, row: usize) -> u32 {
        self.row(row).iter().step_by(LINE).fold(0, |all, value| all ^ value.to_bits())
    }

    /// Calls `update` with each of the `rows` (number and tag, ascending) of two matrices of equal shape, for writing.
    /// Each leaf is looked up, and copied when shared, once for all of its rows.
    #[inline]
    pub fn update_both<T: Copy>(
        &mut self,
        other: &mut Self,
        rows: &[(u32, T)],
        mut update: impl FnMut(u32, T, &mut [f32], &mut [f32]),
    ) {
        let (shape, len) = (self.shape, self.len.min(other.len));
        for ahead in rows.chunks(PREFETCH_ROWS) {
            if self.is_scattered(ahead[0].0, ahead[ahead.len() - 1].0) {
                let numbers = || ahead.iter().map(|(row, _)| *row as usize);
                black_box(numbers().fold(0, |all, row| all ^ self.prefetch_leaf(row) ^ other.prefetch_leaf(row)));
                black_box(numbers().fold(0, |all, row| all ^ self.prefetch(row) ^ other.prefetch(row)));
            }
            for rows in ahead.chunk_by(|(a, _), (b, _)| shape.leaf(*a as usize) == shape.leaf(*b as usize)) {
                let leaf = shape.leaf(rows[0].0 as usize);
                let mine = Arc::make_mut(self.leaves.get_mut(leaf));
                let others = Arc::make_mut(other.leaves.get_mut(leaf));
                for (row, tag) in rows {
                    assert!((*row as usize) < len, "row {row} of a table of {len}");
                    let range = shape.range(*row as usize);
                    update(*row, *tag, &mut mine[range.clone()], &mut others[range]);
                }
            }
        }
    }

    /// Whether a row shares memory with the same row of `other`: then neither has been written since the clone. Panics
    /// when out of range.
    #[inline]
    pub fn shares(&self, other: &Self, row: usize) -> bool {
        Arc::ptr_eq(&self.leaves[self.shape.leaf(row)], &other.leaves[self.shape.leaf(row)])
    }

    /// Appends a row filled with `value`.
    pub fn push_filled(&mut self, value: f32) {
        if self.len.is_multiple_of(self.shape.rows()) {
            // Collected in place: a vector would be copied into its Arc.
            self.leaves.push(std::iter::repeat_n(0.0, self.shape.values()).collect());
        }
        self.len += 1;
        self.row_mut(self.len - 1).fill(value);
    }

    /// Appends a row of little-endian values. Returns `None` and changes nothing when there are not `dim`.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        if bytes.len() != self.shape.dim * 4 {
            return None;
        }
        self.push_filled(0.0);
        self.set_bytes(self.len - 1, bytes)
    }

    /// Replaces a row by little-endian values. Returns `None` and changes nothing when there are not `dim`.
    pub(super) fn set_bytes(&mut self, row: usize, bytes: &[u8]) -> Option<()> {
        if bytes.len() != self.shape.dim * 4 {
            return None;
        }
        for (value, chunk) in self.row_mut(row).iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(*chunk);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_do_not_change_clones() {
        for (dim, leaf_rows) in [(1, 64), (3, 32), (4, 16), (8, 8), (100, 8)] {
            let mut rows = CowRows::new(dim);
            for i in 0..100_u8 {
                rows.push_filled(f32::from(i));
            }
            let before = rows.clone();
            rows.row_mut(70)[dim - 1] = -1.0;
            let mut moved = vec![70.0; dim];
            assert_eq!(before.row(70), moved);
            moved[dim - 1] = -1.0;
            assert_eq!(rows.row(70), moved);
            let shared: Vec<usize> = (0..100).filter(|row| rows.shares(&before, *row)).collect();
            let others = (0..100).filter(|row| row / leaf_rows != 70 / leaf_rows);
            assert!(shared.into_iter().eq(others), "untouched leaves are shared, dim {dim}");
        }
    }
}
