//! Codes and columns of all item rows, shared between views.
//!
//! `Clone` costs a pointer for each strip of 1,024 rows; a write copies what it lands in when a view still holds it.

use std::sync::Arc;

use crate::state::CowVec;

use super::{
    codes::{BLOCK_ROWS, Block, STRIP_ROWS, STRIP_TILES},
    columns::Strip,
    kernel::StripTiles,
};

/// Strips of one block.
const BLOCK_STRIPS: usize = BLOCK_ROWS / STRIP_ROWS;

/// What the first pass reads.
#[derive(Debug, Clone)]
pub(super) struct Index {
    dim: usize,
    blocks: CowVec<Arc<Block>>,
    strips: CowVec<Arc<Strip>>,
    /// Number of the event as of which, or a later one, every row's popularity was written.
    written: u64,
}

impl Index {
    pub(super) fn new(dim: usize) -> Self {
        Self { dim, blocks: CowVec::default(), strips: CowVec::default(), written: 0 }
    }

    /// Makes room for `rows` rows; new ones are zero and may not be recommended.
    pub(super) fn grow(&mut self, rows: usize) {
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
        self.blocks.iter().map(|block| block.bytes()).sum::<usize>() + self.strips.len() * size_of::<Strip>()
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

    /// A block for writing.
    pub(super) fn block_mut(&mut self, block: usize) -> &mut Block {
        Arc::make_mut(self.blocks.get_mut(block))
    }

    /// How far a row, `[dim]`, is from its code.
    pub(super) fn error(&self, row: usize, values: &[f32]) -> f32 {
        self.blocks[row / BLOCK_ROWS].error(row % BLOCK_ROWS, values)
    }

    /// The columns of a row for writing, and its place in them.
    pub(super) fn columns_mut(&mut self, row: usize) -> (&mut Strip, usize) {
        (Arc::make_mut(self.strips.get_mut(row / STRIP_ROWS)), row % STRIP_ROWS)
    }

    /// Number of the event as of which, or a later one, every row's popularity was written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    pub(super) const fn set_written(&mut self, written: u64) {
        self.written = written;
    }
}
