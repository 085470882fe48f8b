//! `/api/user` and `/api/users`.

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PATIENCE, TextError, affected, labels, model,
    request::{JsonBody, ListQuery},
};
use crate::{
    engine::{Model, Unlearn},
    http::{Api, auth::Caller, cpu_pool::off_worker, error::ApiError, ingest, profiles},
};
use shelfmark_domain::{Id, ProfileUpdate, UserProfile, is_pseudonym};
use shelfmark_serving::View;
use shelfmark_store::operations::OperationState;

/// Longest wait for a user to be forgotten.
const FORGET_MAX: std::time::Duration = std::time::Duration::from_secs(60);
/// Pause between two looks at an erasure.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);
/// Bytes of work that a user counts as, in a pass over all of them.
const USER_BYTES: usize = 64;

/// A user.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct User {
    pub user_id: String,
    #[serde(default)]
    pub labels: Value,
    #[serde(default)]
    pub comment: Option<String>,
    /// Always null, beside a list of labels: what Gorse 0.4 answered, whose labels were lists. Later clients compare
    /// users whole and know no such field.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<()>,
}

impl User {
    /// Returns a user with a comment.
    pub fn new(user_id: String, labels: Value, comment: String) -> Self {
        let subscribe = labels.is_array().then_some(());
        Self { user_id, labels, comment: Some(comment), subscribe }
    }

    /// Translates into an update of the profile, which it replaces.
    pub fn update(self) -> Result<ProfileUpdate, TextError> {
        let Self { user_id, labels, comment, .. } = self;
        let labels = labels::encode(&labels).into_iter().map(|(name, value)| (name, Some(value))).collect();
        let comment = comment.filter(|comment| !comment.is_empty());
        if comment.as_ref().is_some_and(|comment| comment.len() > UserProfile::COMMENT_BYTES_MAX) {
            return Err(TextError::bad(format!("Comment has at most {} bytes", UserProfile::COMMENT_BYTES_MAX)));
        }
        let update = ProfileUpdate { user: Id::new("UserId", &user_id)?, replace: true, labels: Some(labels), comment };
        update.applied(&UserProfile::default()).check().map_err(|error| {
            TextError::bad(format!("{}: {}", error.field.replacen("labels", "Labels", 1), error.detail))
        })?;
        Ok(update)
    }
}

/// A page of users, ordered by id as text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Users {
    cursor: String,
    users: Vec<User>,
}

/// Changes of a user: null is no change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserPatch {
    labels: Option<Value>,
    comment: Option<String>,
}

/// Creates or replaces a user.
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(one): JsonBody<User>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    profiles::append_updates(&model, &caller, vec![one.update()?], PATIENCE).await?;
    Ok(affected(1))
}

/// Creates or replaces users.
pub async fn post_many(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(all): JsonBody<Vec<User>>,
) -> Result<Response, TextError> {
    put_all(&api, &caller, all).await
}

async fn put_all(api: &Api, caller: &Caller, users: Vec<User>) -> Result<Response, TextError> {
    let model = model(api, caller)?;
    if users.len() > ingest::ENTRIES_MAX {
        return Err(TextError::bad(format!("at most {} users", ingest::ENTRIES_MAX)));
    }
    let count = users.len();
    let updates = users.into_iter().enumerate().map(|(place, user)| user.update().map_err(|error| error.at(place)));
    let updates = updates.collect::<Result<Vec<_>, _>>()?;
    profiles::append_updates(&model, caller, updates, PATIENCE).await?;
    Ok(affected(count))
}

/// Lists users.
pub async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let ListQuery { n, cursor, .. } = list;
    let view = model.live();
    let work = view.inference().users.len() * USER_BYTES;
    let page = off_worker(work, move || {
        let (ids, next) = page_of(known(&view).map(|(_, id)| id), &cursor, n);
        let users = ids.iter().filter_map(|id| user(&view, id)).collect();
        Users { cursor: next, users }
    });
    let Users { cursor, users } = page.await?;
    Ok(Json(Users { cursor, users: commented(&model, users).await? }).into_response())
}

/// The users that a view knows, by row. The row of a forgotten user has a pseudonym.
pub fn known(view: &View) -> impl Iterator<Item = (u32, &str)> {
    let ids = view.inference().users.ids().map(|(row, id)| (row, id.as_str()));
    ids.filter(|(_, id)| !is_pseudonym(id))
}

/// Returns the `n` smallest ids after a cursor, in order, and the cursor of the next page.
pub fn page_of<'a>(ids: impl Iterator<Item = &'a str>, cursor: &str, n: usize) -> (Vec<String>, String) {
    let mut after: Vec<&str> = ids.filter(|id| *id > cursor).collect();
    let more = after.len() > n;
    if more && n > 0 {
        after.select_nth_unstable(n - 1);
    }
    after.truncate(n);
    after.sort_unstable();
    let next = after.last().filter(|_| more).map_or_else(String::new, |last| (*last).to_owned());
    (after.into_iter().map(str::to_owned).collect(), next)
}

/// A user of a view, without comment.
pub fn user(view: &View, id: &str) -> Option<User> {
    let row = view.inference().users.get(id).filter(|_| !is_pseudonym(id))?;
    let UserProfile { labels } = view.inference().profile(row).cloned().unwrap_or_default();
    Some(User::new(id.to_owned(), labels::decode(&labels), String::new()))
}

/// Adds the comments, which the log alone has, with one query. A patch without a comment leaves the one before it.
pub async fn commented(model: &Model, mut users: Vec<User>) -> Result<Vec<User>, TextError> {
    let ids = users.iter().map(|user| Id::new("UserId", &user.user_id)).collect::<Result<Vec<_>, _>>()?;
    let mut updates = model.log().newest_profile_updates(&ids).await?;
    for (user, id) in users.iter_mut().zip(&ids) {
        let newest_first = updates.remove(id).unwrap_or_default();
        user.comment = Some(newest_first.into_iter().find_map(|update| update.comment).unwrap_or_default());
    }
    Ok(users)
}

/// A user with the comment.
async fn read(model: &Model, id: &str) -> Result<User, TextError> {
    let known = user(&model.live(), id).ok_or_else(unknown)?;
    commented(model, vec![known]).await?.pop().ok_or_else(unknown)
}

fn unknown() -> TextError {
    TextError::new(StatusCode::NOT_FOUND, "1000: user not found")
}

/// Reads a user.
pub async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    Ok(Json(read(&model, &id).await?).into_response())
}

/// Changes a user.
pub async fn patch(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    JsonBody(UserPatch { labels, comment }): JsonBody<UserPatch>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let known = read(&model, &id).await?;
    let labels = labels.filter(|labels| !labels.is_null()).unwrap_or(known.labels);
    let changed = User::new(id, labels, comment.or(known.comment).unwrap_or_default());
    profiles::append_updates(&model, &caller, vec![changed.update()?], PATIENCE).await?;
    Ok(affected(1))
}

/// Forgets a user, with all feedback.
pub async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let id = Id::new("UserId", &id)?;
    Box::pin(forget(&model, id, caller.actor())).await?;
    Ok(affected(1))
}

/// Forgets a user, and waits until it is done.
async fn forget(model: &Model, id: Id, actor: String) -> Result<(), TextError> {
    let started = model.forget(id, Unlearn::Rows, actor).await?;
    let until = tokio::time::Instant::now() + FORGET_MAX;
    loop {
        let operation = model.operations().store().get(started.id).await.map_err(ApiError::from)?;
        match operation.state {
            OperationState::Done => return Ok(()),
            OperationState::Failed | OperationState::Cancelled => {
                let why = operation.error.unwrap_or_else(|| "it was cancelled".to_owned());
                return Err(TextError::new(StatusCode::INTERNAL_SERVER_ERROR, why));
            }
            OperationState::Running if tokio::time::Instant::now() > until => {
                let text = format!("the user is still being forgotten by operation {}", started.id);
                return Err(TextError::new(StatusCode::SERVICE_UNAVAILABLE, text));
            }
            OperationState::Running => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_ordered_by_id_as_text() {
        let ids = || ["2", "10", "1", "100", "3"].into_iter();
        assert_eq!(page_of(ids(), "", 3), (vec!["1".into(), "10".into(), "100".into()], "100".into()));
        assert_eq!(page_of(ids(), "100", 3), (vec!["2".into(), "3".into()], String::new()));
        assert_eq!(page_of(ids(), "", 0), (Vec::new(), String::new()));
        assert_eq!(page_of(ids(), "", 5).1, "");
    }
}
