//! `/api/item` and `/api/items`. A comment is the title, so that its words are learned; labels stand in `text` as they
//! came, and what of them is a value or a list of values in the properties too, where filters find it.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PATIENCE, TextError, affected, labels, model,
    request::{JsonBody, ListQuery},
    users::page_of,
};
use crate::http::{Api, auth::Caller, cpu_pool::off_worker, ingest};
use shelfmark_domain::{FieldError, Id, Item, ItemPatch, PropertyValue, RecordBody, Timestamp};
use shelfmark_serving::View;

/// Property that holds the time of an item.
pub const TIMESTAMP: &str = "gorse_timestamp";
/// Longest list of a label that is a property as well, in values.
const LISTED_MAX: usize = 32;
/// Most labels that are properties as well.
const PROPERTIES_MAX: usize = 32;
/// Time of an item without one.
pub const NO_TIME: &str = "0001-01-01T00:00:00Z";
/// Bytes of work that an item counts as, in a pass over all of them.
const ITEM_BYTES: usize = 256;

/// An item.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GorseItem {
    pub item_id: String,
    #[serde(default)]
    pub is_hidden: Option<bool>,
    #[serde(default)]
    pub categories: Option<Vec<String>>,
    #[serde(default)]
    pub timestamp: Option<String>,
    #[serde(default)]
    pub labels: Value,
    #[serde(default)]
    pub comment: Option<String>,
}

/// A page of items, ordered by id as text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Items {
    cursor: String,
    items: Vec<GorseItem>,
}

/// Changes of an item: null is no change.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GorsePatch {
    is_hidden: Option<bool>,
    categories: Option<Vec<String>>,
    timestamp: Option<String>,
    labels: Option<Value>,
    comment: Option<String>,
}

impl GorseItem {
    /// Translates into an item.
    pub fn item(self) -> Result<Item, TextError> {
        let mut item = Item::bare(Id::new("ItemId", &self.item_id)?);
        item.available = !self.is_hidden.unwrap_or(false);
        item.categories = self.categories.unwrap_or_default();
        item.title = self.comment.filter(|comment| !comment.is_empty());
        let mut properties: BTreeMap<String, PropertyValue> = filterable(&self.labels).collect();
        if let Some(time) = self.timestamp {
            properties.extend(timestamp_property(&time)?.map(|time| (TIMESTAMP.to_owned(), time)));
        }
        item.properties = properties;
        item.text = (!self.labels.is_null()).then(|| self.labels.to_string());
        item.check().map_err(gorse_field)?;
        Ok(item)
    }

    /// Translates back.
    pub fn of(item: &Item) -> Self {
        let labels = item.text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| {
            // An item that came in another way.
            let mut properties = item.properties.clone();
            properties.remove(TIMESTAMP);
            labels::decode(&properties)
        });
        Self {
            item_id: item.id.to_string(),
            is_hidden: Some(!item.available),
            categories: Some(item.categories.clone()),
            timestamp: Some(time(item).unwrap_or(NO_TIME).to_owned()),
            labels,
            comment: Some(item.title.clone().unwrap_or_default()),
        }
    }
}

/// Returns the labels that are properties as well.
fn filterable(labels: &Value) -> impl Iterator<Item = (String, PropertyValue)> {
    let named = labels::encode(labels).into_iter();
    named.filter(|(_, value)| value.values().len() <= LISTED_MAX).take(PROPERTIES_MAX)
}

/// Reads the time of an item; `None` for none.
fn timestamp_property(time: &str) -> Result<Option<PropertyValue>, TextError> {
    if time.is_empty() || time == NO_TIME {
        return Ok(None);
    }
    let at = Timestamp::parse(time).ok_or_else(|| TextError::bad(format!("Timestamp {time} is no time")))?;
    Ok(Some(PropertyValue::Text(seconds(at))))
}

/// Returns the time of an item as text, which sorts as times do.
pub fn time(item: &Item) -> Option<&str> {
    match item.properties.get(TIMESTAMP) {
        Some(PropertyValue::Text(time)) => Some(time),
        Some(PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::List(_)) | None => None,
    }
}

/// Formats a time with as many digits as it needs, in UTC.
pub fn seconds(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z').and_then(|text| text.split_once('.')) {
        Some((whole, part)) if part.bytes().all(|digit| digit == b'0') => format!("{whole}Z"),
        Some(_) | None => text,
    }
}

/// Creates or replaces an item.
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(one): JsonBody<GorseItem>,
) -> Result<Response, TextError> {
    put(&api, &caller, one).await
}

/// Creates or replaces items.
pub async fn post_many(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    JsonBody(all): JsonBody<Vec<GorseItem>>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let count = all.len();
    let record = |(place, item): (usize, GorseItem)| match item.item() {
        Ok(item) => Ok(RecordBody::PutItem(item)),
        Err(error) => Err(error.at(place)),
    };
    let records = all.into_iter().enumerate().map(record).collect::<Result<Vec<_>, _>>()?;
    ingest::append_bodies(&model, &caller, records, PATIENCE).await?;
    Ok(affected(count))
}

async fn put(api: &Api, caller: &Caller, item: GorseItem) -> Result<Response, TextError> {
    let model = model(api, caller)?;
    ingest::append_bodies(&model, caller, vec![RecordBody::PutItem(item.item()?)], PATIENCE).await?;
    Ok(affected(1))
}

/// Names a field of an item as Gorse does.
fn gorse_field(error: FieldError) -> TextError {
    let field = match error.field.as_str() {
        "title" => "Comment".to_owned(),
        "text" => "Labels".to_owned(),
        "categories" => "Categories".to_owned(),
        other => other.replacen("properties", "Labels", 1),
    };
    TextError::bad(format!("{field}: {}", error.detail))
}

/// Lists items; with `q` those whose comment has a word of it, those with most of them first.
pub async fn list(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    list: ListQuery,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let ListQuery { n, cursor, search, .. } = list;
    let view = model.live();
    let work = view.inference().catalog.len() * ITEM_BYTES;
    let page = off_worker(work, move || {
        let there = |row: &u32| !view.inference().catalog.entry(*row).removed;
        let rows = (0..u32::try_from(view.inference().catalog.len()).unwrap_or(u32::MAX)).filter(there);
        if let Some(search) = search {
            return Items { cursor: String::new(), items: found(&view, rows, &search, n) };
        }
        let (ids, next) = page_of(rows.map(|row| view.inference().catalog.id(row).as_str()), &cursor, n);
        Items { cursor: next, items: ids.iter().filter_map(|id| item(&view, id)).collect() }
    })
    .await?;
    Ok(Json(page).into_response())
}

/// Returns the `n` items whose comments have most of the words searched for, and few others.
fn found(view: &View, rows: impl Iterator<Item = u32>, search: &str, n: usize) -> Vec<GorseItem> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let wanted = words(search);
    let mut hits: Vec<(usize, usize, u32)> = rows
        .filter_map(|row| {
            let title = view.inference().catalog.entry(row).item.title.as_deref()?;
            let has = words(title);
            let met = wanted.iter().filter(|word| has.contains(word)).count();
            (met > 0).then_some((usize::MAX - met, has.len(), row))
        })
        .collect();
    hits.sort_unstable();
    let items = hits.into_iter().take(n);
    items.map(|(.., row)| GorseItem::of(&view.inference().catalog.entry(row).item)).collect()
}

fn item(view: &View, id: &str) -> Option<GorseItem> {
    Some(GorseItem::of(&*view.item(id)?))
}

fn unknown() -> TextError {
    TextError::new(StatusCode::NOT_FOUND, "2000: item not found")
}

/// Reads an item.
pub async fn get(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, TextError> {
    let view = model(&api, &caller)?.live();
    Ok(Json(item(&view, &id).ok_or_else(unknown)?).into_response())
}

/// Changes an item.
pub async fn patch(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    JsonBody(patch): JsonBody<GorsePatch>,
) -> Result<Response, TextError> {
    let GorsePatch { is_hidden, categories, timestamp, labels, comment } = patch;
    let model = model(&api, &caller)?;
    let view = model.live();
    let known = view.item(&id).ok_or_else(unknown)?;
    let labels = labels.filter(|labels| !labels.is_null());
    let mut properties: BTreeMap<String, Option<PropertyValue>> = BTreeMap::new();
    if let Some(labels) = &labels {
        // Labels are replaced whole.
        properties.extend(known.properties.keys().filter(|name| *name != TIMESTAMP).map(|name| (name.clone(), None)));
        properties.extend(filterable(labels).map(|(name, value)| (name, Some(value))));
    }
    if let Some(time) = &timestamp {
        properties.insert(TIMESTAMP.to_owned(), timestamp_property(time)?);
    }
    let patch = ItemPatch {
        id: known.id.clone(),
        title: comment.map(|comment| Some(comment).filter(|comment| !comment.is_empty())),
        text: labels.map(|labels| Some(labels.to_string())),
        categories: categories.map(Some),
        tags: None,
        properties: (!properties.is_empty()).then_some(Some(properties)),
        vectors: None,
        available: is_hidden.map(|hidden| !hidden),
    };
    patch.merged(&known).check().map_err(gorse_field)?;
    ingest::append_bodies(&model, &caller, vec![RecordBody::PatchItem(Box::new(patch))], PATIENCE).await?;
    Ok(affected(1))
}

async fn change(
    api: &Api,
    caller: &Caller,
    id: &str,
    change: impl FnOnce(GorseItem) -> GorseItem,
) -> Result<Response, TextError> {
    let known = item(&model(api, caller)?.live(), id).ok_or_else(unknown)?;
    put(api, caller, change(known)).await
}

/// Removes an item.
pub async fn delete(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let removed = RecordBody::RemoveItem { item: Id::new("ItemId", &id)? };
    ingest::append_bodies(&model, &caller, vec![removed], PATIENCE).await?;
    Ok(affected(1))
}

/// Adds a category to an item.
pub async fn add_category(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((id, category)): Path<(String, String)>,
) -> Result<Response, TextError> {
    change(&api, &caller, &id, |mut known| {
        let categories = known.categories.get_or_insert_default();
        if !categories.contains(&category) {
            categories.push(category);
        }
        known
    })
    .await
}

/// Takes a category from an item.
pub async fn remove_category(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path((id, category)): Path<(String, String)>,
) -> Result<Response, TextError> {
    change(&api, &caller, &id, |mut known| {
        known.categories.get_or_insert_default().retain(|other| *other != category);
        known
    })
    .await
}
