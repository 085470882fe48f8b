//! Entries of a store's list, and time by the clock that wrote them.

use std::time::Duration;

use time::OffsetDateTime;

/// An object in a list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Name below the address.
    pub name: String,
    pub bytes: u64,
    /// When it was written, by the store's clock.
    pub modified: OffsetDateTime,
}

/// Returns the time between two moments, zero when they are the other way round.
pub(crate) fn since(earlier: OffsetDateTime, later: OffsetDateTime) -> Duration {
    Duration::try_from(later - earlier).unwrap_or_default()
}
