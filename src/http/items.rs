//! `/v1/models/{model}/items`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    auth::Caller,
    body, decode,
    error::ApiError,
    ingest::{self, AppendRequest, AppendResponse, AppendSummary, EntryKind, LagBound, ParsedEntry, WaitQuery},
    paging::RowPageQuery,
    params::{Params, Segments},
    paths::{IdPath, ModelPath},
    problem::Problem,
    read_options::{FreshnessQuery, ReadOptions, live_view, with_state_headers},
};
use crate::engine::Model;
use shelfmark_domain::{
    FieldError, GivenId, Id, Item, ItemPatch, NewRecord, PropertyValue, RecordBody, named_vectors, not_null,
};

/// Up to 10,000 items.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct ItemsBody {
    /// The items, in order.
    #[schema(max_items = 10_000)]
    items: Vec<Item>,
}

/// An item's metadata without its id, which stands in the path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Red kettle", "categories": ["kitchen"], "properties": {"price": 24.5, "brand": "Acme"}}))]
pub struct ItemBody {
    /// The id again; must be that of the path.
    id: Option<GivenId>,
    /// Short name shown to people; its first 10 words take part in the item's vector.
    #[schema(max_length = 1024)]
    title: Option<String>,
    /// Longer text, kept.
    #[schema(max_length = 65_536)]
    text: Option<String>,
    /// Categories; each takes part in the vector.
    #[serde(default)]
    #[schema(max_items = 64)]
    categories: Vec<String>,
    /// Tags; each takes part in the vector.
    #[serde(default)]
    #[schema(max_items = 64)]
    tags: Vec<String>,
    /// Named values, or lists of values; `brand`, `category_id`, `year` and `price` take part in the vector.
    #[serde(default)]
    properties: BTreeMap<String, PropertyValue>,
    /// Dense vectors of named modalities, such as `image`: lists of numbers, or base64 of little-endian f32. They take part in the
    /// item's vector. All vectors of a modality have the length of the model's first.
    #[serde(default, deserialize_with = "named_vectors")]
    vectors: BTreeMap<String, Vec<f32>>,
    /// Whether it may be recommended; true when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    available: Option<bool>,
}

/// Changes of an item's metadata, merged as RFC 7396 has it. The id stands in the path, or in each line.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body, which is read as a patch")]
#[schema(example = json!({"properties": {"price": 19.5, "old_price": null}, "available": false}))]
pub struct ItemPatchBody {
    /// Id of the item. Needed in lines and lists, where no path has it.
    id: Option<GivenId>,
    /// Title; null takes it away.
    #[schema(max_length = 1024)]
    title: Option<String>,
    /// Longer text; null takes it away.
    #[schema(max_length = 65_536)]
    text: Option<String>,
    /// Categories, the whole list; null takes all away.
    #[schema(max_items = 64)]
    categories: Option<Vec<String>>,
    /// Tags, the whole list; null takes all away.
    #[schema(max_items = 64)]
    tags: Option<Vec<String>>,
    /// Properties that change, by name. Those not named stay, and a value of null takes one away.
    #[schema(value_type = Option<BTreeMap<String, PropertyValue>>)]
    properties: Option<BTreeMap<String, Option<PropertyValue>>>,
    /// Dense vectors that change, by modality. A value of null takes one away.
    #[schema(value_type = Option<BTreeMap<String, Vec<f32>>>)]
    vectors: Option<BTreeMap<String, Option<Vec<f32>>>>,
    /// Whether it may be recommended; stays when left out.
    #[schema(nullable = false)]
    available: Option<bool>,
}

/// Up to 10,000 patches.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; the handler reads its text itself")]
pub struct ItemPatchesBody {
    /// The patches, in order.
    #[schema(max_items = 10_000)]
    items: Vec<ItemPatchBody>,
}

/// Puts many items.
///
/// Takes `{"items": [...]}` with at most 10,000, or `application/x-ndjson`: a stream of any length, one item a line,
/// appended as it arrives. Each item replaces what was known of it. Bad ones are named by index; when none is taken it
/// is a 422 (`nothing_taken`).
#[utoipa::path(
    post, path = "/v1/models/{model}/items", tag = "items", operation_id = "put_items",
    params(ModelPath, WaitQuery),
    request_body(content((ItemsBody = "application/json"), (Item = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put_many(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let sent = AppendRequest { lag: LagBound::Waived, caller: &caller, headers: &headers, body };
    ingest::append(&model, &api.limits, EntryKind::Items, &wait, sent).await
}

/// Puts one item: its metadata, whole.
#[utoipa::path(
    put, path = "/v1/models/{model}/items/{id}", tag = "items", operation_id = "put_item",
    params(IdPath, WaitQuery),
    request_body = ItemBody,
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let id = Id::new("id", &path.id)?;
    body::format(&headers, false)?;
    let text = body::whole(&headers, body, api.limits.body_bytes_max).await?;
    let given: ItemBody = decode::json(&text)?;
    check_same_id(given.id.as_ref(), &path.id)?;
    let item = Item {
        id,
        title: given.title,
        text: given.text,
        categories: given.categories,
        tags: given.tags,
        properties: given.properties,
        vectors: given.vectors,
        available: given.available.unwrap_or(true),
    };
    item.check()?;
    item.check_exact(&text)?;
    ingest::arrival(&model, &caller).admit(&item)?;
    append(&model, &caller, RecordBody::PutItem(item), &wait).await
}

/// Changes many items in parts.
///
/// Takes `{"items": [...]}` with at most 10,000 patches, or `application/x-ndjson`: one patch a line. Each is merged as
/// `PATCH /items/{id}` does it, in order. Bad ones are named by index; when none is taken it is a 422 (`nothing_taken`).
#[utoipa::path(
    patch, path = "/v1/models/{model}/items", tag = "items", operation_id = "patch_items",
    params(ModelPath, WaitQuery),
    request_body(content((ItemPatchesBody = "application/json"), (ItemPatchBody = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn patch_many(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModelPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let kind = EntryKind::Patches { view: live_view(&model).await? };
    let sent = AppendRequest { lag: LagBound::Waived, caller: &caller, headers: &headers, body };
    ingest::append(&model, &api.limits, kind, &wait, sent).await
}

/// Changes one item in parts: what the patch does not name stays as it is.
///
/// Merged as RFC 7396 has it: null takes a field, property or vector away; lists are replaced whole. The merge happens
/// in the order of the log, so patches sent at once lose nothing. An unknown item is created; a removed one stays removed.
#[utoipa::path(
    patch, path = "/v1/models/{model}/items/{id}", tag = "items", operation_id = "patch_item",
    params(IdPath, WaitQuery),
    request_body(content((ItemPatchBody = "application/json"), (ItemPatchBody = "application/merge-patch+json"))),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn patch(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let id = Id::new("id", &path.id)?;
    let text = body::patch_text(&headers, body, api.limits.body_bytes_max).await?;
    let given: ItemPatch<Option<GivenId>> = decode::json(&text)?;
    check_same_id(given.id.as_ref(), &path.id)?;
    let view = live_view(&model).await?;
    let mut parsed = ingest::checked_patch(given.with_id(id), &text, &view, &mut ingest::arrival(&model, &caller))?;
    parsed.record.source = caller.source();
    ingest::append_one(&model, parsed, &wait).await
}

fn check_same_id(given: Option<&GivenId>, path: &str) -> Result<(), FieldError> {
    match given {
        Some(given) if **given != *path => Err(FieldError::new("id", "mismatch", "must be the id of the path")),
        Some(_) | None => Ok(()),
    }
}

/// Removes an item: it is never recommended again, until it is put back.
#[utoipa::path(
    delete, path = "/v1/models/{model}/items/{id}", tag = "items", operation_id = "remove_item",
    params(IdPath, WaitQuery),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<IdPath>,
    Params(wait): Params<WaitQuery>,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    let item = Id::new("id", &path.id)?;
    append(&model, &caller, RecordBody::RemoveItem { item }, &wait).await
}

async fn append(
    model: &Model,
    caller: &Caller,
    body: RecordBody,
    wait: &WaitQuery,
) -> Result<AppendResponse, ApiError> {
    let record = NewRecord { source: caller.source(), ..NewRecord::own(body) };
    let parsed = ParsedEntry { record, made_id: None };
    ingest::append_one(model, parsed, wait).await
}

/// A page of items.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemsOut {
    /// Items, in the order in which the model met them.
    #[schema(value_type = Vec<Item>)]
    items: Vec<Arc<Item>>,
    /// `cursor` of the next page; null at the end.
    #[schema(value_type = Option<u64>)]
    next_cursor: Option<u32>,
}

/// Lists items page by page, removed ones left out.
///
/// New items come at the end, so a walk meets every item that was there when it began (until a rollback). A page may have
/// fewer items than `limit`, or none, before the end.
#[utoipa::path(
    get, path = "/v1/models/{model}/items", tag = "items", operation_id = "list_items",
    params(ModelPath, RowPageQuery),
    responses((status = 200, description = "A page", body = ItemsOut))
)]
pub async fn list(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(page): Params<RowPageQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let limit = page.limit()?;
    let view = ReadOptions::new(None, page.min_position, page.timeout_ms)?.view(&model).await?;
    let catalog = &view.inference().catalog;
    let (items, next_cursor) = page.page(catalog.len(), limit, |row| {
        let entry = catalog.entry(row);
        (!entry.removed).then(|| Arc::clone(&entry.item))
    });
    Ok(with_state_headers(&view, Json(ItemsOut { items, next_cursor })))
}

/// Reads an item's metadata as served; bare when only events named it.
#[utoipa::path(
    get, path = "/v1/models/{model}/items/{id}", tag = "items", operation_id = "get_item",
    params(IdPath, FreshnessQuery),
    responses((status = 200, description = "The item", body = Item))
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<IdPath>,
    Params(freshness): Params<FreshnessQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let view = ReadOptions::fresh(&freshness)?.view(&model).await?;
    let item = view.item(&path.id).ok_or(ApiError::NotFound { what: "item", id: path.id })?;
    Ok(with_state_headers(&view, Json(item)))
}
