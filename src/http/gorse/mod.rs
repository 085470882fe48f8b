//! `/api`: the REST surface of Gorse 0.4 and 0.5, so that its clients work unchanged.
//!
//! A thin translation: users, items and feedback become profiles, items and events in the log of one model, and are
//! read from its view. The model is that of the key, else `default`. Writes wait for the live view, because Gorse's
//! clients read what they have just written. Errors are plain text, empty lists `[]`. Nothing outside knows this room
//! but the routes.

mod feedback;
mod health;
mod items;
mod keyed;
mod labels;
mod recommend;
mod request;
mod users;

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
    ingest::{WaitFor, WaitQuery},
};
use crate::engine::Model;
use shelfmark_domain::FieldError;

pub use self::{
    feedback::{
        delete as delete_feedback, delete_typed as delete_typed_feedback, get as get_feedback,
        get_typed as get_typed_feedback, of_item as item_feedback, of_user as user_feedback, post as post_feedback,
        put as put_feedback,
    },
    health::{live, ready},
    items::{
        add_category, delete as delete_item, get as get_item, list as list_items, patch as patch_item,
        post as post_item, post_many as post_items, remove_category,
    },
    recommend::{latest, neighbors, non_personalized, popular, session as session_recommend, user as recommend},
    users::{
        delete as delete_user, get as get_user, list as list_users, patch as patch_user, post as post_user,
        post_many as post_users,
    },
};

/// Longest list of recommendations, and longest page.
const N_MAX: usize = 1000;
/// Longest wait for the live view after a write, in milliseconds.
const APPLIED_MS: u64 = 10_000;

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
}

impl TextError {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }
}

impl IntoResponse for TextError {
    fn into_response(self) -> Response {
        (self.status, self.text).into_response()
    }
}

impl From<ApiError> for TextError {
    fn from(error: ApiError) -> Self {
        Self { status: error.meaning().0, text: error.detail() }
    }
}

impl From<FieldError> for TextError {
    fn from(error: FieldError) -> Self {
        Self::bad(format!("{}: {}", error.field, error.detail))
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

/// How a write waits.
const fn wait() -> WaitQuery {
    WaitQuery { wait: WaitFor::Applied, timeout_ms: Some(APPLIED_MS) }
}
