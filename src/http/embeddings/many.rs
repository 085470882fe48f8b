//! Many vectors of one state in one answer. Rows are found first and computed while they are written, so that none is held
//! twice.

use std::{collections::BTreeMap, sync::Arc};

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::{Form, block, extend, texts::Texts};
use crate::http::{
    Api, body,
    error::ApiError,
    off_worker,
    params::Segments,
    paths::ModelPath,
    read_options::{ReadOptions, VersionSelector, with_state_headers},
};
use shelfmark_datasets::vectors::{Matrix, safetensors_head};
use shelfmark_domain::{Embedding, FieldError, GivenId, Position, Timestamp, not_null};
use shelfmark_serving::View;

/// Most rows of one request.
const ROWS_MAX: usize = 10_000;

/// Ids of the vectors to read; at most 10,000 in all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": ["i1", "i9"], "users": ["u1"]}))]
pub struct EmbeddingsBody {
    /// Items, in the order wanted.
    #[serde(default)]
    #[schema(value_type = Vec<GivenId>)]
    items: Texts,
    /// Users, in the order wanted.
    #[serde(default)]
    #[schema(value_type = Vec<GivenId>)]
    users: Texts,
    /// A version's number or label, or `live`; what is served when left out.
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

/// Many vectors of one state.
#[derive(Serialize, ToSchema)]
pub struct EmbeddingsOut<'a> {
    /// Log position of the state that answered.
    position: Position,
    /// Items' vectors, in the order asked, without the missing ones.
    #[schema(value_type = Vec<Embedding>)]
    items: ItemRows<'a>,
    /// Users' vectors, in the order asked, without the missing ones.
    users: &'a [Embedding],
    /// Ids that the state does not know.
    missing: &'a Missing,
}

/// Ids that a state does not know.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Missing {
    /// Items.
    items: Vec<String>,
    /// Users.
    users: Vec<String>,
}

/// Reads many vectors of one state.
///
/// As JSON; with `Accept: application/octet-stream` as one block of little-endian f32, items first, in the order asked, where
/// an unknown id is a 404, since a block cannot say that a row is missing; with `Accept: application/x-safetensors` as a safetensors file
/// with the tensors `items` and `users` of what was asked for, `[count, dim]` of F32, whose metadata hold the ids of the rows as JSON lists under the
/// same names, and what is `missing` as in JSON.
#[utoipa::path(
    post, path = "/v1/models/{model}/embeddings", tag = "embeddings", operation_id = "get_embeddings",
    params(ModelPath),
    request_body = EmbeddingsBody,
    responses((status = 200, description = "The vectors; of a block, the header `shelfmark-dim` has the length of a row", content(
        (EmbeddingsOut<'_> = "application/json"), (Vec<u8> = "application/octet-stream"), (Vec<u8> = "application/x-safetensors"),
    )))
)]
pub async fn many(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let asked: EmbeddingsBody = body::json(&headers, body, api.limits.body_bytes_max).await?;
    let count = asked.items.len() + asked.users.len();
    if !(1..=ROWS_MAX).contains(&count) {
        let detail = format!("items and users must be 1 to {ROWS_MAX} together, are {count}");
        return Err(FieldError::new("items", "out_of_range", detail).into());
    }
    let at = ReadOptions::new(asked.version, asked.min_position, asked.timeout_ms)?;
    let view = at.view(&model).await?;
    let form = Form::wanted(&headers);
    let source = Arc::clone(&view);
    let dim = view.inference().config.dim;
    // A user's row costs some microseconds to compute, an item's the time of its bytes.
    let bytes = (asked.items.len() + 16 * asked.users.len()) * dim * form.value_bytes();
    let work = move || FoundRows::new(&source, &asked.items, &asked.users).answer(form);
    let answer = off_worker(bytes / ROW_SPEED, work).await??;
    Ok(with_state_headers(&view, answer))
}

/// Bytes of rows that are written in the time of one of parsing.
const ROW_SPEED: usize = 4;

/// What was asked for, as far as it is known.
struct FoundRows<'a> {
    view: &'a View,
    items: Vec<u32>,
    users: Vec<Embedding>,
    missing: Missing,
    /// Whether any item, or user, was asked for.
    asked: [bool; 2],
}

impl<'a> FoundRows<'a> {
    fn new(view: &'a View, items: &Texts, users: &Texts) -> Self {
        let at = Timestamp::now();
        let asked = [items.len() > 0, users.len() > 0];
        let (items, missing_items) = split(items, |id| view.row(id));
        let (users, missing_users) = split(users, |id| view.user_embedding(id, at));
        Self { view, items, users, missing: Missing { items: missing_items, users: missing_users }, asked }
    }

    fn answer(&self, form: Form) -> Result<Response, ApiError> {
        let dim = self.view.inference().config.dim;
        let mut bytes = match form {
            Form::Json => Vec::new(),
            Form::Block => {
                let item = self.missing.items.first().map(|id| ("item", id));
                if let Some((what, id)) = item.or(self.missing.users.first().map(|id| ("user", id))) {
                    return Err(ApiError::NotFound { what, id: id.clone() });
                }
                Vec::new()
            }
            Form::Safetensors => self.head(dim)?,
        };
        bytes.reserve_exact((self.items.len() + self.users.len()) * (dim * form.value_bytes() + 64));
        match form {
            Form::Json => {
                let items = ItemRows { view: self.view, rows: &self.items };
                let out =
                    EmbeddingsOut { position: self.view.position(), items, users: &self.users, missing: &self.missing };
                serde_json::to_writer(&mut bytes, &out).map_err(|error| ApiError::Internal(error.to_string()))?;
            }
            Form::Block | Form::Safetensors => {
                self.items.iter().for_each(|item| extend(&mut bytes, self.view.vector(*item)));
                self.users.iter().for_each(|user| extend(&mut bytes, &user.values));
            }
        }
        Ok(block(form, dim, bytes))
    }

    /// What comes before the rows in a safetensors file.
    fn head(&self, dim: usize) -> Result<Vec<u8>, ApiError> {
        let text =
            |list: Result<String, serde_json::Error>| list.map_err(|error| ApiError::Internal(error.to_string()));
        let catalog = &self.view.inference().catalog;
        let items: Vec<&str> = self.items.iter().map(|row| catalog.id(*row).as_str()).collect();
        let users: Vec<&str> = self.users.iter().map(|user| user.id.as_str()).collect();
        let mut metadata = BTreeMap::from([
            ("position".to_owned(), self.view.position().to_string()),
            ("missing".to_owned(), text(serde_json::to_string(&self.missing))?),
        ]);
        let mut matrices = Vec::new();
        for ((name, ids), asked) in [("items", items), ("users", users)].into_iter().zip(self.asked) {
            if asked {
                metadata.insert(name.to_owned(), text(serde_json::to_string(&ids))?);
                matrices.push(Matrix { name, rows: ids.len(), dim });
            }
        }
        Ok(safetensors_head(metadata, &matrices))
    }
}

/// What is known by these ids, in order, and the ids that are not.
fn split<T>(ids: &Texts, mut find: impl FnMut(&str) -> Option<T>) -> (Vec<T>, Vec<String>) {
    let mut found = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for id in ids.iter() {
        match find(id) {
            Some(known) => found.push(known),
            None => missing.push(id.to_owned()),
        }
    }
    (found, missing)
}

/// Items' vectors, each named when its turn to be written comes.
struct ItemRows<'a> {
    view: &'a View,
    rows: &'a [u32],
}

impl Serialize for ItemRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| self.view.embedding_of(*row)))
    }
}
