//! Codes and columns of all item rows, shared between views.
//!
//! `Clone` costs a pointer for each strip of 1,024 rows; a write copies what it lands in when a view still holds it.

use std::sync::Arc;

use shelfmark_state::{CowRows, CowVec, InferenceState};

use super::{
    codes::{BLOCK_ROWS, Block, STRIP_ROWS, STRIP_TILES, TILE_ROWS},
    kernel::StripTiles,
    row_bounds::{Strip, Written, is_masked},
};

/// Strips of one block.
const BLOCK_STRIPS: usize = BLOCK_ROWS / STRIP_ROWS;

/// What a search reads.
#[derive(Debug, Clone)]
pub(super) struct Index {
    dim: usize,
    blocks: CowVec<Arc<Block>>,
    strips: CowVec<Arc<Strip>>,
    /// What codes stand for: every item's vector with its content, `[rows, dim]`. Adding up the words of an item costs
    /// some ten times what reading a row does.
    vectors: CowRows,
    /// As of when, or later, every row's popularity was written.
    written: Written,
}

impl Index {
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim,
            blocks: CowVec::default(),
            strips: CowVec::default(),
            vectors: CowRows::new(dim),
            written: Written::default(),
        }
    }

    /// Makes room for `rows` rows; new ones are zero and may not be recommended.
    pub(super) fn grow(&mut self, rows: usize) {
        while self.vectors.len() < rows {
            self.vectors.push_filled(0.0);
        }
        while self.strips.len() * STRIP_ROWS < rows {
            self.strips.push(Arc::new(Strip::masked()));
        }
        while self.blocks.len() * BLOCK_ROWS < rows {
            self.blocks.push(Arc::new(Block::new(self.dim)));
            let last = self.blocks.len() - 1;
            if last > 0 {
                Arc::make_mut(self.blocks.get_mut(last - 1)).grow(BLOCK_ROWS);
            }
        }
        if let Some(last) = self.blocks.len().checked_sub(1) {
            let rows = rows - last * BLOCK_ROWS;
            if self.blocks[last].rows() < rows {
                Arc::make_mut(self.blocks.get_mut(last)).grow(rows);
            }
        }
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.blocks.iter().map(|block| block.bytes()).sum::<usize>();
        blocks + self.strips.len() * size_of::<Strip>() + self.vectors.footprint()
    }

    /// Number of blocks.
    pub(super) const fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Number of strips.
    pub(super) const fn strips(&self) -> usize {
        self.strips.len()
    }

    /// The tiles of a strip.
    pub(super) fn strip(&self, strip: usize) -> StripTiles<'_> {
        let codes = self.blocks[strip / BLOCK_STRIPS].slice(strip % BLOCK_STRIPS * STRIP_TILES, STRIP_TILES);
        StripTiles::new(codes, &self.strips[strip])
    }

    /// An item's vector with its content, `[dim]`.
    pub(super) fn vector(&self, row: usize) -> &[f32] {
        self.vectors.row(row)
    }

    /// Whether a row may be recommended, without a look at its metadata.
    pub(super) fn may_be_recommended(&self, row: usize) -> bool {
        let place = row % STRIP_ROWS;
        !is_masked(self.strips[row / STRIP_ROWS].errors_biases[place / TILE_ROWS].0[place % TILE_ROWS])
    }

    /// Takes a row's vector as it is now; its code, too, when `anew`, or else the distance from the old one.
    pub(super) fn take_vector(&mut self, inference: &InferenceState, row: u32, anew: bool) {
        let place = row as usize;
        let values = self.vectors.row_mut(place);
        inference.item_vector(row, values);
        let block = self.blocks.get_mut(place / BLOCK_ROWS);
        let error = if anew {
            Arc::make_mut(block).encode(place % BLOCK_ROWS, values)
        } else {
            block.error(place % BLOCK_ROWS, values)
        };
        let (columns, place) = self.columns_mut(place);
        columns.set_error(place, error);
    }

    /// The columns of a row for writing, and its place in them.
    pub(super) fn columns_mut(&mut self, row: usize) -> (&mut Strip, usize) {
        (Arc::make_mut(self.strips.get_mut(row / STRIP_ROWS)), row % STRIP_ROWS)
    }

    /// As of when, or later, every row's popularity was written.
    pub(super) const fn written(&self) -> Written {
        self.written
    }

    pub(super) const fn set_written(&mut self, written: Written) {
        self.written = written;
    }
}
