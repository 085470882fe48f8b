//! Quantized query of a search, and the bounds that it puts on a row's score.
//!
//! With `q` the vector, `q'` its code, `v` a row and `v'` its code: `q.v = q'.v' + (q - q').v' + q.(v - v')`, and the
//! last two are at most `|q - q'| |v'| + |q| |v - v'|` (Cauchy and Schwarz). The lengths are known: one is computed
//! when the search begins, the others stand beside the codes. With 8 bits they are a hundredth of `|q| |v|`, so that
//! the bounds leave a few dozen of a million rows to be scored exactly, and no row is missed.

use super::{
    codes::{Codes, TILE_ROWS, code_of, scale_of, widened},
    ranking::Ranking,
    row_bounds::{BiasBound, error_of},
};

/// What sums of `dim` products in f32 may lose: so many times this part of the product of lengths.
const ROUNDING: f32 = 6e-8;
/// What products that are too small for an f32 may lose.
const TINY: f32 = 1e-36;

/// One search as the first pass sees it.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    /// Codes of four dimensions each, `[quads]`; none for a search without a vector.
    pub(super) quads: Vec<[i8; 4]>,
    /// Where sums of products begin: codes of rows are [`super::codes::ZERO`] too large.
    pub(super) start: i32,
    /// Value of one step.
    pub(super) scale: f32,
    /// What the score may be off by for each unit of a row's error.
    pub(super) error: f32,
    /// What the score may be off by for each unit of length of a row's code.
    pub(super) norm: f32,
    /// What the score may be off by besides: nothing without products, so that rows worth as much as the worst of the
    /// best, such as a whole catalogue that nobody met, are passed over.
    pub(super) slack: f32,
    /// The most that exploration and boosts may add, which bounds of single rows have apart.
    pub(super) chance: f32,
    pub(super) cosine: bool,
}

/// Bounds of one row's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) lower: f32,
    pub(super) upper: f32,
}

impl Probe {
    #[expect(clippy::cast_precision_loss, reason = "a dimension is small")]
    pub(super) fn new(ranking: Ranking, vector: &[f32], chance: f32) -> Self {
        let (scale, inverse) = scale_of(vector);
        let (mut squares, mut rest_squares, mut sum) = (0.0_f32, 0.0_f32, 0);
        let quads = vector
            .chunks(4)
            .map(|values| {
                let mut quad = [0; 4];
                for (code, value) in quad.iter_mut().zip(values) {
                    *code = code_of(*value, inverse);
                    sum += i32::from(*code);
                    squares = value.mul_add(*value, squares);
                    let rest = f32::from(*code).mul_add(-scale, *value);
                    rest_squares = rest.mul_add(rest, rest_squares);
                }
                quad
            })
            .collect();
        let rounding = (vector.len() + 32) as f32 * ROUNDING;
        let norm = if vector.is_empty() { 0.0 } else { widened(squares.sqrt()) };
        let rest = if vector.is_empty() { 0.0 } else { widened(rest_squares.sqrt()) };
        let cosine = ranking == Ranking::Cosine;
        Self {
            quads,
            start: -i32::from(super::codes::ZERO) * sum,
            scale,
            error: norm * (1.0 + rounding),
            norm: rest + norm * rounding,
            slack: if vector.is_empty() { 0.0 } else { TINY },
            chance,
            cosine,
        }
    }

    /// Bounds of the score of a lane's row before anything is added to it, from its sum of products of codes. Infinite
    /// where nothing is known.
    #[expect(clippy::cast_precision_loss, reason = "what is lost is part of the bounds")]
    pub(super) fn bounds(&self, tile: &Tile<'_>, lane: usize, product: i32, bias: &BiasBound) -> Bounds {
        let error = error_of(tile.errors_biases[lane]);
        let middle = product as f32 * tile.codes.scales[0].0[lane] * self.scale;
        let width = error.mul_add(self.error, self.norm.mul_add(tile.codes.norm_max[0], self.slack));
        let (lower, upper) = if self.cosine {
            let norm = tile.codes.norms[0].0[lane];
            let (least, most) = ((norm * 0.998 - error).max(0.0), norm + error);
            let (lower, upper) = (middle - width, middle + width);
            (lower / if lower < 0.0 { least } else { most }, upper / if upper < 0.0 { most } else { least })
        } else {
            let (lower, upper) = bias.of(tile.errors_biases[lane], tile.logs.map(|word| word[lane]));
            (middle - width + lower, middle + width + upper)
        };
        Bounds {
            lower: if lower.is_nan() { f32::NEG_INFINITY } else { lower },
            upper: if upper.is_nan() { f32::INFINITY } else { upper },
        }
    }
}

impl Bounds {
    /// The same once `term` is added to the score.
    pub(super) fn plus(self, term: f32) -> Self {
        let rounding = term.abs() * 1e-6;
        Self { lower: self.lower + term - rounding, upper: self.upper + term + rounding }
    }
}

/// What is known of 16 rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile<'a> {
    /// Of this tile alone.
    pub(super) codes: Codes<'a>,
    pub(super) errors_biases: &'a [u32; TILE_ROWS],
    pub(super) logs: [&'a [u32; TILE_ROWS]; 2],
}
