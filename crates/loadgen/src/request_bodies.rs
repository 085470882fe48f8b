//! Bodies of requests, encoded before the load begins.

use bytes::Bytes;
use serde_json::{Value, json};
use shelfmark_domain::Event;

use crate::LoadError;

/// Bodies of requests. Each list is sent in order, round and round.
#[derive(Debug, Clone)]
pub struct RequestBodies {
    /// Recommendations: the actor of every event, so that each is asked for as often as it comes.
    pub queries: Vec<Bytes>,
    /// Appends.
    pub appends: Vec<Bytes>,
}

impl RequestBodies {
    /// Encodes events: a query for `limit` items for each of them, and appends of `batch` events each.
    pub fn new(events: &[Event], limit: u16, batch: usize) -> Result<Self, LoadError> {
        let query = |event: &Event| {
            let actor = match (&event.user, &event.session) {
                (Some(user), _) => json!({ "user": user, "limit": limit }),
                (None, session) => json!({ "session_id": session, "limit": limit }),
            };
            Bytes::from(actor.to_string())
        };
        let appends: Result<Vec<Bytes>, serde_json::Error> = events.chunks(batch).map(append).collect();
        Ok(Self { queries: events.iter().map(query).collect(), appends: appends? })
    }
}

/// Encodes the body of an append.
fn append(events: &[Event]) -> serde_json::Result<Bytes> {
    let mut events = events.iter().map(without_identity).collect::<serde_json::Result<Vec<Value>>>()?;
    let body = match events.len() {
        1 => events.remove(0),
        _ => json!({ "events": events }),
    };
    Ok(Bytes::from(body.to_string()))
}

/// Encodes an event without id and time: each time that it is sent, the service takes it as a new event of that moment.
fn without_identity(event: &Event) -> serde_json::Result<Value> {
    let mut event = serde_json::to_value(event)?;
    if let Some(fields) = event.as_object_mut() {
        fields.remove("event_id");
        fields.remove("ts");
    }
    Ok(event)
}
