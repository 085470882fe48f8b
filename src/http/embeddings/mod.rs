//! Embeddings of items and users, one or many, as JSON, little-endian f32 or safetensors.

mod form;
mod many;
mod texts;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    error::ApiError,
    params::{Params, Segments},
    paths::IdPath,
    read_options::{ReadOptions, VersionSelector, with_state_headers},
};
use form::{Form, block, extend};
use shelfmark_domain::{Embedding, Position, Timestamp};
use shelfmark_serving::View;

// With what the documentation is made of.
pub use many::*;

/// Query parameters of one embedding.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EmbeddingQuery {
    /// A version's number or label, or `live`; what is served when left out.
    #[param(value_type = Option<String>)]
    version: Option<VersionSelector>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
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
    let at = ReadOptions::new(query.version, query.min_position, query.timeout_ms)?;
    let view = at.view_for(&model, owner.reader(&path.id)).await?;
    let embedding =
        owner.read(&view, &path.id, Timestamp::now()).ok_or(ApiError::NotFound { what: owner.name(), id: path.id })?;
    match Form::wanted(&headers) {
        Form::Block => {
            let mut bytes = Vec::with_capacity(embedding.dim * size_of::<f32>());
            extend(&mut bytes, &embedding.values);
            Ok(with_state_headers(&view, block(Form::Block, embedding.dim, bytes)))
        }
        // One row is no tensor.
        Form::Json | Form::Safetensors => Ok(with_state_headers(&view, Json(embedding))),
    }
}
