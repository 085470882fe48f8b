//! Records: the entries of a model's log, and the appends in which they are committed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Event, Exclusions, ForgottenUser, Id, Item, ItemPatch, Merge, ModelConfig, Position, ProfileUpdate, Retraction,
    RowVector, Timestamp, VersionNumber,
};

/// Content of a record. Everything that can change a model is one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RecordBody {
    /// An event.
    Event(Event),
    /// An item's metadata, which replaces what was stored.
    PutItem(Item),
    /// Changes parts of an item's metadata; creates an item that is unknown. A removed item stays removed.
    PatchItem(Box<ItemPatch>),
    /// Removes an item: it is not recommended until put again.
    RemoveItem {
        /// Id of the item.
        item: Id,
    },
    /// Replaces the state by that of a version. Without `replay`, the records between the version and this one are not
    /// applied. With `replay`, they are applied to the version, without the excluded ones.
    Restore {
        /// The version.
        version: VersionNumber,
        /// Records after the version that are left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replay: Option<Box<Exclusions>>,
    },
    /// Replaces the configuration.
    Configure {
        /// The whole configuration.
        config: Box<ModelConfig>,
    },
    /// Imports a vector into a row.
    PutVector(RowVector),
    /// Moves the history of another user or of a session into a user's.
    Merge(Merge),
    /// Changes what is known of a user beside events. Makes a user who is unknown.
    UpdateProfile(Box<ProfileUpdate>),
    /// Takes an event out of the history that holds it.
    Retract(Box<Retraction>),
    /// Forgets a modality of dense vectors: its length, its projection, and the items' vectors of it.
    ResetModality {
        /// Name of the modality.
        modality: String,
    },
    /// Erases a user: the row loses its id, its vector and its history.
    Forget(ForgottenUser),
}

impl RecordBody {
    /// Returns the event; `None` when it is another kind of record.
    pub fn into_event(self) -> Option<Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::PutItem(_)
            | Self::PatchItem(_)
            | Self::RemoveItem { .. }
            | Self::Restore { .. }
            | Self::Configure { .. }
            | Self::PutVector(_)
            | Self::Merge(_)
            | Self::UpdateProfile(_)
            | Self::Retract(_)
            | Self::ResetModality { .. }
            | Self::Forget(_) => None,
        }
    }
}

/// A record at its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Position in the log.
    pub position: Position,
    /// Time of the commit, by the appender's clock.
    pub appended_at: Timestamp,
    /// Name of the API key that it came in with. `None` without keys, and for records of the service itself.
    pub source: Option<Id>,
    /// Content.
    pub body: RecordBody,
}

/// One durable group commit of records with consecutive positions. Steps never cross its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// The records, in order; never empty.
    pub records: Arc<[Record]>,
}

impl Append {
    /// Returns the position of the first record.
    pub fn first(&self) -> Position {
        self.records.first().expect("an append is never empty").position
    }

    /// Returns the position of the last record.
    pub fn last(&self) -> Position {
        self.records.last().expect("an append is never empty").position
    }
}

/// A record to append.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    /// Content.
    pub body: RecordBody,
    /// For events with an id given by the client: hash of the body as given, by which a retry is told from a conflict.
    /// `None` means never a duplicate.
    pub retry_hash: Option<i64>,
    /// Name of the API key that it came in with.
    pub source: Option<Id>,
}

impl NewRecord {
    /// Creates a record of the service itself: never a duplicate, without a key.
    pub fn own(body: RecordBody) -> Self {
        Self { body, retry_hash: None, source: None }
    }
}
