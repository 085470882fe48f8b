//! `/v1/models/{model}/guard`: the automatic rollback.

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body,
    error::ApiError,
    params::Segments,
    paths::ModelPath,
    read_options::{VersionSelector, with_state_headers},
};
use crate::engine::{GuardStatus, Model};
use shelfmark_domain::{FieldError, GuardAction, GuardMetric, GuardSettings, not_null};

/// What to watch, how sure to be, what to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"metric": "recall", "drop": 0.3, "window": 2000, "action": "pin"}))]
pub struct GuardBody {
    /// `recall` and `mrr`: of the next events of people whom the reference knows, ranked by the live state and by
    /// the reference as if it had been frozen when it was taken: with everybody's newest events, without what was learned since.
    /// `ctr`: lists with a click by lists; needs a split between the live state and a version.
    metric: GuardMetric,
    /// The live state may fall below the reference by this part of it, 0.01 to 0.9; 0.3 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(minimum = 0.01, maximum = 0.9, nullable = false)]
    drop: Option<f64>,
    /// A fall has to show within so many samples, and the reference is older than that; 50 to 1,000,000, 2,000 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(minimum = 50, maximum = 1_000_000, nullable = false)]
    window: Option<u64>,
    /// No alarm before so many samples, 1 to `window`; 100, or `window` if that is less, when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(minimum = 1, nullable = false)]
    min_samples: Option<u64>,
    /// False alarms a sample that are accepted at most, on average, up to 0.1 / `window`; 0.000001 (one in a million samples),
    /// or 0.1 / `window` if that is less, when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(minimum = 1e-12, maximum = 0.01, nullable = false)]
    false_alarms: Option<f64>,
    /// `freeze` stops learning, `pin` serves the reference, `restore` makes the live state the reference's.
    action: GuardAction,
    /// Number or label of the version to measure against and return to. Left out or null: the newest one, followed by
    /// newer ones when they are older than `window` samples.
    #[schema(value_type = Option<String>)]
    reference: Option<VersionSelector>,
}

async fn settings(model: &Model, body: GuardBody) -> Result<GuardSettings, ApiError> {
    let reference = match &body.reference {
        None => None,
        Some(VersionSelector::Version(version)) => Some(model.versions().get(version).await?.version),
        Some(VersionSelector::Live) => {
            return Err(
                FieldError::new("reference", "invalid_value", "must be a version: live is what is measured").into()
            );
        }
    };
    let window = body.window.unwrap_or(2000);
    let settings = GuardSettings {
        metric: body.metric,
        drop: body.drop.unwrap_or(0.3),
        window,
        min_samples: body.min_samples.unwrap_or_else(|| window.min(100)),
        false_alarms: body.false_alarms.unwrap_or_else(|| (0.1 / window.max(1) as f64).min(1e-6)),
        action: body.action,
        reference,
    };
    settings.check()?;
    Ok(settings)
}

fn missing() -> ApiError {
    ApiError::NotFound { what: "guard", id: "guard".to_owned() }
}

/// Sets the guard and arms it.
///
/// It compares the live state with a version on the same events, by a sequential test, and acts by itself once when live has
/// fallen below it by more than `drop`. It begins anew, with the newest version as reference unless one is named: set it
/// while the model is well.
#[utoipa::path(
    put, path = "/v1/models/{model}/guard", tag = "versions", operation_id = "set_guard",
    params(ModelPath),
    request_body = GuardBody,
    responses((status = 200, description = "Armed", body = GuardStatus))
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GuardStatus>, ApiError> {
    let model = api.model(&path.model)?;
    let body: GuardBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let settings = settings(&model, body).await?;
    Ok(Json(model.set_guard(&settings, &caller.actor()).await?))
}

/// Shows the guard: its settings, how things look to it, and what it did.
#[utoipa::path(
    get, path = "/v1/models/{model}/guard", tag = "versions", operation_id = "get_guard",
    params(ModelPath),
    responses((status = 200, description = "The guard", body = GuardStatus))
)]
pub async fn get(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let guard = model.guard().await?.ok_or_else(missing)?;
    Ok(with_state_headers(&model.served(), Json(guard)))
}

/// Takes the guard away.
#[utoipa::path(
    delete, path = "/v1/models/{model}/guard", tag = "versions", operation_id = "clear_guard",
    params(ModelPath),
    responses((status = 204, description = "Gone"))
)]
pub async fn delete(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<StatusCode, ApiError> {
    let model = api.model(&path.model)?;
    if model.clear_guard().await? { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}

/// Arms the guard again after it acted, with the same settings; it begins anew.
#[utoipa::path(
    post, path = "/v1/models/{model}/guard/rearm", tag = "versions", operation_id = "rearm_guard",
    params(ModelPath),
    responses((status = 200, description = "Armed", body = GuardStatus))
)]
pub async fn rearm(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
) -> Result<Json<GuardStatus>, ApiError> {
    let model = api.model(&path.model)?;
    model.rearm_guard(&caller.actor()).await?.map(Json).ok_or_else(missing)
}
