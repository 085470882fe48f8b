//! `/v1/models/{model}/recommendations` and its short form for a user.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Answer,
    request::{RecommendationsBody, Seen},
};
use crate::{
    engine::Model,
    http::{
        Api,
        auth::Caller,
        body,
        error::ApiError,
        filtering::filter,
        params::{Params, Segments},
        paths::{IdPath, ModelPath},
        read_options::{AnsweredBy, ReadOptions, VersionSelector, with_state_headers},
    },
};
use shelfmark_domain::{Fallback, Position, Scope, ScoredItem, Timestamp};

/// Query parameters of the short form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecommendationsQuery {
    /// Number of items, 1 to 1,000; 20 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Number of items that are left out at the beginning; `limit` and `offset` sum to at most 1,000.
    #[param(maximum = 999)]
    offset: Option<usize>,
    /// Only items of this category, or of one below it.
    category: Option<String>,
    /// Only items with this tag.
    tag: Option<String>,
    /// Which items may be answered, as in the body of the long form, as JSON.
    filter: Option<String>,
    /// `true`, `false`, or kinds of event with commas between them.
    exclude_seen: Option<String>,
    /// How much likeness to items above counts against an item, 0 to 1.
    #[serde(default)]
    diversity: f32,
    /// What to add to each item: `item`, `embedding`, `explanation`, with commas between them.
    with: Option<String>,
    /// A version's number or label, or `live`; what is served when left out.
    #[param(value_type = Option<String>)]
    version: Option<VersionSelector>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Items, best first, all scored by one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationsOut {
    /// Send it back in the events that follow from these items: it says which arm of a split made the list.
    recommendation_id: String,
    /// Log position of the state that answered.
    position: Position,
    /// Number of the version that answered, or `live`.
    version: AnsweredBy,
    /// Reason why the answer is less personal than requested; null when it is not.
    fallback: Option<Fallback>,
    /// Best first; with `diversity`, in the order of choice.
    items: Vec<ScoredItem>,
}

/// Recommends items for a user, a session, an item, a vector, or (with none of them) for nobody in particular.
///
/// A user never seen is no error: the session given along is used, or what is popular, and `fallback` says so.
#[utoipa::path(
    post, path = "/v1/models/{model}/recommendations", tag = "recommendations", operation_id = "recommend",
    params(ModelPath),
    request_body = RecommendationsBody,
    responses((status = 200, description = "Items, best first", body = RecommendationsOut))
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let asked = body::json(&headers, body, caller.body_bytes_max(&api.limits)).await?;
    answer(&model, &caller, asked).await
}

/// Recommends items for a user.
#[utoipa::path(
    get, path = "/v1/models/{model}/users/{id}/recommendations", tag = "recommendations", operation_id = "recommend_for_user",
    params(IdPath, RecommendationsQuery),
    responses((status = 200, description = "Items, best first", body = RecommendationsOut))
)]
pub async fn for_user(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<RecommendationsQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let list = |text: String| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    let exclude_seen = match query.exclude_seen.as_deref() {
        None | Some("false") => Seen::All(false),
        Some("true") => Seen::All(true),
        Some(kinds) => Seen::Kinds(list(kinds.to_owned())),
    };
    let asked = RecommendationsBody {
        user: Some(path.id.into()),
        limit: query.limit,
        offset: query.offset,
        filter: filter(query.filter.as_deref(), query.category, query.tag)?,
        exclude_seen,
        diversity: query.diversity,
        version: query.version,
        min_position: query.min_position,
        timeout_ms: query.timeout_ms,
        with: query.with.map(list).unwrap_or_default(),
        ..RecommendationsBody::default()
    };
    answer(&model, &caller, asked).await
}

async fn answer(model: &Model, caller: &Caller, body: RecommendationsBody) -> Result<Response, ApiError> {
    if body.with.iter().any(|part| part != "item") {
        // Explanations name what somebody did, and vectors are the model: neither is for everybody.
        caller.check(Scope::Read, Some(model.name().as_str()))?;
    }
    let at = ReadOptions::new(body.version.clone(), body.min_position, body.timeout_ms)?;
    let asked = body.read(Timestamp::now())?;
    let view = asked.view(model, &at).await?;
    let Answer { recommendation_id, fallback, items } = asked.answer(model, &view, &at).await?;
    let (position, version) = (view.position(), AnsweredBy::of(&view));
    // Some fifty bytes an item without what `with` adds. A plain vector, because JSON is written in many small pieces.
    let mut bytes = Vec::with_capacity(256 + 64 * items.len());
    let out = RecommendationsOut { recommendation_id, position, version, fallback, items };
    serde_json::to_writer(&mut bytes, &out).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(with_state_headers(&view, ([(header::CONTENT_TYPE, "application/json")], bytes)))
}
