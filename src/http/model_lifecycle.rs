//! `PUT` and `DELETE /v1/models/{model}`: models come and go.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body,
    configuration::{merged, named},
    error::ApiError,
    models::ModelOut,
    params::Segments,
    paths::ModelPath,
    problem::Problem,
    read_options::VersionSelector,
};
use crate::engine::{CreateModel, ForkFrom};
use shelfmark_domain::{FieldError, FieldResult, ModelConfig, ModelName, not_null};

/// A model to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fork": {"model": "default", "version": 12}, "config": {"pull": 0.01}}))]
pub struct ModelPut {
    /// Its configuration, merged (RFC 7396) over that of the forked version, or over the defaults. `dim` of a fork is its base's.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<ModelConfig>, nullable = false)]
    config: Option<Map<String, Value>>,
    /// What it is forked from; left out, the model begins empty.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    fork: Option<ForkIn>,
}

/// Origin of a fork.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkIn {
    /// Name of the base model.
    #[schema(example = "default")]
    model: String,
    /// Number or label of its version; left out, or `live`, a version of its live state is taken first.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = "12")]
    version: Option<VersionSelector>,
}

impl ForkIn {
    fn from(self) -> FieldResult<ForkFrom> {
        let model =
            ModelName::new(&self.model).map_err(|error| FieldError { field: "fork.model".to_owned(), ..error })?;
        let version = match self.version {
            None | Some(VersionSelector::Live) => None,
            Some(VersionSelector::Version(version)) => Some(version),
        };
        Ok(ForkFrom { model, version })
    }
}

/// Makes a model, empty or as a fork of a version of another.
///
/// A fork's log begins at position 0 with the version's state, bit for bit: tables, optimiser state, histories, counters. A
/// changed configuration is its first record. Its events train only it. The same request again is answered 200 and changes
/// nothing. Needs a key for all models.
#[utoipa::path(
    put, path = "/v1/models/{model}", tag = "models", operation_id = "put_model",
    params(ModelPath),
    request_body(content = Option<ModelPut>, description = "May be left out: an empty model with the default configuration"),
    responses(
        (status = 201, description = "Made", body = ModelOut),
        (status = 200, description = "There already, made alike", body = ModelOut),
        (status = 404, description = "The base or its version is not there (`model_not_found`, `version_not_found`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another one has this name (`model_exists`), or there are too many (`too_many_models`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    for_all_models(&caller)?;
    let name = ModelName::new(&path.model)?;
    let given: ModelPut = body::json_or_default(&headers, body, api.limits.body_bytes_max).await?;
    let fork = given.fork.map(ForkIn::from).transpose()?;
    let patch = given.config.unwrap_or_default();
    let config = Box::new(move |config: &ModelConfig| merged(config, patch.clone()));
    let create = CreateModel { name, fork, config, actor: caller.actor() };
    let (model, made) = api.models.create(create).await.map_err(named)?;
    let status = Json(ModelOut::from(model.status().await?));
    if !made {
        return Ok(status.into_response());
    }
    let place = format!("/v1/models/{}", path.model);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], status).into_response())
}

/// Deletes a model: its log, its versions, its history, and the keys that are for it alone.
///
/// It is served and learned no more when this is answered, and in other processes within about a second; its name is free.
/// The rows are removed in the background. Needs a key for all models.
#[utoipa::path(
    delete, path = "/v1/models/{model}", tag = "models", operation_id = "delete_model",
    params(ModelPath),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "Forks stand on it (`model_in_use`), or it is `default` (`model_required`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
) -> Result<StatusCode, ApiError> {
    for_all_models(&caller)?;
    let name =
        ModelName::new(&path.model).map_err(|_| ApiError::ModelNotFound(path.model.chars().take(64).collect()))?;
    api.models.delete(name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Models share threads, memory and the bound on their number: they concern the whole service.
fn for_all_models(caller: &Caller) -> Result<(), ApiError> {
    if caller.may_see_all() {
        return Ok(());
    }
    Err(ApiError::Forbidden("the key is for one model; models are made and deleted with a key for all".to_owned()))
}
