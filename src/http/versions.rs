//! Versions: `/v1/models/{model}/versions`.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body,
    error::ApiError,
    paging::{self, PageQuery},
    params::{Params, Segments},
    paths::{ModelPath, VersionPath},
    problem::Problem,
    read_options::with_state_headers,
    reason::Reason,
};
use crate::engine::TakeVersion;
use shelfmark_domain::{FieldResult, VersionManifest, VersionNumber, VersionRef, check_label};

/// A page of versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionsOut {
    /// Entries, newest first.
    versions: Vec<VersionManifest>,
    /// `cursor` of the next page; null at the end.
    #[schema(value_type = Option<u32>)]
    next_cursor: Option<VersionNumber>,
}

/// Lists versions, newest first.
#[utoipa::path(
    get, path = "/v1/models/{model}/versions", tag = "versions", operation_id = "list_versions",
    params(ModelPath, PageQuery),
    responses((status = 200, description = "A page", body = VersionsOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<PageQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    // Numbers end at u32::MAX: a cursor beyond it is before nothing.
    let before = page.cursor.map(|cursor| VersionNumber(u32::try_from(cursor.get()).unwrap_or(u32::MAX)));
    let versions = model.versions().list(before, limit).await?;
    let next_cursor = paging::next_cursor(&versions, limit, |version| version.version);
    let out = VersionsOut { versions, next_cursor };
    Ok(with_state_headers(&model.served(), Json(out)))
}

/// Name and reason of a new version.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "before-sale", "reason": "prices change tonight"}))]
pub struct TakeBody {
    /// Name, unique within the model: 1 to 128 bytes, not a number.
    label: Option<String>,
    /// Reason for taking it, 1 to 1,024 bytes.
    #[schema(min_length = 1, max_length = 1024, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    reason: Option<String>,
}

/// Takes a version of the live state, without stopping learning or reading.
#[utoipa::path(
    post, path = "/v1/models/{model}/versions", tag = "versions", operation_id = "take_version",
    params(ModelPath),
    request_body(content = Option<TakeBody>, description = "May be left out"),
    responses(
        (status = 201, description = "Taken", body = VersionManifest),
        (status = 409, description = "The label is taken (`label_taken`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn take(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let given: TakeBody = body::json_or_default(&headers, body, api.limits.body_bytes_max).await?;
    checked_label(given.label.as_deref())?;
    let reason = Reason::optional(given.reason)?;
    let manifest = model.take_version(TakeVersion { label: given.label, reason, actor: caller.actor() }).await?;
    let place = format!("/v1/models/{}/versions/{}", path.model, manifest.version);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(manifest)).into_response())
}

fn checked_label(label: Option<&str>) -> FieldResult<()> {
    label.map_or(Ok(()), |label| check_label("label", label))
}

/// Reads a version's manifest.
#[utoipa::path(
    get, path = "/v1/models/{model}/versions/{version}", tag = "versions", operation_id = "get_version",
    params(VersionPath),
    responses((status = 200, description = "The manifest", body = VersionManifest))
)]
pub async fn get(State(api): State<Api>, Segments(path): Segments<VersionPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let version = VersionRef::parse("version", &path.version)?;
    let manifest = model.versions().get(&version).await?;
    Ok(with_state_headers(&model.served(), Json(manifest)))
}

/// New name and reason of a version; null takes one away, left out keeps it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "good", "reason": null}))]
pub struct RelabelBody {
    /// Name, unique within the model.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    label: Option<Option<String>>,
    /// Reason, 1 to 1,024 bytes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 1024)]
    reason: Option<Option<String>>,
}

/// Tells null from left out.
#[expect(clippy::option_option, reason = "null and left out mean different things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes a version's name or reason.
#[utoipa::path(
    patch, path = "/v1/models/{model}/versions/{version}", tag = "versions", operation_id = "relabel_version",
    params(VersionPath),
    request_body = RelabelBody,
    responses(
        (status = 200, description = "The manifest", body = VersionManifest),
        (status = 409, description = "The label is taken (`label_taken`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn relabel(
    State(api): State<Api>,
    Segments(path): Segments<VersionPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<VersionManifest>, ApiError> {
    let model = api.model(&path.model)?;
    let version = VersionRef::parse("version", &path.version)?;
    let new: RelabelBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    checked_label(new.label.as_ref().and_then(Option::as_deref))?;
    let reason = new.reason.map(Reason::optional).transpose()?;
    let number = model.versions().get(&version).await?.version;
    let manifest = model.versions().relabel(number, new.label, reason).await?;
    Ok(Json(manifest))
}

/// Deletes a version that nothing needs.
#[utoipa::path(
    delete, path = "/v1/models/{model}/versions/{version}", tag = "versions", operation_id = "delete_version",
    params(VersionPath),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "It is served or needed (`version_in_use`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn delete(State(api): State<Api>, Segments(path): Segments<VersionPath>) -> Result<StatusCode, ApiError> {
    let model = api.model(&path.model)?;
    let version = VersionRef::parse("version", &path.version)?;
    let number = model.versions().get(&version).await?.version;
    model.versions().delete(number).await?;
    Ok(StatusCode::NO_CONTENT)
}
