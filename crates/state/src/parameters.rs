//! Learned parameters. Weights and AdaGrad accumulators have the same shapes, so both are [`Parameters`].

use std::sync::Arc;

use super::{CowRows, LearnedTable, Scalars};

/// Initial accumulator of vectors: above 0, to damp the first steps of a row.
pub const ACCUMULATOR_INITIAL: f32 = 0.01;

/// One value for each learned value.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Item vectors (tied: output and history), `[items, dim]`.
    pub items: CowRows,
    /// Last-item vectors, `[items + 1, dim]`; row 0 is "no item".
    pub last: CowRows,
    /// User vectors, `[users, dim]`.
    pub users: CowRows,
    /// Token vectors, `[tokens, dim]`.
    pub tokens: CowRows,
    /// Context vectors, `[contexts, dim]`.
    pub contexts: CowRows,
    /// Projections of dense vectors, `[inputs of all modalities, dim]`.
    pub projections: CowRows,
    /// Item biases, `[items, 1]`.
    pub bias: CowRows,
    /// The small vectors, shared by all queries.
    pub scalars: Arc<Scalars>,
}

impl Parameters {
    /// Creates empty tables.
    pub fn new(dim: usize, scalars: Scalars) -> Self {
        Self {
            items: CowRows::new(dim),
            last: CowRows::new(dim),
            users: CowRows::new(dim),
            tokens: CowRows::new(dim),
            contexts: CowRows::new(dim),
            projections: CowRows::new(dim),
            bias: CowRows::new(1),
            scalars: Arc::new(scalars),
        }
    }

    /// Returns a table of rows. Panics for the small vectors, which are no rows.
    #[inline]
    pub fn table(&self, table: LearnedTable) -> &CowRows {
        match table {
            LearnedTable::Items => &self.items,
            LearnedTable::Last => &self.last,
            LearnedTable::Users => &self.users,
            LearnedTable::Tokens => &self.tokens,
            LearnedTable::Context => &self.contexts,
            LearnedTable::Projections => &self.projections,
            LearnedTable::Bias => &self.bias,
            LearnedTable::Small => unreachable!("the small vectors are no rows"),
        }
    }

    /// Returns a table of rows for writing. Panics for the small vectors, which are no rows.
    #[inline]
    pub fn table_mut(&mut self, table: LearnedTable) -> &mut CowRows {
        match table {
            LearnedTable::Items => &mut self.items,
            LearnedTable::Last => &mut self.last,
            LearnedTable::Users => &mut self.users,
            LearnedTable::Tokens => &mut self.tokens,
            LearnedTable::Context => &mut self.contexts,
            LearnedTable::Projections => &mut self.projections,
            LearnedTable::Bias => &mut self.bias,
            LearnedTable::Small => unreachable!("the small vectors are no rows"),
        }
    }
}
