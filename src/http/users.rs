//! `/v1/models/{model}/users/{id}` and `erasures`: whom a model knows, and forgetting.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    auth::Caller,
    body,
    error::ApiError,
    ingest::{self, AppendResponse, AppendSummary, ParsedEntry, WaitQuery},
    operations::OperationOut,
    paging::{self, PageQuery, RowPageQuery},
    params::{Params, Segments},
    paths::{IdPath, ModelPath},
    problem::Problem,
    read_options::{FreshnessQuery, ReadOptions, with_state_headers},
};
use crate::engine::{ErasureReceipt, Unlearn};
use shelfmark_domain::{
    FieldError, FieldResult, GivenId, Id, Merge, MergeSource, NewRecord, Position, PropertyValue, RecordBody,
    Timestamp, UserProfile, not_null,
};

/// Newest events that are shown.
const EVENTS_MAX: usize = 20;

/// Data that a model holds about a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserOut {
    /// The user.
    id: Id,
    /// Labels by name, as they were put.
    #[schema(value_type = BTreeMap<String, PropertyValue>)]
    labels: BTreeMap<String, PropertyValue>,
    /// Number of the user's events so far.
    events: u64,
    /// The newest events, newest first; at most 20.
    newest: Vec<UserEvent>,
}

/// An event in a user's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserEvent {
    /// The item.
    item: Id,
    /// Kind of event.
    kind: String,
    /// Time of the event.
    ts: Timestamp,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsersOut {
    /// Users, by row: mostly in the order in which the model met them.
    users: Vec<UserEntry>,
    /// `cursor` of the next page; null at the end.
    #[schema(value_type = Option<u64>)]
    next_cursor: Option<u32>,
}

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserEntry {
    /// The user.
    id: Id,
    /// Number of the user's events so far.
    events: u64,
    /// Time of the newest event.
    last: Option<Timestamp>,
}

/// Lists users page by page, forgotten ones left out.
///
/// A page may have fewer users than `limit`, or none, before the end.
#[utoipa::path(
    get, path = "/v1/models/{model}/users", tag = "users", operation_id = "list_users",
    params(ModelPath, RowPageQuery),
    responses((status = 200, description = "A page", body = UsersOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<RowPageQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    let view = ReadOptions::new(None, page.min_position, page.timeout_ms)?.view(&model).await?;
    let inference = view.inference();
    let (users, next_cursor) = page.page(inference.users.len(), limit, |row| {
        let id = inference.users.get_id(row)?.clone();
        let history = inference.history(inference.user(id.as_str())?);
        let (events, last) = (history.total(), history.newest(0).next().map(|past| past.at));
        // The row of a forgotten user has neither events nor a profile.
        let row = inference.users.get(id.as_str())?;
        (events > 0 || inference.profile(row).is_some()).then_some(UserEntry { id, events, last })
    });
    Ok(with_state_headers(&view, Json(UsersOut { users, next_cursor })))
}

/// Reads what the model holds of a user.
#[utoipa::path(
    get, path = "/v1/models/{model}/users/{id}", tag = "users", operation_id = "get_user",
    params(IdPath, FreshnessQuery),
    responses(
        (status = 200, description = "The user", body = UserOut),
        (status = 404, description = "Nothing named the user, or the user is forgotten (`user_not_found`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(fresh): Params<FreshnessQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let view = ReadOptions::fresh(&fresh)?.view(&model).await?;
    let inference = view.inference();
    let unknown = || ApiError::NotFound { what: "user", id: path.id.clone() };
    let actor = inference.user(&path.id).ok_or_else(unknown)?;
    let history = inference.history(actor);
    let newest = history.newest(0).take(EVENTS_MAX).map(|past| UserEvent {
        item: inference.catalog.id(past.item).clone(),
        kind: inference.kinds.id(u32::from(past.kind)).as_str().to_owned(),
        ts: past.at,
    });
    let newest = newest.collect();
    let row = inference.users.get(&path.id);
    let UserProfile { labels } = row.and_then(|row| inference.profile(row)).cloned().unwrap_or_default();
    let out = UserOut { id: Id::new("id", &path.id)?, labels, events: history.total(), newest };
    Ok(with_state_headers(&view, Json(out)))
}

/// Whose history becomes the user's: one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"session": "s-91c2"}))]
pub struct MergeBody {
    /// Another user, such as a guest with an id of its own.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    user: Option<GivenId>,
    /// A session: what it did without a user.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    session: Option<GivenId>,
}

impl MergeBody {
    fn source(&self) -> FieldResult<MergeSource> {
        match (&self.user, &self.session) {
            (Some(user), None) => Id::new("user", user).map(MergeSource::User),
            (None, Some(session)) => Id::new("session", session).map(MergeSource::Session),
            (Some(_), Some(_)) => Err(FieldError::new("session", "ambiguous", "name a user or a session, not both")),
            (None, None) => Err(FieldError::new("user", "missing", "name a user or a session")),
        }
    }
}

/// Merges another user, or a session, into a user.
///
/// What they did so far counts as the user's: it goes into the history, each event at its time, and whoever it came from is
/// not known any more. It happens at a place in the log, so replays and replicas agree; events that name the old user later
/// are of a user of that name again. What nobody did is merged too: it changes nothing. An event that names both a user
/// and a session merges that session by itself.
#[utoipa::path(
    post, path = "/v1/models/{model}/users/{id}/merge", tag = "users", operation_id = "merge_user",
    params(IdPath, WaitQuery),
    request_body = MergeBody,
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn merge(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let given: MergeBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let merge = Merge { into: Id::new("id", &path.id)?, from: given.source()? };
    if merge.from == MergeSource::User(merge.into.clone()) {
        return Err(FieldError::new("user", "same_user", "must be another user than that of the path").into());
    }
    let record = NewRecord { source: caller.source(), ..NewRecord::own(RecordBody::Merge(merge)) };
    ingest::append_one(&model, ParsedEntry { record, made_id: None }, &wait).await
}

/// Query parameters of a forgotten user.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ForgetQuery {
    /// `rows` (when left out): what others learned from the user stays, of nobody known. `replay`: the log is learned again
    /// without the user, from before the first event.
    #[param(pattern = "^(rows|replay)$")]
    unlearn: Option<String>,
}

fn unlearn(text: Option<&str>) -> FieldResult<Unlearn> {
    match text {
        None | Some("rows") => Ok(Unlearn::Rows),
        Some("replay") => Ok(Unlearn::Replay),
        Some(_) => Err(FieldError::new("unlearn", "invalid_value", "must be rows or replay")),
    }
}

/// Forgets a user everywhere: in the log, in every version, in memory.
///
/// One transaction takes the id out of every record and version at once, in this model and in those that share stored rows
/// with it (forks and their bases); a salted hash takes its place. The operation's `result` has the receipt, which
/// `GET .../erasures` keeps. Not beside a rollback (409).
#[utoipa::path(
    delete, path = "/v1/models/{model}/users/{id}", tag = "users", operation_id = "forget_user",
    params(IdPath, ForgetQuery),
    responses(
        (status = 202, description = "Begun", body = OperationOut),
        (status = 409, description = "A rollback is running (`rollback_running`): `running` names it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn forget(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<ForgetQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let user = Id::new("id", &path.id)?;
    let started = model.forget(user, unlearn(query.unlearn.as_deref())?, caller.actor()).await?;
    let operation = model.operations().store().get(started.id).await?;
    let place = OperationOut::place(&path.model, started.id);
    Ok((StatusCode::ACCEPTED, place, Json(OperationOut { operation })).into_response())
}

/// A page of receipts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasuresOut {
    /// Entries, newest first.
    #[schema(value_type = Vec<ErasureReceipt>)]
    erasures: Vec<serde_json::Value>,
    /// `cursor` of the next page; null at the end.
    #[schema(value_type = Option<u64>)]
    next_cursor: Option<Position>,
}

/// Lists the receipts of forgotten users. They name nobody.
#[utoipa::path(
    get, path = "/v1/models/{model}/erasures", tag = "users", operation_id = "list_erasures",
    params(ModelPath, PageQuery),
    responses((status = 200, description = "A page", body = ErasuresOut))
)]
pub async fn erasures(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<PageQuery>,
) -> Result<Json<ErasuresOut>, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    let receipts = model.versions().receipts(page.cursor, limit).await?;
    let next_cursor = paging::next_cursor(&receipts, limit, |(position, _)| *position);
    let erasures = receipts.into_iter().map(|(_, receipt)| receipt).collect();
    Ok(Json(ErasuresOut { erasures, next_cursor }))
}
