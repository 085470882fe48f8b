//! `/v1/models/{model}/operations`: work that takes longer than a request.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    paging,
    params::{Params, Segments},
    paths::{ModelPath, OperationPath},
};
use shelfmark_domain::FieldError;
use shelfmark_store::operations::{Operation, OperationId};

/// How long the answer to a cancellation waits for the end of the work.
const CANCEL_PATIENCE: Duration = Duration::from_secs(5);

/// One operation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationOut {
    /// The operation in its current state.
    pub operation: Operation,
}

impl OperationOut {
    /// Where an operation is read, as a header.
    pub fn place(model: &str, id: OperationId) -> [(HeaderName, String); 1] {
        [(header::LOCATION, format!("/v1/models/{model}/operations/{id}"))]
    }
}

/// A page of operations.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationsOut {
    /// Entries, newest first.
    operations: Vec<Operation>,
    /// `cursor` of the next page; null at the end.
    next_cursor: Option<OperationId>,
}

/// Query parameters of a page of operations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OperationsPage {
    /// `next_cursor` of the page before; the first page when left out.
    #[param(format = "uuid")]
    cursor: Option<String>,
    /// Maximum number of entries, 1 to 1,000; 50 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
}

/// Lists operations, newest first: those that run, and the newest 1,000 that ended.
#[utoipa::path(
    get, path = "/v1/models/{model}/operations", tag = "versions", operation_id = "list_operations",
    params(ModelPath, OperationsPage),
    responses((status = 200, description = "A page", body = OperationsOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<OperationsPage>,
) -> Result<Json<OperationsOut>, ApiError> {
    let model = api.model(&path.model)?;
    let limit = paging::limit(page.limit)?;
    let not_one = || FieldError::new("cursor", "invalid_value", "must be the id of an operation");
    let before = page.cursor.map(|cursor| OperationId::parse(&cursor).ok_or_else(not_one)).transpose()?;
    let operations = model.operations().store().list(before, limit).await?;
    let next_cursor = paging::next_cursor(&operations, limit, |operation| operation.id);
    Ok(Json(OperationsOut { operations, next_cursor }))
}

/// Reads an operation: how far it is, or what came of it.
#[utoipa::path(
    get, path = "/v1/models/{model}/operations/{operation}", tag = "versions", operation_id = "get_operation",
    params(OperationPath),
    responses((status = 200, description = "The operation", body = Operation))
)]
pub async fn get(State(api): State<Api>, Segments(path): Segments<OperationPath>) -> Result<Json<Operation>, ApiError> {
    let model = api.model(&path.model)?;
    let id = id(&path.operation)?;
    Ok(Json(model.operations().store().get(id).await?))
}

/// Cancels an operation.
///
/// Answers with the operation as it stands: `cancelled` leaves everything as it was. One that took its last step first is
/// `done`, and one that ended before stays as it is. 202 when the work has not ended after five seconds.
#[utoipa::path(
    delete, path = "/v1/models/{model}/operations/{operation}", tag = "versions", operation_id = "cancel_operation",
    params(OperationPath),
    responses(
        (status = 200, description = "The operation, which has ended", body = Operation),
        (status = 202, description = "The operation, which will end", body = Operation),
    )
)]
pub async fn cancel(State(api): State<Api>, Segments(path): Segments<OperationPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let operation = model.operations().cancel(id(&path.operation)?, CANCEL_PATIENCE).await?;
    let status = if operation.finished_at.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(operation)).into_response())
}

/// What is no id of an operation is the id of no operation.
fn id(text: &str) -> Result<OperationId, ApiError> {
    let unknown = || ApiError::NotFound { what: "operation", id: text.chars().take(64).collect() };
    OperationId::parse(text).ok_or_else(unknown)
}
