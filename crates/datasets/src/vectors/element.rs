//! Type of a matrix's values and its shape, as the header of a file gives them.

use super::FILE_DIM_MAX;

/// Type of the values, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
}

impl Element {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub(super) fn decode(self, raw: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::F16 => out.extend(raw.as_chunks().0.iter().map(|c| half::f16::from_le_bytes(*c).to_f32())),
            Self::Bf16 => out.extend(raw.as_chunks().0.iter().map(|c| half::bf16::from_le_bytes(*c).to_f32())),
            Self::F32 => out.extend(raw.as_chunks().0.iter().map(|c| f32::from_le_bytes(*c))),
            #[expect(clippy::cast_possible_truncation, reason = "a model's values are f32; beyond them is infinite")]
            Self::F64 => out.extend(raw.as_chunks().0.iter().map(|c| f64::from_le_bytes(*c) as f32)),
        }
    }
}

/// Type and shape of a matrix, from its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub element: Element,
    pub rows: u64,
    pub dim: usize,
    /// Whether the values of a column lie side by side.
    pub is_fortran: bool,
}

impl Shape {
    /// Checks the shape `[rows, dim]`.
    pub(super) fn new(element: Element, shape: &[u64]) -> Result<Self, String> {
        let [rows, dim] = *shape else {
            return Err(format!("must have two dimensions, [rows, values], has shape {shape:?}"));
        };
        let dim = usize::try_from(dim).ok().filter(|dim| (1..=FILE_DIM_MAX).contains(dim));
        let dim = dim.ok_or_else(|| format!("must have 1 to {FILE_DIM_MAX} values a row, has shape {shape:?}"))?;
        Ok(Self { element, rows, dim, is_fortran: false })
    }
}
