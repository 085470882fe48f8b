//! `/v1/models/{model}/rollback`, `unpin` and `deployments`.

use std::time::Duration;

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body,
    error::ApiError,
    event_kinds,
    operations::OperationOut,
    paging::{self, PageQuery},
    params::{Params, Segments},
    paths::ModelPath,
    problem::Problem,
    read_options::with_state_headers,
    reason::Reason,
};
use crate::engine::{DryRun, Model, RolledBack};
use shelfmark_domain::{
    Deployment, Exclusions, FieldError, FieldResult, Position, RollbackMode, RollbackRequest, RollbackTarget,
    Timestamp, VersionNumber, VersionRef, check_label,
};
use shelfmark_store::operations::OperationState;

/// How long the answer to a dry run waits for it, before it names the operation.
const DRY_RUN_PATIENCE: Duration = Duration::from_secs(25);

/// The target of a rollback, and its mode.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": {"label": "before-sale"}, "mode": "restore", "reason": "bots bought everything"}))]
pub struct RollbackBody {
    /// The target: exactly one of its fields.
    to: RollbackTargetBody,
    /// `pin`: readers see the state until unpinned, the learner goes on at the head. `restore`: the state is the model's at
    /// once, learning goes on from it with new records, the records in between stay unapplied. `replay`: the log after
    /// the state is applied again without the records that `except` names; readers see the head until that is done.
    #[schema(example = "restore", pattern = "^(restore|pin|replay)$")]
    mode: String,
    /// What a replay leaves out; only with `replay`.
    #[serde(default)]
    except: Exclusions,
    /// Whether to report only what the rollback would do, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Reason for the deployment entry, 1 to 1,024 bytes.
    #[schema(min_length = 1, max_length = 1024, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    reason: Option<String>,
}

/// A state: a version by number or label, or the log's at a position or a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct RollbackTargetBody {
    /// A version by number.
    version: Option<u32>,
    /// A version by label.
    #[schema(min_length = 1, max_length = 128, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    label: Option<String>,
    /// The state right after the record at this position; 0 is the state before the first.
    #[schema(value_type = Option<u64>)]
    position: Option<Position>,
    /// The state after the last record that was committed by then.
    time: Option<Timestamp>,
}

/// The answer to a rollback that is done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RollbackOut {
    /// The deployment entry of a finished rollback.
    Done(Deployment),
    /// The report of a dry run.
    DryRun(DryRunOut),
}

/// What a rollback would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRunOut {
    #[schema(value_type = DryRun)]
    dry_run: serde_json::Value,
}

fn target(to: RollbackTargetBody) -> FieldResult<RollbackTarget> {
    let mut named = Vec::new();
    named.extend(to.version.map(|number| RollbackTarget::Version(VersionRef::Number(VersionNumber(number)))));
    if let Some(label) = to.label {
        check_label("to.label", &label)?;
        named.push(RollbackTarget::Version(VersionRef::Label(label)));
    }
    named.extend(to.position.map(RollbackTarget::Position));
    named.extend(to.time.map(RollbackTarget::Time));
    match named.pop() {
        Some(target) if named.is_empty() => Ok(target),
        Some(_) => Err(FieldError::new("to", "ambiguous", "give one of version, label, position and time, not more")),
        None => Err(FieldError::new("to", "missing", "give a version, a label, a position or a time")),
    }
}

fn request(body: RollbackBody, actor: String) -> FieldResult<RollbackRequest> {
    let RollbackBody { to, mode, except, dry_run, reason } = body;
    let to = target(to)?;
    let invalid = || FieldError::new("mode", "invalid_value", "must be restore, pin or replay");
    let mode = RollbackMode::parse(&mode).ok_or_else(invalid)?;
    if mode != RollbackMode::Replay && !except.is_empty() {
        return Err(FieldError::new("except", "not_allowed", "only a replay leaves records out"));
    }
    except.check()?;
    let reason = Reason::optional(reason)?;
    Ok(RollbackRequest { to, mode, except, dry_run, reason, actor, details: None })
}

/// Rolls back: to a version, a position or a time, by a pin, a restore or a replay.
///
/// Readers see the old state or the new one, never a mixture, and are never refused meanwhile. A pin or a restore of a stored
/// version is done when the answer comes (200). Anything else is made beside the learner, as an operation (202); it can be
/// cancelled until its last step. With `dry_run` nothing changes: the answer says what would (200; when that takes longer than
/// 25 seconds, 202 with the operation that finds it out).
#[utoipa::path(
    post, path = "/v1/models/{model}/rollback", tag = "versions", operation_id = "rollback",
    params(ModelPath),
    request_body = RollbackBody,
    responses(
        (status = 200, description = "Done", body = RollbackOut),
        (status = 202, description = "Begun", body = OperationOut),
        (status = 409, description = "Another rollback is running (`rollback_running`): `running` names it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn rollback(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let body: RollbackBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let request = request(body, caller.actor())?;
    event_kinds::check_known("except.kinds", &request.except.kinds, &model, &model.live())?;
    let dry_run = request.dry_run;
    match model.rollback(request).await? {
        RolledBack::Done(deployment) => Ok(Json(RollbackOut::Done(*deployment)).into_response()),
        RolledBack::Started(started) => {
            if dry_run {
                // Whether it ended in time or not, its record says how it stands.
                let _ended_or_not = tokio::time::timeout(DRY_RUN_PATIENCE, started.ended).await;
            }
            begun(&model, &path.model, started.id).await
        }
    }
}

/// A dry run's result when there is one, else the operation.
async fn begun(model: &Model, name: &str, id: shelfmark_store::operations::OperationId) -> Result<Response, ApiError> {
    let operation = model.operations().store().get(id).await?;
    if operation.state == OperationState::Done
        && let Some(dry_run) = operation.result.as_ref().and_then(|result| result.get("dry_run")).cloned()
    {
        return Ok(Json(RollbackOut::DryRun(DryRunOut { dry_run })).into_response());
    }
    Ok((StatusCode::ACCEPTED, OperationOut::place(name, id), Json(OperationOut { operation })).into_response())
}

/// The reason for ending a pin.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpinBody {
    /// Reason for the deployment entry, 1 to 1,024 bytes.
    #[schema(min_length = 1, max_length = 1024, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    reason: Option<String>,
}

/// Serves the live state again.
#[utoipa::path(
    post, path = "/v1/models/{model}/unpin", tag = "versions", operation_id = "unpin",
    params(ModelPath),
    request_body(content = Option<UnpinBody>, description = "May be left out"),
    responses(
        (status = 200, description = "Done", body = Deployment),
        (status = 409, description = "A rollback is running (`rollback_running`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn unpin(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Deployment>, ApiError> {
    let model = api.model(&path.model)?;
    let body: UnpinBody = body::json_or_default(&headers, body, api.limits.body_bytes_max).await?;
    Ok(Json(model.unpin(caller.actor(), Reason::optional(body.reason)?).await?))
}

/// A page of deployments.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentsOut {
    /// Entries, newest first.
    deployments: Vec<Deployment>,
    /// `cursor` of the next page; null at the end.
    next_cursor: Option<u64>,
}

/// Lists what was served: who changed it, when, why, from what, to what. Newest first.
#[utoipa::path(
    get, path = "/v1/models/{model}/deployments", tag = "versions", operation_id = "list_deployments",
    params(ModelPath, PageQuery),
    responses((status = 200, description = "A page", body = DeploymentsOut))
)]
pub async fn deployments(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<PageQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    let before = page.cursor.map(Position::get);
    let deployments = model.versions().deployments(before, limit).await?;
    let next_cursor = paging::next_cursor(&deployments, limit, |deployment| deployment.number);
    let out = DeploymentsOut { deployments, next_cursor };
    Ok(with_state_headers(&model.served(), Json(out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::decode;
    use shelfmark_domain::Id;

    fn asked(text: &str) -> Result<RollbackRequest, ApiError> {
        let body = decode::json(text.as_bytes())?;
        Ok(request(body, "ops".to_owned())?)
    }

    #[test]
    fn targets_and_modes_are_read() {
        let request = asked(r#"{"to":{"version":12},"mode":"pin","reason":"why"}"#).expect("valid");
        assert_eq!(request.to, RollbackTarget::Version(VersionRef::Number(VersionNumber(12))));
        assert_eq!((request.mode, request.dry_run), (RollbackMode::Pin, false));
        assert_eq!(request.actor, "ops");
        let text = r#"{"to":{"position":7},"mode":"replay","except":{"users":["u1"],"positions":[[3,5],[5,6]]},"dry_run":true}"#;
        let request = asked(text).expect("valid");
        assert_eq!(request.to, RollbackTarget::Position(Position::new(7)));
        assert_eq!((request.mode, request.dry_run), (RollbackMode::Replay, true));
        assert!(request.except.users.contains(&Id::new("user", "u1").expect("an id")));
        assert_eq!(request.except.positions.len(), 1, "touching intervals are one");
        let request = asked(r#"{"to":{"time":"2026-11-23T10:00:00Z"},"mode":"restore"}"#).expect("valid");
        assert_eq!(request.to, RollbackTarget::Time(Timestamp::parse("2026-11-23T10:00:00Z").expect("a time")));
    }

    #[test]
    fn what_is_no_rollback_is_refused_by_name() {
        for (text, field, code) in [
            (r#"{"to":{"version":1},"mode":"back"}"#, "mode", "invalid_value"),
            (r#"{"to":{},"mode":"pin"}"#, "to", "missing"),
            (r#"{"to":{"version":1,"label":"a"},"mode":"pin"}"#, "to", "ambiguous"),
            (r#"{"to":{"position":1,"time":1},"mode":"pin"}"#, "to", "ambiguous"),
            (r#"{"to":{"label":"12"},"mode":"pin"}"#, "to.label", "reserved"),
            (r#"{"to":{"position":-1},"mode":"pin"}"#, "to.position", "invalid_value"),
            (r#"{"to":{"version":1},"mode":"restore","except":{"users":["u"]}}"#, "except", "not_allowed"),
            (r#"{"to":{"version":1},"mode":"replay","except":{"user":["u"]}}"#, "except.user", "unknown_field"),
            (
                r#"{"to":{"version":1},"mode":"replay","except":{"positions":[[5,5]]}}"#,
                "except.positions",
                "invalid_value",
            ),
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
