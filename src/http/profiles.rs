//! `PUT` and `PATCH /v1/models/{model}/users/{id}`: what is known of a user beside events.

use std::collections::BTreeMap;

use axum::{Extension, body::Body, extract::State, http::HeaderMap};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body, decode,
    error::ApiError,
    ingest::{self, AppendResponse, AppendSummary, ParsedEntry, Patience, WaitQuery},
    params::{Params, Segments},
    paths::IdPath,
    problem::Problem,
    read_options::live_view,
};
use crate::engine::Model;
use shelfmark_domain::{
    FieldError, FieldResult, Id, NewRecord, ProfilePatch, ProfileUpdate, PropertyValue, RecordBody, UserProfile,
};

/// What is known of a user: what is left out is gone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"labels": {"gender": "M", "age": 24, "country": ["NL"]}}))]
pub struct ProfileBody {
    /// Labels by name; at most 32, and at most 32 values in all. Each value is a circumstance of all of the user's events
    /// and queries, such as `gender:M`, and is learned as one.
    #[serde(default)]
    labels: BTreeMap<String, PropertyValue>,
}

/// Changes of what is known of a user: what is left out stays, null takes away, labels are merged by name.
#[derive(ToSchema)]
#[schema(example = json!({"labels": {"age": 25, "country": null}}))]
#[expect(dead_code, reason = "documents the body, which is read as a `ProfilePatch`")]
pub struct ProfilePatchBody {
    /// Labels by name.
    #[schema(value_type = Option<BTreeMap<String, PropertyValue>>)]
    labels: Option<BTreeMap<String, Option<PropertyValue>>>,
}

/// Sets what is known of a user, who may be new: labels such as country or age group.
///
/// Labels are learned as circumstances, so a new user with labels has a vector before the first event. They replace what
/// was known before. Do not put what names somebody into labels: when the user is forgotten, they stay in the log, of nobody.
#[utoipa::path(
    put, path = "/v1/models/{model}/users/{id}", tag = "users", operation_id = "put_user",
    params(IdPath, WaitQuery),
    request_body = ProfileBody,
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let user = Id::new("id", &path.id)?;
    body::format(&headers, false)?;
    let text = body::whole(&headers, body, api.limits.body_bytes_max).await?;
    let ProfileBody { labels } = decode::json(&text)?;
    let labels = labels.into_iter().map(|(name, value)| (name, Some(value))).collect();
    let update = ProfilePatch { labels: Some(labels) }.of(user, true);
    update_profile(&model, &caller, update, &text, &wait).await
}

/// Changes what is known of a user in parts.
///
/// Merged as RFC 7396 has it, in the order of the log, so patches sent at once lose nothing. An unknown user is created.
#[utoipa::path(
    patch, path = "/v1/models/{model}/users/{id}", tag = "users", operation_id = "patch_user",
    params(IdPath, WaitQuery),
    request_body(content((ProfilePatchBody = "application/json"), (ProfilePatchBody = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn patch(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let user = Id::new("id", &path.id)?;
    let text = body::patch_text(&headers, body, api.limits.body_bytes_max).await?;
    let patch: ProfilePatch = decode::json(&text)?;
    update_profile(&model, &caller, patch.of(user, false), &text, &wait).await
}

/// Checks an update against what the live view knows, and appends it. `text` is the JSON that it was read from.
async fn update_profile(
    model: &Model,
    caller: &Caller,
    update: ProfileUpdate,
    text: &[u8],
    wait: &WaitQuery,
) -> Result<AppendResponse, ApiError> {
    let view = live_view(model).await?;
    let inference = view.inference();
    let known = inference.users.get(update.user.as_str()).and_then(|row| inference.profile(row));
    update.applied(known.unwrap_or(&UserProfile::default())).check()?;
    check_exact(&update, text)?;
    let body = RecordBody::UpdateProfile(Box::new(update));
    let record = NewRecord { source: caller.source(), ..NewRecord::own(body) };
    ingest::append_one(model, ParsedEntry { record, made_id: None }, wait).await
}

/// Appends updates of another surface, and waits for the live view.
pub async fn append_updates(
    model: &Model,
    caller: &Caller,
    updates: Vec<ProfileUpdate>,
    patience: Patience,
) -> Result<(), ApiError> {
    let nothing = UserProfile::default();
    updates.iter().try_for_each(|update| update.applied(&nothing).check())?;
    let bodies = updates.into_iter().map(|update| RecordBody::UpdateProfile(Box::new(update)));
    ingest::append_bodies(model, caller, bodies.collect(), patience).await
}

/// Refuses whole numbers beyond 64 bits, which were rounded when they were read.
pub fn check_exact(update: &ProfileUpdate, text: &[u8]) -> FieldResult<()> {
    let rounded = |value: &PropertyValue| match value {
        PropertyValue::Number(number) => number.was_rounded(text),
        PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => false,
    };
    for (name, value) in update.labels.iter().flatten() {
        if value.iter().flat_map(PropertyValue::values).any(rounded) {
            let detail = "a whole number must have at most 64 bits; send a longer one as text";
            return Err(FieldError::new(format!("labels.{name}"), "out_of_range", detail));
        }
    }
    Ok(())
}
