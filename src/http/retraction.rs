//! `DELETE /v1/models/{model}/events/{id}`: an event is taken back.

use axum::{Extension, extract::State};

use super::{
    Api,
    auth::Caller,
    error::ApiError,
    ingest::{self, AppendResponse, AppendSummary, ParsedEntry, WaitQuery},
    params::{self, Params, Segments},
    paths::IdPath,
    problem::Problem,
};
use crate::engine::Model;
use shelfmark_domain::{Id, NewRecord, RecordBody, Retraction};

/// Tells a repeated retraction from other records of its id. One id always means the same.
const RETRY_HASH: i64 = 1;

/// Takes an event back: an unlike, a cancelled order.
///
/// The event leaves its user's history at once, and with it what is seen, disliked and recommended. Weights, popularity
/// and what follows what stay as learned; a replay that leaves the event out takes them back. Asked again, nothing
/// changes (`duplicates` is 1). The event stays in the log, and sending its id again counts as a duplicate.
#[utoipa::path(
    delete, path = "/v1/models/{model}/events/{id}", tag = "events", operation_id = "retract_event",
    params(IdPath, WaitQuery),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 404, description = "No such event (`event_not_found`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A rollback gave this event up (`rolled_back`)", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn retract(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let id = Id::new("event_id", &path.id)?;
    params::wait(wait.timeout_ms)?;
    Box::pin(retract_event(&model, &caller, &id, &wait)).await
}

/// Takes an event of a model back. Its future is large: pin it.
pub async fn retract_event(
    model: &Model,
    caller: &Caller,
    id: &Id,
    wait: &WaitQuery,
) -> Result<AppendResponse, ApiError> {
    let found = model.log().find_event(id).await?;
    let (position, event) = found.ok_or_else(|| ApiError::NotFound { what: "event", id: id.to_string() })?;
    if model.is_rolled_back(position).await? {
        return Err(ApiError::EventRolledBack(position));
    }
    let mut retraction = Retraction::of(&event, position);
    // A visit becomes its user's, and a user another's.
    if !model.live().inference().holds(&retraction)
        && let Some(user) = model.log().moved_to(&event, position).await?
    {
        retraction = Retraction { user: Some(user), session: None, ..retraction };
    }
    loop {
        let body = RecordBody::Retract(Box::new(retraction.clone()));
        let record = NewRecord { body, retry_hash: Some(RETRY_HASH), source: caller.source() };
        match ingest::append_one(model, ParsedEntry { record, made_id: None }, wait).await {
            // A rollback gave up the earlier record too: the event is in the history again.
            Err(ApiError::EventRolledBack(_)) if retraction.attempt < Retraction::ATTEMPTS_MAX => {
                retraction.attempt += 1;
            }
            answer => return answer,
        }
    }
}
