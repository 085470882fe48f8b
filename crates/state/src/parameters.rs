//! Learned parameters. Weights and AdaGrad accumulators have the same shapes, so both are [`Parameters`].

use std::sync::Arc;

use super::{CowRows, Scalars, Table};

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

    /// One of the learned tables. Panics for the others.
    #[inline]
    pub fn table(&self, table: Table) -> &CowRows {
        match table {
            Table::ItemVectors => &self.items,
            Table::LastVectors => &self.last,
            Table::UserVectors => &self.users,
            Table::TokenVectors => &self.tokens,
            Table::ContextVectors => &self.contexts,
            Table::Projections => &self.projections,
            Table::ItemBias => &self.bias,
            other @ (Table::Config
            | Table::Counters
            | Table::Kinds
            | Table::Tokens
            | Table::Items
            | Table::Known
            | Table::Users
            | Table::Sessions
            | Table::Contexts
            | Table::UserHistories
            | Table::SessionHistories
            | Table::Popularity
            | Table::Memory
            | Table::Recent
            | Table::Scalars
            | Table::Modalities
            | Table::ContentVectors
            | Table::BaseWeights
            | Table::UsersSeen
            | Table::SessionsSeen) => unreachable!("{other:?} has no learned rows"),
        }
    }

    /// One of the learned tables for writing. Panics for the others.
    #[inline]
    pub fn table_mut(&mut self, table: Table) -> &mut CowRows {
        match table {
            Table::ItemVectors => &mut self.items,
            Table::LastVectors => &mut self.last,
            Table::UserVectors => &mut self.users,
            Table::TokenVectors => &mut self.tokens,
            Table::ContextVectors => &mut self.contexts,
            Table::Projections => &mut self.projections,
            Table::ItemBias => &mut self.bias,
            other @ (Table::Config
            | Table::Counters
            | Table::Kinds
            | Table::Tokens
            | Table::Items
            | Table::Known
            | Table::Users
            | Table::Sessions
            | Table::Contexts
            | Table::UserHistories
            | Table::SessionHistories
            | Table::Popularity
            | Table::Memory
            | Table::Recent
            | Table::Scalars
            | Table::Modalities
            | Table::ContentVectors
            | Table::BaseWeights
            | Table::UsersSeen
            | Table::SessionsSeen) => unreachable!("{other:?} has no learned rows"),
        }
    }
}
