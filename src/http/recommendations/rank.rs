//! `/v1/models/{model}/rank`: the order of items that the caller names.

use std::collections::BTreeSet;

use axum::{Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::Answer,
    request::{SubjectBody, add, ids},
};
use crate::http::{
    Api, body,
    error::ApiError,
    params::Segments,
    paths::ModelPath,
    read_options::{AnsweredBy, ReadOptions, VersionSelector, with_state_headers},
};
use shelfmark_domain::{Fallback, FieldError, GivenId, Id, Position, Query, ScoredItem, Timestamp, not_null};

/// For whom, and which items.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "u1", "items": ["i3", "i9", "i4"], "context": ["device:mobile"]}))]
pub struct RankBody {
    /// The items to order, 1 to 1,000.
    items: Vec<GivenId>,
    /// A user, by their history. With `session` or `session_id` beside it, that one is used when the user is unknown.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    user: Option<GivenId>,
    /// Items of a visit, oldest first; at most 1,000.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    session: Option<Vec<GivenId>>,
    /// Id of a session, as its events name it, 1 to 256 bytes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    session_id: Option<GivenId>,
    /// An item that somebody looks at. Alone.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    item: Option<GivenId>,
    /// A vector of the model's dimension. Alone.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    vector: Option<Vec<f32>>,
    /// Context as in events; at most 32 entries of at most 256 bytes each.
    #[serde(default)]
    context: Vec<String>,
    /// A version's number or label, or `live`; what is served when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    version: Option<VersionSelector>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 30_000)]
    timeout_ms: Option<u64>,
    /// What to add to each item: `item` (metadata), `embedding`, `explanation` (what its score is made of).
    #[serde(default)]
    with: Vec<String>,
}

/// The items in their order, all scored by one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct RankOut {
    /// Send it back in the events that follow from these items: it says which arm of a split made the list.
    recommendation_id: String,
    /// Log position of the state that answered.
    position: Position,
    /// Number of the version that answered, or `live`.
    version: AnsweredBy,
    /// Reason why the answer is less personal than requested; null when it is not.
    fallback: Option<Fallback>,
    /// Best first, each once.
    items: Vec<ScoredItem>,
    /// Those that the state does not know or that may not be recommended: removed or not available. In order, each once.
    unknown: Vec<Id>,
}

/// Orders given items for a user, a session, an item, a vector, or (with none of them) by popularity.
#[utoipa::path(
    post, path = "/v1/models/{model}/rank", tag = "recommendations", operation_id = "rank",
    params(ModelPath),
    request_body = RankBody,
    responses((status = 200, description = "The items, best first", body = RankOut))
)]
pub async fn post(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let body: RankBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let at = ReadOptions::new(body.version, body.min_position, body.timeout_ms)?;
    if !(1..=Query::AMONG_MAX).contains(&body.items.len()) {
        let detail = format!("must have 1 to {}, has {}", Query::AMONG_MAX, body.items.len());
        return Err(FieldError::new("items", "out_of_range", detail).into());
    }
    let candidates = ids("items", &body.items)?;
    let RankBody { user, session, session_id, item, vector, .. } = body;
    let mut asked = SubjectBody { user, session, session_id, item, vector }.read(body.context, Timestamp::now())?;
    add(&mut asked.query, &body.with)?;
    asked.query = Query { limit: candidates.len(), among: Some(candidates.clone()), ..asked.query };
    let view = asked.view(&model, &at).await?;
    let Answer { recommendation_id, fallback, items } = asked.answer(&model, &view, &at).await?;
    let mut met = BTreeSet::new();
    let unknown =
        candidates.iter().filter(|id| !view.is_recommendable(id.as_str()) && met.insert(*id)).cloned().collect();
    let (position, version) = (view.position(), AnsweredBy::of(&view));
    Ok(with_state_headers(&view, Json(RankOut { recommendation_id, position, version, fallback, items, unknown })))
}
