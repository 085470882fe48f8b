//! `/v1/audit` and the layer that keeps it: who changed what.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, auth::Caller, error::ApiError, middleware::REQUEST_ID, paging, params::Params};
use shelfmark_domain::{ModelName, Position};
use shelfmark_store::audit::{AuditEntry, NewAuditEntry};

/// Parameters of paths that are kept. An `id` is one of a user in some routes, and of an item in others.
const KEPT: [&str; 5] = ["model", "version", "operation", "modality", "name"];

/// Writes an entry before a request that changes something, and completes it with the status of the reply.
///
/// Error: the entry cannot be written; then nothing is done.
pub async fn record(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if request.method() == Method::GET {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let action = format!("{} {route}", parts.method);
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    let params = params.map_err(|refusal| ApiError::BadPath(refusal.body_text()))?;
    let mut target: BTreeMap<String, String> = params
        .iter()
        .filter(|(name, _)| KEPT.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let request_id = parts.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let entry = NewAuditEntry { actor: caller.actor(), action, model: target.remove("model"), target, request_id };
    let id = api.audit.begin(&entry).await?;
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Err(error) = api.audit.end(id, response.status().as_u16()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, id, "audit.end_failed: the entry has no status");
    }
    Ok(response)
}

/// Query parameters of a page of the audit log, newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditPage {
    /// Entries of this model only; of all models and of the whole service when left out.
    model: Option<String>,
    /// `next_cursor` of the page before; the first page when left out.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    cursor: Option<Position>,
    /// Maximum number of entries, 1 to 1,000; 50 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditOut {
    /// Entries, newest first.
    entries: Vec<AuditEntry>,
    /// `cursor` of the next page; null at the end.
    next_cursor: Option<u64>,
}

/// Lists who changed what, newest first: requests of scope admin, and changes of keys. The newest 100,000 are kept.
#[utoipa::path(
    get, path = "/v1/audit", tag = "service", operation_id = "list_audit_entries",
    params(AuditPage),
    responses((status = 200, description = "A page", body = AuditOut))
)]
pub async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Params(page): Params<AuditPage>,
) -> Result<Json<AuditOut>, ApiError> {
    let limit = paging::limit(page.limit)?;
    let model = page.model.as_deref().map(ModelName::new).transpose()?;
    if !caller.may_see_what_is_of(model.as_ref().map(ModelName::as_str)) {
        return Err(ApiError::Forbidden("the key is for one model: name it as `model`".to_owned()));
    }
    let entries = api.audit.list(model, page.cursor.map(Position::get), limit).await?;
    let next_cursor = paging::next_cursor(&entries, limit, |entry| entry.id);
    Ok(Json(AuditOut { entries, next_cursor }))
}
