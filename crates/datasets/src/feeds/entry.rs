//! Entries of a feed, and lines that cannot be used.

use std::{fmt, io};

use shelfmark_domain::{Event, Item};

/// An entry that was read from a line.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEntry {
    /// Line of the file, from 1.
    pub line: u64,
    /// The event or item.
    pub body: FeedBody,
}

/// An event or an item, as the HTTP API takes them.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedBody {
    /// An event.
    Event(Event),
    /// An item with all of its metadata.
    Item(Item),
}

/// Writes what was understood, on one line.
impl fmt::Display for FeedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => {
                write!(f, "event {}", event.kind)?;
                let named = [("user", event.user.as_ref()), ("session", event.session.as_ref())];
                for (name, id) in named.into_iter().filter_map(|(name, id)| Some((name, id?))) {
                    write!(f, ", {name} {id}")?;
                }
                write!(f, ", item {}, ts {}", event.item, event.ts)?;
                event.value.map_or(Ok(()), |value| write!(f, ", value {value}"))
            }
            Self::Item(item) => {
                write!(f, "item {}", item.id)?;
                if let Some(title) = &item.title {
                    write!(f, ", title {title:?}")?;
                }
                if !item.categories.is_empty() {
                    write!(f, ", categories {}", item.categories.join(", "))?;
                }
                let names: Vec<&str> = item.properties.keys().take(8).map(String::as_str).collect();
                if names.is_empty() { Ok(()) } else { write!(f, ", properties {}", names.join(", ")) }
            }
        }
    }
}

/// Error of a line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct BadLine {
    /// Line of the file, from 1.
    pub line: u64,
    /// The error, with the name of the field where there is one.
    pub detail: String,
}

/// Errors of reading an entry.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The line cannot be used. Reading goes on after it.
    #[error(transparent)]
    Bad(#[from] BadLine),
    /// The file cannot be read any further (a broken disk, a truncated gzip stream). The feed has ended.
    #[error("cannot be read beyond line {line}")]
    Unreadable {
        /// Last line that was read.
        line: u64,
        /// Error of the system.
        source: io::Error,
    },
}
