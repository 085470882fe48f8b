//! `/v1/models/{model}/rollback`, `unpin` and `deployments`.

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, body,
    error::ApiError,
    gate::Caller,
    params::{Params, Segments},
    paths::ModelPath,
    problem::Problem,
    reading::stamped,
    versions::{Page, REASON_BYTES_MAX},
};
use crate::domain::{
    Deployment, DeploymentMode, FieldError, FieldResult, RollbackRequest, RollbackTarget, VersionNumber, VersionRef,
    check_label, text_within,
};

/// Fields of the contract that come with later releases.
const LATER: &[&str] = &["except", "dry_run", "position", "time"];

/// Where to, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": {"label": "before-sale"}, "mode": "restore", "reason": "bots bought everything"}))]
pub struct RollbackBody {
    /// The target: exactly one of its fields.
    to: Target,
    /// `pin`: readers see the version until unpinned, the learner goes on at the head. `restore`: the version's state is the
    /// model's at once, learning goes on from it with new records, the records in between stay unapplied.
    #[schema(example = "restore", pattern = "^(restore|pin)$")]
    mode: String,
    /// Why.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

/// A version by number or by label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// By number.
    version: Option<u32>,
    /// By label.
    label: Option<String>,
}

fn request(body: RollbackBody, actor: String) -> FieldResult<RollbackRequest> {
    let version = match (body.to.version, body.to.label) {
        (Some(number), None) => VersionRef::Number(VersionNumber(number)),
        (None, Some(label)) => {
            check_label("to.label", &label)?;
            VersionRef::Label(label)
        }
        (Some(_), Some(_)) => {
            return Err(FieldError::new("to", "ambiguous", "give version or label, not both"));
        }
        (None, None) => {
            return Err(FieldError::new("to", "missing", "give a version or a label"));
        }
    };
    let mode = match body.mode.as_str() {
        "pin" => DeploymentMode::Pin,
        "restore" => DeploymentMode::Restore,
        "replay" => {
            return Err(FieldError::new("mode", "not_supported", "this release does not support replay"));
        }
        _ => {
            return Err(FieldError::new("mode", "invalid_value", "must be restore or pin"));
        }
    };
    if let Some(reason) = &body.reason {
        text_within("reason", reason, REASON_BYTES_MAX)?;
    }
    Ok(RollbackRequest { to: RollbackTarget::Version(version), mode, reason: body.reason, actor, details: None })
}

/// Rolls back to a version.
///
/// Readers see the old state or the new one, never a mixture, and are never refused meanwhile.
#[utoipa::path(
    post, path = "/v1/models/{model}/rollback", tag = "versions", operation_id = "rollback",
    params(ModelPath),
    request_body = RollbackBody,
    responses(
        (status = 200, description = "Done", body = Deployment),
        (status = 409, description = "Another rollback is running (`rollback_running`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn rollback(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    let model = api.model(&path.model)?;
    let body: RollbackBody = body::json(&headers, body, api.limits.body_bytes_max, LATER).await?;
    let request = request(body, caller.actor())?;
    Ok(Json(model.rollback(request).await?))
}

/// Why a pin ends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpinBody {
    /// Why.
    #[schema(max_length = 1024)]
    reason: Option<String>,
}

/// Serves the live state again.
#[utoipa::path(
    post, path = "/v1/models/{model}/unpin", tag = "versions", operation_id = "unpin",
    params(ModelPath),
    request_body(content = UnpinBody, description = "May be left out"),
    responses((status = 200, description = "Done", body = Deployment))
)]
pub async fn unpin(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    let model = api.model(&path.model)?;
    let body: UnpinBody = body::json_or_default(&headers, body, api.limits.body_bytes_max, &[]).await?;
    if let Some(reason) = &body.reason {
        text_within("reason", reason, REASON_BYTES_MAX)?;
    }
    Ok(Json(model.unpin(caller.actor(), body.reason).await?))
}

/// A page of deployments.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentsOut {
    /// Newest first.
    deployments: Vec<Deployment>,
    /// `cursor` of the next page; null at the end.
    next_cursor: Option<u64>,
}

/// Lists what was served: who changed it, when, why, from what, to what. Newest first.
#[utoipa::path(
    get, path = "/v1/models/{model}/deployments", tag = "versions", operation_id = "list_deployments",
    params(ModelPath, Page),
    responses((status = 200, description = "A page", body = DeploymentsOut))
)]
pub async fn deployments(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<Page>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    let before = page.cursor.map(|cursor| cursor.min(i64::MAX.cast_unsigned()));
    let deployments = model.versions().deployments(before, limit).await?;
    let next_cursor = deployments.last().filter(|_| deployments.len() == limit).map(|deployment| deployment.number);
    let out = DeploymentsOut { deployments, next_cursor };
    Ok(stamped(&model.served(), Json(out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::decode;

    fn asked(text: &str) -> Result<RollbackRequest, ApiError> {
        let body = decode::json(text.as_bytes(), LATER)?;
        Ok(request(body, "ops".to_owned())?)
    }

    #[test]
    fn targets_and_modes_of_this_release_are_read() {
        let request = asked(r#"{"to":{"version":12},"mode":"pin","reason":"why"}"#).expect("valid");
        assert_eq!(request.to, RollbackTarget::Version(VersionRef::Number(VersionNumber(12))));
        assert_eq!(request.mode, DeploymentMode::Pin);
        assert_eq!(request.actor, "ops");
    }

    #[test]
    fn targets_and_modes_of_later_releases_are_refused_by_name() {
        for (text, field, code) in [
            (r#"{"to":{"version":1},"mode":"replay"}"#, "mode", "not_supported"),
            (r#"{"to":{"version":1},"mode":"back"}"#, "mode", "invalid_value"),
            (r#"{"to":{"position":1},"mode":"pin"}"#, "position", "not_supported"),
            (r#"{"to":{"time":"x"},"mode":"pin"}"#, "time", "not_supported"),
            (r#"{"to":{"version":1},"mode":"pin","dry_run":false}"#, "dry_run", "not_supported"),
            (r#"{"to":{"version":1},"mode":"pin","except":{}}"#, "except", "not_supported"),
            (r#"{"to":{},"mode":"pin"}"#, "to", "missing"),
            (r#"{"to":{"version":1,"label":"a"},"mode":"pin"}"#, "to", "ambiguous"),
            (r#"{"to":{"label":"12"},"mode":"pin"}"#, "to.label", "reserved"),
            (r#"{"mode":"pin"}"#, "to", "missing"),
        ] {
            match asked(text) {
                Err(ApiError::Invalid(errors)) => {
                    assert_eq!((errors[0].field.as_str(), errors[0].code), (field, code), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
