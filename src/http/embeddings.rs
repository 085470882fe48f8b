//! Embeddings of items and users, one or many, as JSON or little-endian f32.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, body,
    error::ApiError,
    off_worker,
    params::{Params, Segments},
    paths::{IdPath, ModelPath},
    reading::{At, Pick, stamped},
};
use crate::{
    domain::{Embedding, FieldError, Position, Timestamp},
    serving::View,
};

/// Most rows of one request.
const ROWS_MAX: usize = 10_000;
const DIM: HeaderName = HeaderName::from_static("shelfmark-dim");

/// Query parameters of one embedding.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EmbeddingQuery {
    /// A version's number or label, or `live`; what is served when left out.
    #[param(value_type = Option<String>)]
    version: Option<Pick>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    timeout_ms: Option<u64>,
}

/// Whose vectors.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Item,
    User,
}

impl Owner {
    fn read(self, view: &View, id: &str, at: Timestamp) -> Option<Embedding> {
        match self {
            Self::Item => view.item_embedding(id),
            Self::User => view.user_embedding(id, at),
        }
    }

    /// Whose arm of a split answers.
    const fn reader(self, id: &str) -> Option<&str> {
        match self {
            Self::Item => None,
            Self::User => Some(id),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::User => "user",
        }
    }
}

/// Reads an item's vector: as JSON, or little-endian f32 with `Accept: application/octet-stream`.
#[utoipa::path(
    get, path = "/v1/models/{model}/items/{id}/embedding", tag = "embeddings", operation_id = "get_item_embedding",
    params(IdPath, EmbeddingQuery),
    responses((status = 200, description = "The vector; the header `shelfmark-dim` has its length",
        content((Embedding = "application/json"), (Vec<u8> = "application/octet-stream"))))
)]
pub async fn item(
    state: State<Api>,
    path: Segments<IdPath>,
    query: Params<EmbeddingQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    one(state, path, query, headers, Owner::Item).await
}

/// Reads a user's vector as of now: as JSON, or little-endian f32 with `Accept: application/octet-stream`.
#[utoipa::path(
    get, path = "/v1/models/{model}/users/{id}/embedding", tag = "embeddings", operation_id = "get_user_embedding",
    params(IdPath, EmbeddingQuery),
    responses((status = 200, description = "The vector; the header `shelfmark-dim` has its length",
        content((Embedding = "application/json"), (Vec<u8> = "application/octet-stream"))))
)]
pub async fn user(
    state: State<Api>,
    path: Segments<IdPath>,
    query: Params<EmbeddingQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    one(state, path, query, headers, Owner::User).await
}

async fn one(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(query): Params<EmbeddingQuery>,
    headers: HeaderMap,
    owner: Owner,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let at = At::new(query.version, query.min_position, query.timeout_ms)?;
    let view = at.view_for(&model, owner.reader(&path.id)).await?;
    let embedding =
        owner.read(&view, &path.id, Timestamp::now()).ok_or(ApiError::NotFound { what: owner.name(), id: path.id })?;
    if wants_bytes(&headers) {
        let rows = Block::of(embedding.dim, &[embedding]);
        return Ok(stamped(&view, rows));
    }
    Ok(stamped(&view, Json(embedding)))
}

fn wants_bytes(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/octet-stream"))
}

/// Rows as bytes, `[count, dim]` little-endian f32, row-major.
struct Block {
    dim: usize,
    bytes: Vec<u8>,
}

impl Block {
    fn of(dim: usize, rows: &[Embedding]) -> Self {
        let mut bytes = Vec::with_capacity(rows.len() * dim * 4);
        for row in rows {
            for value in &row.values {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        Self { dim, bytes }
    }
}

impl IntoResponse for Block {
    fn into_response(self) -> Response {
        let mut response = self.bytes.into_response();
        let kind = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().insert(DIM, HeaderValue::from(self.dim));
        response
    }
}

/// Which vectors; at most 10,000 in all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": ["i1", "i9"], "users": ["u1"]}))]
pub struct EmbeddingsBody {
    /// Items, in the order wanted.
    #[serde(default)]
    items: Vec<String>,
    /// Users, in the order wanted.
    #[serde(default)]
    users: Vec<String>,
    /// A version's number or label, or `live`; what is served when left out.
    #[schema(value_type = Option<String>)]
    version: Option<Pick>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    timeout_ms: Option<u64>,
}

/// Many vectors of one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbeddingsOut {
    /// Position of the state.
    position: Position,
    /// Items' vectors, in the order asked, without the missing ones.
    items: Vec<Embedding>,
    /// Users' vectors, in the order asked, without the missing ones.
    users: Vec<Embedding>,
    /// Ids that the state does not know.
    missing: Missing,
}

/// Ids that a state does not know.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Missing {
    /// Items.
    items: Vec<String>,
    /// Users.
    users: Vec<String>,
}

/// Reads many vectors of one state: as JSON, or with `Accept: application/octet-stream` as one block of little-endian
/// f32, items first, in the order asked; then an unknown id is a 404, since a block cannot say that a row is missing.
#[utoipa::path(
    post, path = "/v1/models/{model}/embeddings", tag = "embeddings", operation_id = "get_embeddings",
    params(ModelPath),
    request_body = EmbeddingsBody,
    responses((status = 200, description = "The vectors; of a block, the header `shelfmark-dim` has the length of a row",
        content((EmbeddingsOut = "application/json"), (Vec<u8> = "application/octet-stream"))))
)]
pub async fn many(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let asked: EmbeddingsBody = body::json(&headers, body, api.limits.body_bytes_max, &["position"]).await?;
    let count = asked.items.len() + asked.users.len();
    if !(1..=ROWS_MAX).contains(&count) {
        let detail = format!("items and users must be 1 to {ROWS_MAX} together, are {count}");
        return Err(FieldError::new("items", "out_of_range", detail).into());
    }
    let at = At::new(asked.version, asked.min_position, asked.timeout_ms)?;
    let view = at.view(&model).await?;
    let bytes = wants_bytes(&headers);
    let source = Arc::clone(&view);
    let dim = model.config().dim;
    // A row costs some microseconds to compute and, in JSON, dim times ten bytes of text.
    let work = move || answer(&source, asked.items, asked.users, bytes, dim);
    let answer = off_worker(count * dim * 10, work).await??;
    Ok(stamped(&view, answer))
}

fn answer(view: &View, items: Vec<String>, users: Vec<String>, bytes: bool, dim: usize) -> Result<Response, ApiError> {
    let at = Timestamp::now();
    let (items, missing_items) = rows(view, Owner::Item, items, at);
    let (users, missing_users) = rows(view, Owner::User, users, at);
    if !bytes {
        let out = EmbeddingsOut {
            position: view.position(),
            items,
            users,
            missing: Missing { items: missing_items, users: missing_users },
        };
        return Ok(Json(out).into_response());
    }
    let missing_item = missing_items.into_iter().next().map(|id| ("item", id));
    let missing_user = missing_users.into_iter().next().map(|id| ("user", id));
    if let Some((what, id)) = missing_item.or(missing_user) {
        return Err(ApiError::NotFound { what, id });
    }
    let mut all = items;
    all.extend(users);
    let dim = all.first().map_or(dim, |row| row.dim);
    Ok(Block::of(dim, &all).into_response())
}

fn rows(view: &View, owner: Owner, ids: Vec<String>, at: Timestamp) -> (Vec<Embedding>, Vec<String>) {
    let mut found = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for id in ids {
        match owner.read(view, &id, at) {
            Some(embedding) => found.push(embedding),
            None => missing.push(id),
        }
    }
    (found, missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Id;

    #[test]
    fn a_block_is_the_rows_in_order_little_endian() {
        let id = Id::new("id", "i").expect("valid");
        let row = |values: &[f32]| Embedding::new(id.clone(), values.to_vec(), Position::ZERO);
        let block = Block::of(2, &[row(&[1.0, -2.0]), row(&[0.5, 0.0])]);
        let values: Vec<f32> = block
            .bytes
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
            .collect();
        assert_eq!(values, [1.0, -2.0, 0.5, 0.0]);
    }
}
