//! Vectors as they leave the service.

use serde::Serialize;

use super::{Id, Position};

/// One vector with its owner and place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Embedding {
    /// Item or user.
    pub id: Id,
    /// Number of values.
    pub dim: usize,
    /// The vector, `[dim]`.
    pub values: Vec<f32>,
    /// Euclidean length.
    pub norm: f32,
    /// Position of the state it was read from.
    pub position: Position,
}

/// A dense block of rows, `[count, dim]`, row-major.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Values of one row.
    pub dim: usize,
    /// All values.
    pub values: Vec<f32>,
}

impl Embedding {
    /// Wraps a vector and computes its length.
    pub fn new(id: Id, values: Vec<f32>, position: Position) -> Self {
        let norm = values.iter().map(|x| x * x).sum::<f32>().sqrt();
        Self { id, dim: values.len(), values, norm, position }
    }
}
