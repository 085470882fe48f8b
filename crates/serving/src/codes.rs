//! Item vectors as 8-bit codes: what the first pass of a search reads instead of four times as many bytes.
//!
//! A row is `scale * (code - 128)`, with a scale of its own. Codes lie in tiles of 16 rows, four dimensions of each row
//! on a line, so that one instruction takes four products of 16 rows. Tiles lie in blocks of 4,096 rows: read from
//! memory in the order of rows, blocks are 3 times as fast as pieces of 64 rows (fewer pages to look up, longer runs to
//! fetch ahead). Blocks are too large to copy for each row that moves, so a code may lag behind its row: the error that
//! stands beside it ([`super::row_bounds`]) says by how much, and [`super::Publisher`] makes codes anew by the block.

use bytemuck::{Pod, Zeroable};

/// Rows of one tile: the lanes of a register.
pub(super) const TILE_ROWS: usize = 16;
/// Tiles whose columns lie together, and that the pass takes at a time.
pub(super) const STRIP_TILES: usize = 64;
/// Rows of a strip.
pub(super) const STRIP_ROWS: usize = TILE_ROWS * STRIP_TILES;
/// Rows whose codes are copied together.
pub(super) const BLOCK_ROWS: usize = 4 * STRIP_ROWS;
/// Dimensions on one line.
const QUAD: usize = 4;
/// What stands for 0: codes are unsigned, the codes of queries signed, as the instruction wants them.
pub(super) const ZERO: u8 = 128;
/// Largest step away from [`ZERO`].
const STEPS: f32 = 127.0;

/// Four codes of each of 16 rows.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Line(pub [u8; QUAD * TILE_ROWS]);

/// A number of each of 16 rows.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Lanes<T>(pub [T; TILE_ROWS]);

/// Lines of a tile.
pub(super) const fn quads(dim: usize) -> usize {
    dim.div_ceil(QUAD)
}

/// The codes of up to 4,096 rows.
#[derive(Debug, Clone)]
pub(super) struct Block {
    dim: usize,
    /// `[tiles, quads]`.
    lines: Vec<Line>,
    /// `[tiles]`.
    scales: Vec<Lanes<f32>>,
    /// Length of the vector that the code says, or a little more; `[tiles]`.
    norms: Vec<Lanes<f32>>,
    /// The largest of each tile.
    norm_max: Vec<f32>,
}

impl Block {
    pub(super) const fn new(dim: usize) -> Self {
        Self { dim, lines: Vec::new(), scales: Vec::new(), norms: Vec::new(), norm_max: Vec::new() }
    }

    /// Makes room for `rows` rows; new ones are zero.
    pub(super) fn grow(&mut self, rows: usize) {
        let tiles = rows.div_ceil(TILE_ROWS);
        if tiles > self.scales.len() {
            self.lines.resize(tiles * quads(self.dim), Line([ZERO; QUAD * TILE_ROWS]));
            self.scales.resize(tiles, Lanes([0.0; TILE_ROWS]));
            self.norms.resize(tiles, Lanes([0.0; TILE_ROWS]));
            self.norm_max.resize(tiles, 0.0);
        }
    }

    /// Rows that there is room for.
    pub(super) const fn rows(&self) -> usize {
        self.scales.len() * TILE_ROWS
    }

    /// What its rows take, in bytes.
    pub(super) const fn bytes(&self) -> usize {
        size_of_val(self.lines.as_slice())
            + size_of_val(self.scales.as_slice())
            + size_of_val(self.norms.as_slice())
            + size_of_val(self.norm_max.as_slice())
    }

    /// The tiles `first .. first + count`, or as many as there are.
    pub(super) fn slice(&self, first: usize, count: usize) -> Codes<'_> {
        let (quads, end) = (quads(self.dim), self.scales.len().min(first + count));
        Codes {
            lines: &self.lines[first * quads..end * quads],
            scales: &self.scales[first..end],
            norms: &self.norms[first..end],
            norm_max: &self.norm_max[first..end],
        }
    }

    /// Makes the code of a row, `[dim]`, anew and returns its error as by [`Block::error`].
    pub(super) fn encode(&mut self, row: usize, values: &[f32]) -> f32 {
        let (tile, lane) = (row / TILE_ROWS, row % TILE_ROWS);
        let (scale, inverse) = scale_of(values);
        let mut squares = 0.0_f32;
        let quads = quads(self.dim);
        for (line, values) in self.lines[tile * quads..][..quads].iter_mut().zip(values.chunks(QUAD)) {
            for (code, value) in line.0[lane * QUAD..].iter_mut().zip(values) {
                let step = code_of(*value, inverse);
                *code = ZERO.wrapping_add_signed(step);
                squares += f32::from(step) * f32::from(step);
            }
        }
        self.scales[tile].0[lane] = scale;
        self.norms[tile].0[lane] = widened(scale * squares.sqrt());
        self.norm_max[tile] = self.norms[tile].0.iter().fold(0.0, |most, norm| norm.max(most));
        self.error(row, values)
    }

    /// Distance, or a little more, between a row, `[dim]`, and what its code says. Infinite when it is not finite.
    pub(super) fn error(&self, row: usize, values: &[f32]) -> f32 {
        let (tile, lane) = (row / TILE_ROWS, row % TILE_ROWS);
        let scale = self.scales[tile].0[lane];
        let quads = quads(self.dim);
        let mut squares = 0.0_f32;
        for (line, values) in self.lines[tile * quads..][..quads].iter().zip(values.chunks(QUAD)) {
            for (code, value) in line.0[lane * QUAD..].iter().zip(values) {
                let rest = (f32::from(*code) - f32::from(ZERO)).mul_add(-scale, *value);
                squares = rest.mul_add(rest, squares);
            }
        }
        let error = widened(squares.sqrt());
        if error.is_finite() { error } else { f32::INFINITY }
    }
}

/// A little more than `norm`, for what a sum of squares loses by rounding and underflow: `dim` roundings of 2^-24 and
/// squares of numbers below 1e-19.
pub(super) fn widened(norm: f32) -> f32 {
    norm * 1.001 + 1e-17
}

/// The step of a value on a scale of `1 / inverse`.
#[expect(clippy::cast_possible_truncation, reason = "clamped before; NaN becomes 0")]
pub(super) fn code_of(value: f32, inverse: f32) -> i8 {
    (value * inverse).round_ties_even().clamp(-STEPS, STEPS) as i8
}

/// The scale of a vector's code, and its inverse. Both are 0 for a vector that is not finite, or too small for a scale:
/// it gets the zero code, and its error says the rest.
pub(super) fn scale_of(values: &[f32]) -> (f32, f32) {
    let scale = values.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / STEPS;
    if scale.is_normal() { (scale, scale.recip()) } else { (0.0, 0.0) }
}

/// Some tiles of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'a> {
    /// `[tiles, quads]`.
    pub(super) lines: &'a [Line],
    pub(super) scales: &'a [Lanes<f32>],
    pub(super) norms: &'a [Lanes<f32>],
    pub(super) norm_max: &'a [f32],
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    /// Goal: the error is never less than the distance, whatever the row. Method: decode in f64.
    #[test]
    fn the_error_of_a_code_is_its_distance_or_a_little_more() {
        let mut draws = CounterRng::new(1, 2, 3);
        let dim = 13;
        let mut block = Block::new(dim);
        block.grow(40);
        for round in 0..200 {
            let size = [1.0, 1e-30, 1e30, 1e-44, 1e6][round % 5];
            let row = draws.below(40);
            let values: Vec<f32> = (0..dim).map(|_| size * draws.normal()).collect();
            let moved: Vec<f32> = values.iter().map(|value| value + 0.1 * size * draws.normal()).collect();
            for (error, values) in [(block.encode(row, &values), values), (block.error(row, &moved), moved)] {
                let (tile, lane) = (row / TILE_ROWS, row % TILE_ROWS);
                let decoded = |d: usize| {
                    let code = block.lines[tile * quads(dim) + d / QUAD].0[lane * QUAD + d % QUAD];
                    (f64::from(code) - f64::from(ZERO)) * f64::from(block.scales[tile].0[lane])
                };
                let distance: f64 = (0..dim).map(|d| (decoded(d) - f64::from(values[d])).powi(2)).sum::<f64>().sqrt();
                let norm: f64 = (0..dim).map(|d| decoded(d).powi(2)).sum::<f64>().sqrt();
                assert!(f64::from(error) >= distance, "{error} against {distance}");
                assert!(f64::from(block.norms[tile].0[lane]) >= norm);
                assert!(block.norms[tile].0[lane] <= block.norm_max[tile]);
                assert!(
                    error.is_infinite() || f64::from(error) <= distance * 1.01 + 1e-16,
                    "{error} against {distance}"
                );
            }
        }
        assert!(block.encode(0, &[f32::NAN; 13]).is_infinite() && block.encode(1, &[f32::INFINITY; 13]).is_infinite());
    }
}
