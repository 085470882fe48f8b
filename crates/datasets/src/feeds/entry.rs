//! What a feed yields.

use std::io;

use shelfmark_domain::{Event, Item};

/// One thing read from a line.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEntry {
    /// Line of the file, from 1.
    pub line: u64,
    /// What it says.
    pub body: FeedBody,
}

/// An interaction or an item's metadata, as the HTTP contract takes them.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedBody {
    /// An interaction.
    Event(Event),
    /// An item's metadata, whole.
    Item(Item),
}

/// A line that says nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct BadLine {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong, with the field's name where there is one.
    pub detail: String,
}

/// Why the next entry could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// This line is no use; the feed goes on behind it.
    #[error(transparent)]
    Bad(#[from] BadLine),
    /// The file itself cannot be read on (a broken disk, a cut gzip stream); the feed has ended.
    #[error("cannot be read beyond line {line}")]
    Unreadable {
        /// Last line that was read.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
}
