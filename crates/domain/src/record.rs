//! One entry of a model's log, and the group commit that it came in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Event, Except, ForgottenUser, Id, Item, ModelConfig, Position, RowVector, Timestamp, VersionNumber};

/// What a record says. Everything that can change a model is one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RecordBody {
    /// An interaction.
    Event(Event),
    /// An item's metadata, whole: it replaces what was known.
    PutItem(Item),
    /// An item is gone: never recommended again until put back.
    RemoveItem {
        /// The item.
        item: Id,
    },
    /// The state becomes that of a version. Without `replay` the records between the version and this one stay unapplied;
    /// with it they are applied on top of the version, without those that it names.
    Restore {
        /// The version.
        version: VersionNumber,
        /// What is left out of the records after the version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replay: Option<Box<Except>>,
    },
    /// The configuration becomes this one.
    Configure {
        /// The configuration, whole.
        config: Box<ModelConfig>,
    },
    /// A row becomes a vector that was learned elsewhere.
    PutVector(RowVector),
    /// A user is gone: the row loses its id, its vector and its history.
    Forget(ForgottenUser),
}

/// A record with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// When it was committed, by the appender's clock.
    pub appended_at: Timestamp,
    /// Name of the API key that it came in with; `None` without keys, and for what the service appends by itself.
    pub source: Option<Id>,
    /// What it says.
    pub body: RecordBody,
}

/// One durable group commit: records with consecutive positions. Steps never cross its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// The records, in order; never empty.
    pub records: Arc<[Record]>,
}

impl Append {
    /// Position of the first record.
    pub fn first(&self) -> Position {
        self.records.first().expect("an append is never empty").position
    }

    /// Position of the last record.
    pub fn last(&self) -> Position {
        self.records.last().expect("an append is never empty").position
    }
}

/// A record that wants a place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    /// What it says.
    pub body: RecordBody,
    /// For events with an id of the client's: a hash of the body as the client gave it (without what the service
    /// filled in), so that a retry is told from a conflict. `None`: never a duplicate.
    pub retry_hash: Option<i64>,
    /// Name of the API key that it came in with.
    pub source: Option<Id>,
}

impl NewRecord {
    /// A record of the service's own: never a duplicate, from no key.
    pub fn own(body: RecordBody) -> Self {
        Self { body, retry_hash: None, source: None }
    }
}
