//! `/api`: the REST surface of Gorse 0.4 and 0.5, so that its clients work unchanged.
//!
//! A thin translation: users, items and feedback become profiles, items and events in the log of one model, and are
//! read from its view. The model is that of the key, else `default`. Writes wait for the live view, because Gorse's
//! clients read what they have just written. Errors are plain text, empty lists `[]`. Nothing outside knows this room
//! but the routes, and the command that moves from Gorse, which reads dumps.

mod bulk;
mod feedback;
mod feedback_log;
mod health;
mod items;
mod keyed;
mod labels;
mod neighbors;
mod purge;
mod recommend;
mod request;
mod routes;
mod users;

use std::time::Duration;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    Api,
    auth::Caller,
    error::ApiError,
    ingest::{EventsRefused, Patience, WaitFor, WaitQuery},
};
use crate::engine::Model;
use shelfmark_domain::FieldError;

pub use bulk::{DumpEntry, DumpFile, DumpFileError};
pub use routes::routes;

/// Longest list of recommendations, and longest page.
const N_MAX: usize = 1000;
/// Longest wait for the live view after a write.
const APPLIED: Duration = Duration::from_secs(10);
/// How long the writes of a request wait.
const PATIENCE: Patience = Patience { queue: Duration::ZERO, applied: APPLIED };

/// The answer to every write.
#[derive(Debug, Serialize)]
struct RowAffected {
    #[serde(rename = "RowAffected")]
    rows: usize,
}

fn affected(rows: usize) -> Response {
    Json(RowAffected { rows }).into_response()
}

/// An error as Gorse's clients expect it: a status and text.
#[derive(Debug)]
pub struct TextError {
    status: StatusCode,
    text: String,
    /// Place of the bad entry in a list.
    place: Option<usize>,
}

impl TextError {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), place: None }
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// Says which entry of a list is bad.
    fn at(self, place: usize) -> Self {
        Self { place: Some(place), ..self }
    }
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some(place) => write!(f, "[{place}].{}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for TextError {}

impl IntoResponse for TextError {
    fn into_response(self) -> Response {
        (self.status, self.to_string()).into_response()
    }
}

impl From<ApiError> for TextError {
    fn from(error: ApiError) -> Self {
        Self::new(error.meaning().0, error.detail())
    }
}

impl From<FieldError> for TextError {
    fn from(error: FieldError) -> Self {
        Self::bad(format!("{}: {}", error.field, error.detail))
    }
}

impl From<EventsRefused> for TextError {
    fn from(refused: EventsRefused) -> Self {
        match refused {
            EventsRefused::Event { place, error } => {
                let text = format!("{}: {}", feedback_field(&error.field), error.detail);
                Self::new(ApiError::from(error).meaning().0, text).at(place)
            }
            EventsRefused::All(error) => error.into(),
        }
    }
}

impl From<shelfmark_log::LogError> for TextError {
    fn from(error: shelfmark_log::LogError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<crate::engine::EngineError> for TextError {
    fn from(error: crate::engine::EngineError) -> Self {
        ApiError::from(error).into()
    }
}

/// Returns the model that a caller speaks of.
fn model(api: &Api, caller: &Caller) -> Result<Model, TextError> {
    let name = match caller {
        Caller::Key(key) => key.model.as_deref().unwrap_or("default"),
        Caller::Anonymous | Caller::Unknown(_) => "default",
    };
    Ok(api.model(name)?)
}

/// How a retraction waits.
fn wait() -> WaitQuery {
    WaitQuery { wait: WaitFor::Applied, timeout_ms: u64::try_from(APPLIED.as_millis()).ok() }
}

/// Names a field of an event as feedback does.
fn feedback_field(field: &str) -> &str {
    match field {
        "user" => "UserId",
        "item" => "ItemId",
        "kind" => "FeedbackType",
        "ts" => "Timestamp",
        "value" => "Value",
        "properties" => "Comment or Labels",
        other => other,
    }
}
