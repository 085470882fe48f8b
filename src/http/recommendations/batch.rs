//! `/v1/models/{model}/recommendations/batch`: many queries, all answered from one state.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State, http::HeaderMap, response::Response};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    answer::Answer,
    request::{RecommendationsBody, ValidQuery},
};
use crate::{
    engine::Model,
    http::{
        Api, body, decode,
        error::ApiError,
        params::Segments,
        paths::ModelPath,
        problem::FieldProblem,
        read_options::{AnsweredBy, ReadOptions, VersionSelector, with_state_headers},
    },
};
use shelfmark_domain::{FieldError, FieldResult, Position, Query, Timestamp, not_null};
use shelfmark_serving::View;

/// Most queries of a batch.
const QUERIES_MAX: usize = 1000;
/// Most items that the queries of a batch may ask for together.
const ITEMS_MAX: usize = 20_000;
/// Most items with additions (`with`): what one query may ask for.
const ADDED_MAX: usize = Query::LIMIT_MAX;
/// Searches of one batch that wait or run at once: enough for two full passes over the items, so that the search threads never
/// wait for the batch, and other requests never for more than that.
const SEARCHES_MAX: usize = 32;

/// Queries for one state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"queries": [{"user": "u1", "limit": 5}, {"item": "i9"}], "min_position": 4711}))]
pub struct BatchBody<'a> {
    /// 1 to 1,000, each as the body of a single query, without `version`, `min_position` and `timeout_ms`. Their `limit`s sum to
    /// at most 20,000, and those of queries with `with` to at most 1,000.
    #[serde(borrow)]
    #[schema(value_type = Vec<RecommendationsBody>, min_items = 1, max_items = 1000)]
    queries: Vec<&'a RawValue>,
    /// A version's number or label, or `live`; what is served when left out, in a split the arm with the largest share.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    version: Option<VersionSelector>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 30_000)]
    timeout_ms: Option<u64>,
}

/// The answers of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchOut {
    /// Log position of the state that answered.
    position: Position,
    /// Number of the version that answered, or `live`.
    version: AnsweredBy,
    /// One a query, in order.
    answers: Vec<BatchAnswer>,
}

/// The answer to one query of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchAnswer {
    /// Items.
    Found(Answer),
    /// The query's own problem.
    Refused {
        /// The query's own problem; the others are answered.
        error: QueryProblem,
    },
}

/// A problem of one query, as it would be told if that were asked alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueryProblem {
    /// Index of the query, from 0.
    #[schema(example = 3)]
    index: usize,
    /// HTTP status that it would have alone.
    #[schema(example = 422)]
    status: u16,
    /// Stable, machine-readable name of the kind.
    #[schema(example = "invalid")]
    code: &'static str,
    /// Explanation of this occurrence.
    detail: String,
    /// Fields whose values break their rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
}

/// Answers many queries from one state. A query that cannot be answered fails alone.
#[utoipa::path(
    post, path = "/v1/models/{model}/recommendations/batch", tag = "recommendations", operation_id = "recommend_batch",
    params(ModelPath),
    request_body = BatchBody,
    responses((status = 200, description = "An answer a query, in order", body = BatchOut))
)]
pub async fn post(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    body::format(&headers, false)?;
    let bytes = body::whole(&headers, body, api.limits.body_bytes_max).await?;
    let batch: BatchBody<'_> = decode::json(&bytes)?;
    let at = ReadOptions::new(batch.version, batch.min_position, batch.timeout_ms)?;
    if !(1..=QUERIES_MAX).contains(&batch.queries.len()) {
        let detail = format!("must have 1 to {QUERIES_MAX}, has {}", batch.queries.len());
        return Err(FieldError::new("queries", "out_of_range", detail).into());
    }
    let now = Timestamp::now();
    let queries: Vec<Result<ValidQuery, ApiError>> = batch.queries.iter().map(|raw| read(raw, now)).collect();
    check(&queries)?;
    let view = at.view(&model).await?;
    let answers = stream::iter(queries)
        .enumerate()
        .map(|(index, asked)| answer(&model, &view, &at, index, asked))
        .buffered(SEARCHES_MAX)
        .try_collect()
        .await?;
    let (position, version) = (view.position(), AnsweredBy::of(&view));
    Ok(with_state_headers(&view, Json(BatchOut { position, version, answers })))
}

fn read(raw: &RawValue, now: Timestamp) -> Result<ValidQuery, ApiError> {
    let body: RecommendationsBody = decode::json(raw.get().as_bytes())?;
    let beside = [
        ("version", body.version.is_some()),
        ("min_position", body.min_position.is_some()),
        ("timeout_ms", body.timeout_ms.is_some()),
    ];
    if let Some((field, _)) = beside.into_iter().find(|(_, given)| *given) {
        let detail = "belongs beside queries: all are answered from one state";
        return Err(FieldError::new(field, "misplaced", detail).into());
    }
    Ok(body.read(now)?)
}

/// Bounds what the answers hold together.
fn check(queries: &[Result<ValidQuery, ApiError>]) -> FieldResult<()> {
    let queries = || queries.iter().flatten().map(|asked| &asked.query);
    let added = |query: &&Query| query.with_item || query.with_embedding || query.with_explanation;
    let all: usize = queries().map(|query| query.limit).sum();
    let with: usize = queries().filter(added).map(|query| query.limit).sum();
    for (items, max, of) in [(all, ITEMS_MAX, ""), (with, ADDED_MAX, " of queries with additions")] {
        if items > max {
            let detail = format!("limits{of} must sum to at most {max}, sum to {items}");
            return Err(FieldError::new("queries", "too_many", detail));
        }
    }
    Ok(())
}

/// One query's answer; what would be no better alone and later ends the whole batch.
async fn answer(
    model: &Model,
    view: &Arc<View>,
    at: &ReadOptions,
    index: usize,
    asked: Result<ValidQuery, ApiError>,
) -> Result<BatchAnswer, ApiError> {
    let answered = match asked {
        Ok(asked) => asked.answer(model, view, at).await,
        Err(error) => Err(error),
    };
    match answered {
        Ok(answer) => Ok(BatchAnswer::Found(answer)),
        Err(error) => {
            let (status, code, _) = error.meaning();
            if status == axum::http::StatusCode::SERVICE_UNAVAILABLE {
                return Err(error);
            }
            let (detail, errors) = (error.detail(), error.errors());
            Ok(BatchAnswer::Refused { error: QueryProblem { index, status: status.as_u16(), code, detail, errors } })
        }
    }
}
