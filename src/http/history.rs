//! `/v1/models/{model}/items/{id}/history` and `.../users/{id}/history`: how a row came to be what it is.

use axum::{Json, extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    admission::run_report,
    error::ApiError,
    params::{self, Params, Segments},
    paths::IdPath,
    problem::Problem,
    read_options::{ReadOptions, VersionSelector, with_state_headers},
};
use crate::engine::{HISTORY_VERSIONS_MAX, HistoryOptions, REPLAY_RECORDS_MAX, RowHistory};
use shelfmark_domain::{FieldError, Id, Position};
use shelfmark_monitor::health::RowOwner;

/// Records learned again when nothing is said.
const RECORDS_DEFAULT: u64 = 16_384;

/// Query parameters of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Newest versions looked at, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Newest records that are learned again to find the steps that moved the row farthest, 0 (none) to 1,000,000; 16,384 when
    /// left out.
    #[param(maximum = 1_000_000)]
    records: Option<u64>,
    /// Answer when the live view stands at this position or later.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Says how an item's vector came to be what it is: where it stood in the newest versions, and which steps moved it farthest.
///
/// The vector is the item's row as learned, without what its tokens and dense vectors add. Versions are read row by row, not
/// loaded. The steps are found by learning the newest records again beside the learner; one at a time with traces and reports.
#[utoipa::path(
    get, path = "/v1/models/{model}/items/{id}/history", tag = "embeddings", operation_id = "get_item_history",
    params(IdPath, HistoryQuery),
    responses(
        (status = 200, description = "The history", body = RowHistory),
        (status = 409, description = "No state is near enough to learn the records again from (`trace_not_available`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn item(
    state: State<Api>,
    path: Segments<IdPath>,
    query: Params<HistoryQuery>,
) -> Result<Response, ApiError> {
    history(state, path, query, "item", RowOwner::Item).await
}

/// Says how a user's own vector came to be what it is: where it stood in the newest versions, and which steps moved it farthest.
///
/// The vector is the user's row as learned, without what the history adds to a query. Otherwise as for items.
#[utoipa::path(
    get, path = "/v1/models/{model}/users/{id}/history", tag = "embeddings", operation_id = "get_user_history",
    params(IdPath, HistoryQuery),
    responses(
        (status = 200, description = "The history", body = RowHistory),
        (status = 409, description = "No state is near enough to learn the records again from (`trace_not_available`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn user(
    state: State<Api>,
    path: Segments<IdPath>,
    query: Params<HistoryQuery>,
) -> Result<Response, ApiError> {
    history(state, path, query, "user", RowOwner::User).await
}

async fn history(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<HistoryQuery>,
    what: &'static str,
    owner: fn(Id) -> RowOwner,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let versions = params::limit("limit", query.limit, 50, HISTORY_VERSIONS_MAX)?;
    let records = query.records.unwrap_or(RECORDS_DEFAULT);
    if records > REPLAY_RECORDS_MAX {
        let detail = format!("must be 0 to {REPLAY_RECORDS_MAX}, is {records}");
        return Err(FieldError::new("records", "out_of_range", detail).into());
    }
    let id = Id::new("id", &path.id)?;
    let view =
        ReadOptions::new(Some(VersionSelector::Live), query.min_position, query.timeout_ms)?.view(&model).await?;
    let owner = owner(id);
    let asked = model.clone();
    let report = async move { asked.history(owner, HistoryOptions { versions, records }).await };
    let history = run_report(model.name(), report).await??;
    let history = history.ok_or(ApiError::NotFound { what, id: path.id })?;
    Ok(with_state_headers(&view, Json(history)))
}
