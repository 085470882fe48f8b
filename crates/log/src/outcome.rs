//! Outcomes of appends, and requests for pages of records.

use shelfmark_domain::{Id, Position};

/// Outcome of one record of an append request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The record was appended at this position.
    Accepted(Position),
    /// The same event is at this position already, and nothing was appended.
    Duplicate(Position),
    /// Another event with this id is at this position, and nothing was appended.
    Conflict(Position),
}

/// Filter and page of [`super::Log::page`].
#[derive(Debug, Clone, Default)]
pub struct RecordsPage {
    /// Exclusive lower bound.
    pub after: Position,
    /// Maximum number of records, 1 to 1,000.
    pub limit: usize,
    /// Only this user's events.
    pub user: Option<Id>,
    /// Only events and other records of this item.
    pub item: Option<Id>,
}
