//! `/v1/models/{model}/learning/freeze` and `resume`.

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Api, auth::Caller, body, error::ApiError, params::Segments, paths::ModelPath, reason::Reason};
use crate::engine::Freeze;
use shelfmark_domain::Deployment;

/// The reason for freezing or resuming.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeBody {
    /// Reason for the deployment entry, 1 to 1,024 bytes.
    #[schema(min_length = 1, max_length = 1024, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    reason: Option<String>,
}

/// Freezes learning.
///
/// Events are taken as before: they are in the log and in histories, so recommendations follow what people do. No weight,
/// optimiser state, popularity or memory moves until learning is resumed; what came meanwhile is not learned later. A short form of
/// `PATCH` with `{"config": {"learning": false}}` that leaves a deployment entry; frozen already, it leaves only that.
#[utoipa::path(
    post, path = "/v1/models/{model}/learning/freeze", tag = "learning", operation_id = "freeze_learning",
    params(ModelPath),
    request_body(content = Option<FreezeBody>, description = "May be left out"),
    responses((status = 200, description = "Frozen", body = Deployment))
)]
pub async fn freeze(
    api: State<Api>,
    caller: Extension<Caller>,
    path: Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    set(api, caller, path, headers, body, false).await
}

/// Lets learning go on.
#[utoipa::path(
    post, path = "/v1/models/{model}/learning/resume", tag = "learning", operation_id = "resume_learning",
    params(ModelPath),
    request_body(content = Option<FreezeBody>, description = "May be left out"),
    responses((status = 200, description = "Learning", body = Deployment))
)]
pub async fn resume(
    api: State<Api>,
    caller: Extension<Caller>,
    path: Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    set(api, caller, path, headers, body, true).await
}

async fn set(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
    learning: bool,
) -> Result<Json<Deployment>, ApiError> {
    let model = api.model(&path.model)?;
    let FreezeBody { reason } = body::json_or_default(&headers, body, api.limits.body_bytes_max).await?;
    let reason = Reason::optional(reason)?;
    Ok(Json(model.freeze(Freeze { learning, actor: caller.actor(), reason, details: None }).await?))
}
