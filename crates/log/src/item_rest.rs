//! JSON of items and patches in `records.rest`.

use std::collections::BTreeMap;

use serde::Serialize;

use shelfmark_domain::{Id, Item, ItemPatch, PackedVector, PropertyValue};

/// The JSON of `records.rest` for an item. It reads back as the same [`Item`]: vectors are written as base64 of their
/// bytes, in half the size of decimal numbers, and all other numbers are finite.
#[derive(Serialize)]
struct ItemRest<'a> {
    id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    categories: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: &'a BTreeMap<String, PropertyValue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    vectors: BTreeMap<&'a str, PackedVector<'a>>,
    available: bool,
}

/// Returns the `rest` of an item. The error says which field cannot be stored.
pub(super) fn item_rest(item: &Item) -> Result<String, String> {
    let Item { id, title, text, categories, tags, properties, vectors, available } = item;
    let endless = |value: &PropertyValue| matches!(value, PropertyValue::Number(number) if !number.is_finite());
    if let Some((name, _)) = properties.iter().find(|(_, value)| value.values().iter().any(endless)) {
        return Err(format!("properties.{name} is not finite"));
    }
    json(&ItemRest {
        id,
        title: title.as_deref(),
        text: text.as_deref(),
        categories,
        tags,
        properties,
        vectors: vectors.iter().map(|(name, values)| (name.as_str(), PackedVector(values))).collect(),
        available: *available,
    })
}

/// Returns the `rest` of a patch, which reads back as it is for the reasons that items do.
pub(super) fn patch_rest(patch: &ItemPatch) -> Result<String, String> {
    let endless = |value: &PropertyValue| matches!(value, PropertyValue::Number(number) if !number.is_finite());
    let mut properties = patch.properties.iter().flatten().flatten();
    if let Some((name, _)) = properties.find(|(_, value)| value.iter().flat_map(|v| v.values()).any(endless)) {
        return Err(format!("properties.{name} is not finite"));
    }
    json(patch)
}
/// Writes a value as the text of the column `rest`.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}
