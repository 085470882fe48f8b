//! `/v1/models/{model}/items/{id}/similar`.

use std::sync::Arc;

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    filtering::filter,
    params::{self, Params, Segments},
    paths::IdPath,
    read_options::{AnsweredBy, ReadOptions, VersionSelector, with_state_headers},
};
use shelfmark_domain::{Id, Position, Query, ScoredItem};

/// Query parameters of similar items.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// Number of items, 1 to 1,000; 20 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Only items of this category.
    category: Option<String>,
    /// Only items with this tag.
    tag: Option<String>,
    /// Which items may be answered, as in the body of `POST .../recommendations`, as JSON.
    filter: Option<String>,
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

/// Items whose vectors point the same way.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarOut {
    /// Log position of the state that answered.
    position: Position,
    /// Number of the version that answered, or `live`.
    version: AnsweredBy,
    /// Most similar first; the score is the cosine.
    items: Vec<ScoredItem>,
}

/// Lists the items whose vectors point the same way, best first.
#[utoipa::path(
    get, path = "/v1/models/{model}/items/{id}/similar", tag = "recommendations", operation_id = "similar_items",
    params(IdPath, SimilarQuery),
    responses((status = 200, description = "Items, most similar first", body = SimilarOut))
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<SimilarQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let item = Id::new("id", &path.id)?;
    let limit = params::limit("limit", query.limit, 20, Query::LIMIT_MAX)?;
    let filter = filter(query.filter.as_deref(), query.category, query.tag)?;
    let at = ReadOptions::new(query.version, query.min_position, query.timeout_ms)?;
    let view = at.view(&model).await?;
    let items = model.similar(Arc::clone(&view), item, limit, filter).await?;
    let out = SimilarOut { position: view.position(), version: AnsweredBy::of(&view), items };
    Ok(with_state_headers(&view, Json(out)))
}
