//! Outcomes of appends, and queries for pages of records.

use shelfmark_domain::{Id, Position};

/// What became of one record of an append request, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It stands here now.
    Accepted(Position),
    /// The same event stood here already: nothing changed.
    Duplicate(Position),
    /// An event with this id and another body stands here: nothing changed.
    Conflict(Position),
}

/// Filter and page of [`super::Log::page`].
#[derive(Debug, Clone, Default)]
pub struct RecordsPage {
    /// Exclusive lower end.
    pub after: Position,
    /// Most records, 1 to 1,000.
    pub limit: usize,
    /// Only this user's events.
    pub user: Option<Id>,
    /// Only events with, and records of, this item.
    pub item: Option<Id>,
}
