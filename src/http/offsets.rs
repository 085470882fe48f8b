//! `/v1/models/{model}/offsets`: how far streams outside were read into the log.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    params::{Params, Segments},
    paths::ModelPath,
};
use shelfmark_domain::{Id, StoredOffset};

/// Query parameters of the offsets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OffsetsQuery {
    /// Only those of this topic.
    topic: Option<String>,
}

/// The stored offsets.
#[derive(Debug, Serialize, ToSchema)]
pub struct OffsetsOut {
    /// By topic and partition.
    offsets: Vec<StoredOffset>,
}

/// Lists the offsets that were committed with events.
///
/// A connector goes on at these. They are read from the database, so every process answers the same. A fork has none of its
/// origin's, and a restored backup has those of its moment.
#[utoipa::path(
    get, path = "/v1/models/{model}/offsets", tag = "events", operation_id = "list_offsets",
    params(ModelPath, OffsetsQuery),
    responses((status = 200, description = "The offsets", body = OffsetsOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<OffsetsQuery>,
) -> Result<Json<OffsetsOut>, ApiError> {
    let model = api.model(&path.model)?;
    let topic = query.topic.map(|topic| Id::new("topic", &topic)).transpose()?;
    Ok(Json(OffsetsOut { offsets: model.log().offsets(topic.as_ref()).await? }))
}
