//! Retractions: an event is taken back, such as a like that was withdrawn or an order that was cancelled.

use serde::{Deserialize, Serialize};

use super::{Event, Id, Position, Timestamp};

/// Takes an event out of the history that holds it. Carries what finds it there, so that learning needs no look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retraction {
    /// Id of the event; `None` once its user is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Id>,
    /// Position of the event.
    pub event_position: Position,
    /// How often the event was retracted before, by records that a rollback gave up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// The user whose history holds the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Id>,
    /// The session whose history holds the event. Says nothing beside a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Id>,
    /// The event's item.
    pub item: Id,
    /// The event's kind.
    pub kind: String,
    /// The event's time.
    pub ts: Timestamp,
}

fn is_zero(attempt: &u32) -> bool {
    *attempt == 0
}

impl Retraction {
    /// Most records that retract one event: each rollback may give one up.
    pub const ATTEMPTS_MAX: u32 = 64;

    /// Makes the retraction of an event whose history is that of its user, or of its session without one.
    pub fn of(event: &Event, event_position: Position) -> Self {
        Self {
            event_id: Some(event.event_id.clone()),
            event_position,
            attempt: 0,
            user: event.user.clone(),
            session: event.session.clone().filter(|_| event.user.is_none()),
            item: event.item.clone(),
            kind: event.kind.clone(),
            ts: event.ts,
        }
    }

    /// Returns the id under which the log has the record: an event is retracted by one record, however often that is
    /// asked for.
    pub fn record_id(&self) -> String {
        Self::record_id_of(self.event_position, self.attempt)
    }

    /// Returns the id of the record that retracts the event at a position, after so many attempts before it.
    pub fn record_id_of(event_position: Position, attempt: u32) -> String {
        format!("shelfmark-retraction-{event_position}-{attempt}")
    }
}
