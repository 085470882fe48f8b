//! Learned tables: the tables that gradient steps update, with their public names.

use serde::Serialize;

use super::Table;

/// A table that learning updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LearnedTable {
    /// Item vectors.
    Items,
    /// Last-item vectors; row 0 is "no item", item `j` is row `j + 1`.
    Last,
    /// User vectors.
    Users,
    /// Token vectors.
    Tokens,
    /// Context vectors.
    Context,
    /// Item biases.
    Bias,
    /// Projections of dense vectors.
    Projections,
    /// The small vectors that all queries share, as one row.
    Small,
}

impl LearnedTable {
    /// All learned tables, by [`LearnedTable::index`].
    pub const ALL: [Self; 8] =
        [Self::Items, Self::Last, Self::Users, Self::Tokens, Self::Context, Self::Bias, Self::Projections, Self::Small];

    /// The learned tables of rows: all but the small vectors.
    pub const ROWS: [Self; 7] =
        [Self::Items, Self::Last, Self::Users, Self::Tokens, Self::Context, Self::Bias, Self::Projections];

    /// Returns the index in [`LearnedTable::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the name in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Last => "last",
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Context => "context",
            Self::Bias => "bias",
            Self::Projections => "projections",
            Self::Small => "small",
        }
    }

    /// Returns the table of the state.
    #[inline]
    pub const fn table(self) -> Table {
        match self {
            Self::Items => Table::ItemVectors,
            Self::Last => Table::LastVectors,
            Self::Users => Table::UserVectors,
            Self::Tokens => Table::TokenVectors,
            Self::Context => Table::ContextVectors,
            Self::Bias => Table::ItemBias,
            Self::Projections => Table::Projections,
            Self::Small => Table::Scalars,
        }
    }
}
