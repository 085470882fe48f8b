//! Messages: what other systems say of users and products, as events, labels and merges of the HTTP API.
//!
//! **Used by** HTTP, which takes messages as they come, and by [`crate::feeds`], which reads files of them. A message
//! is given as JSON and whether the model has a kind; nothing else decides what it becomes.
//!
//! **Promises.** Equal messages give equal values, ids of events included, so a message that is sent again adds
//! nothing. What a message says and nothing is made of is told by `Translated::ignored`.
//!
//! **Must not know** the service. Ids and kinds are checked where the values are used.
//!
//! **Bounds.** A message gives at most [`PRODUCTS_MAX`] events.
//!
//! The mappings are in `docs/how-to/take-events-from-other-tools.md`.

mod cloud_events;
mod product_events;
mod segment;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use shelfmark_domain::{FieldError, FieldResult, GivenId, Merge, Timestamp};

pub use cloud_events::cloud_event;
pub use segment::{SegmentRules, is_segment, segment};

/// Most products of one message.
pub const PRODUCTS_MAX: usize = 1000;

/// What a message says.
#[derive(Debug, Default)]
pub struct Translated {
    /// Its statements, in order.
    pub said: Vec<Said>,
    /// Parts of it that are wrong.
    pub errors: Vec<FieldError>,
    /// What nothing is made of, and why.
    pub ignored: Option<String>,
}

/// A statement of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Somebody did something with an item.
    Event(Box<MessageEvent>),
    /// What is known of a user: labels to set, null for those to take away.
    Labels {
        /// The user's id, not checked yet.
        user: String,
        /// Labels by name.
        labels: Map<String, Value>,
    },
    /// Two names are of one user.
    Merge(Merge),
}

/// An event, with the fields of `POST /events`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MessageEvent {
    /// Id that is made from the message's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Id of the item.
    pub item: String,
    /// Kind.
    pub kind: String,
    /// Price or rating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Time of the event, where the message has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<Timestamp>,
    /// Id of the list that led to the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation_id: Option<String>,
    /// What else is kept.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
}

impl Translated {
    fn ignored(why: impl Into<String>) -> Self {
        Self { ignored: Some(why.into()), ..Self::default() }
    }
}

/// Returns the text of an id in a field, which may be a whole number. Nothing, null and an empty text are no id.
fn id(object: &Map<String, Value>, name: &str, path: &str) -> FieldResult<Option<String>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(value) => GivenId::deserialize(value).map(|id| Some(id.into_text())).map_err(|error| {
            let place = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            FieldError::new(place, "invalid_value", error.to_string())
        }),
    }
}

/// Returns the time in a field.
fn time(object: &Map<String, Value>, name: &str) -> FieldResult<Option<Timestamp>> {
    let text = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(FieldError::new(name, "invalid_value", "must be a time of RFC 3339 as text")),
    };
    let ts = Timestamp::parse(text).ok_or_else(|| {
        let advice = Timestamp::advice_on_text(text);
        FieldError::new(name, "invalid_value", advice.unwrap_or_else(|| "must be a time of RFC 3339".to_owned()))
    })?;
    Ok(Some(ts))
}
