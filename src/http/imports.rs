//! `/v1/models/{model}/imports`: vectors learned elsewhere.

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    auth::Caller,
    error::ApiError,
    ingest::{self, AppendRequest, AppendResponse, AppendSummary, EntryKind, LagBound, WaitQuery},
    paging,
    params::{self, Params, Segments},
    paths::ModelPath,
    problem::Problem,
    read_options::{ReadOptions, VersionSelector, with_state_headers},
};
use shelfmark_domain::{Id, Position, RowVector, VectorTable};
use shelfmark_serving::View;

/// Up to 10,000 vectors.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct VectorsBody {
    /// The vectors, in order.
    #[schema(max_items = 10_000)]
    vectors: Vec<RowVector>,
}

/// Query parameters of an import, besides those of every append.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Make items that the model does not know, bare; they are left out and counted otherwise. Tokens cannot be made.
    #[serde(default)]
    create: bool,
    /// Look up what the model knows at this position or later: that of a write just before, say.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// What the answer waits for, as for events.
    #[serde(default)]
    #[param(inline, required = false)]
    wait: ingest::WaitFor,
    /// Longest wait for either, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Puts vectors that were learned elsewhere in place of rows, so that learning goes on from them.
///
/// Takes `{"vectors": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one vector a
/// line, appended as it arrives. `values` has the model's dimension: a list of numbers, or base64 of little-endian f32.
/// Each vector is a record of the log: it replaces the row's weights and starts its optimiser again. Ids that the live
/// state does not know are left out and counted in `unknown`. When nothing is taken it is a 422 (`nothing_taken`).
/// `shelfmark import` makes the vectors of a file fit.
#[utoipa::path(
    post, path = "/v1/models/{model}/imports", tag = "embeddings", operation_id = "import_vectors",
    params(ModelPath, ImportQuery),
    request_body(content((VectorsBody = "application/json"), (RowVector = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<ImportQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let view =
        ReadOptions::new(Some(VersionSelector::Live), query.min_position, query.timeout_ms)?.view(&model).await?;
    let wait = WaitQuery { wait: query.wait, timeout_ms: query.timeout_ms };
    let kind = EntryKind::Vectors { view, create: query.create };
    let sent = AppendRequest { lag: LagBound::Waived, caller: &caller, headers: &headers, body };
    ingest::append(&model, &api.limits, kind, &wait, sent).await
}

/// Query parameters of the rows that can be imported into.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportableRowsQuery {
    /// Table of the rows; `items` when left out.
    #[serde(default)]
    #[param(inline, required = false)]
    into: VectorTable,
    /// `next_cursor` of the page before; the first page when left out.
    #[param(maximum = 4_294_967_295i64)]
    cursor: Option<u32>,
    /// First row number of the page: another name of `cursor`.
    #[param(maximum = 4_294_967_295i64)]
    from: Option<u32>,
    /// Maximum number of ids, 1 to 10,000; 1,000 when left out.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// Rows that can be imported into.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportableRowsOut {
    /// Number of values of a row.
    dim: usize,
    /// Number of rows.
    rows: usize,
    /// Their ids, in the order of the rows, which only grows at its end (until a rollback).
    ids: Vec<Id>,
    /// `cursor` of the next page; null at the end.
    next_cursor: Option<u32>,
    /// The same under its earlier name.
    next_from: Option<u32>,
}

/// Pages through what the live model has vectors for: ids of items, or tokens.
#[utoipa::path(
    get, path = "/v1/models/{model}/imports", tag = "embeddings", operation_id = "list_importable",
    params(ModelPath, ImportableRowsQuery),
    responses((status = 200, description = "A page", body = ImportableRowsOut))
)]
pub async fn rows(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<ImportableRowsQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = params::limit("limit", query.limit, 1_000, 10_000)?;
    let from = paging::one_of(query.cursor, ("from", query.from))?.unwrap_or(0);
    let view =
        ReadOptions::new(Some(VersionSelector::Live), query.min_position, query.timeout_ms)?.view(&model).await?;
    let page = page(&view, query.into, from, limit);
    Ok(with_state_headers(&view, Json(page)))
}

fn page(view: &View, into: VectorTable, from: u32, limit: usize) -> ImportableRowsOut {
    let inference = view.inference();
    let catalog = &inference.catalog;
    let rows = match into {
        VectorTable::Items => catalog.len(),
        VectorTable::Tokens => catalog.tokens_len(),
    };
    let ids = (from..).take_while(|row| (*row as usize) < rows).take(limit).map(|row| {
        match into {
            VectorTable::Items => catalog.id(row),
            VectorTable::Tokens => catalog.token(row),
        }
        .clone()
    });
    let ids: Vec<Id> = ids.collect();
    let end = from.saturating_add(u32::try_from(ids.len()).expect("a page is small"));
    let next_cursor = ((end as usize) < rows).then_some(end);
    ImportableRowsOut { dim: inference.config.dim, rows, ids, next_cursor, next_from: next_cursor }
}
