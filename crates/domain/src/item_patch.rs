//! Patches of an item's metadata, merged as RFC 7396 (JSON merge patch) has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{DenseVector, FieldResult, Id, Item, PropertyValue, not_null};

/// Fields of an item that change: what is left out stays, null takes away, properties and vectors are merged by name.
///
/// `I` is the id, which a request may have in its path instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemPatch<I = Id> {
    /// Id of the item.
    pub id: I,
    /// Title.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub title: Option<Change<String>>,
    /// Longer text.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub text: Option<Change<String>>,
    /// Categories, the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub categories: Option<Change<Vec<String>>>,
    /// Tags, the whole list.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub tags: Option<Change<Vec<String>>>,
    /// Properties by name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub properties: Option<Change<BTreeMap<String, Change<PropertyValue>>>>,
    /// Dense vectors by modality.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub vectors: Option<Change<BTreeMap<String, Change<DenseVector>>>>,
    /// Whether the item may be recommended. Null is refused, because taking it away would put the item on sale.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub available: Option<bool>,
}

/// A new value, or `None` to take the old one away.
pub type Change<T> = Option<T>;

/// Parses a field that was given: null is a change.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Change<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

impl<I> ItemPatch<I> {
    /// Replaces the id.
    pub fn with_id(self, id: Id) -> ItemPatch {
        let Self { id: _, title, text, categories, tags, properties, vectors, available } = self;
        ItemPatch { id, title, text, categories, tags, properties, vectors, available }
    }
}

impl ItemPatch {
    /// Merges the patch into an item's metadata.
    pub fn merged(&self, item: &Item) -> Item {
        let mut item = item.clone();
        if let Some(title) = &self.title {
            item.title.clone_from(title);
        }
        if let Some(text) = &self.text {
            item.text.clone_from(text);
        }
        if let Some(categories) = &self.categories {
            item.categories = categories.clone().unwrap_or_default();
        }
        if let Some(tags) = &self.tags {
            item.tags = tags.clone().unwrap_or_default();
        }
        if let Some(properties) = &self.properties {
            merge(&mut item.properties, properties.as_ref(), PropertyValue::clone);
        }
        if let Some(vectors) = &self.vectors {
            merge(&mut item.vectors, vectors.as_ref(), |vector| vector.0.clone());
        }
        if let Some(available) = self.available {
            item.available = available;
        }
        item
    }

    /// Checks the rules that do not depend on the item: what an item without metadata becomes. `text` is the JSON that
    /// the patch was read from.
    pub fn check(&self, text: &[u8]) -> FieldResult<()> {
        let alone = self.merged(&Item::bare(self.id.clone()));
        alone.check()?;
        alone.check_exact(text)
    }
}

/// Merges named changes; none at all empties the map.
fn merge<T, C>(
    values: &mut BTreeMap<String, T>,
    changes: Option<&BTreeMap<String, Change<C>>>,
    value: impl Fn(&C) -> T,
) {
    let Some(changes) = changes else { return values.clear() };
    for (name, change) in changes {
        match change {
            Some(change) => _ = values.insert(name.clone(), value(change)),
            None => _ = values.remove(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the rules of RFC 7396. Method: each patch on one item, as text before and after.
    #[test]
    fn patches_are_merged_as_rfc_7396_has_it() {
        let item: Item = serde_json::from_str(
            r#"{"id":"i","title":"Kettle","categories":["a","b"],"properties":{"price":3,"brand":"Acme"},
            "vectors":{"image":[1.0,2.0]},"available":false}"#,
        )
        .expect("an item");
        for (patch, expected) in [
            (
                "",
                r#""title":"Kettle","categories":["a","b"],"properties":{"brand":"Acme","price":3},"vectors":{"image":[1.0,2.0]},"#,
            ),
            (
                r#","properties":{"price":4}"#,
                r#""title":"Kettle","categories":["a","b"],"properties":{"brand":"Acme","price":4},"vectors":{"image":[1.0,2.0]},"#,
            ),
            (
                r#","properties":{"price":null,"new":[1,"x"]}"#,
                r#""title":"Kettle","categories":["a","b"],"properties":{"brand":"Acme","new":[1,"x"]},"vectors":{"image":[1.0,2.0]},"#,
            ),
            (
                r#","title":null,"properties":null,"vectors":{"image":null,"text":[0.5]}"#,
                r#""categories":["a","b"],"vectors":{"text":[0.5]},"#,
            ),
            (
                r#","categories":["c"],"tags":["t"],"vectors":{}"#,
                r#""title":"Kettle","categories":["c"],"tags":["t"],"properties":{"brand":"Acme","price":3},"vectors":{"image":[1.0,2.0]},"#,
            ),
        ] {
            let text = format!(r#"{{"id":"i"{patch}}}"#);
            let patch: ItemPatch = serde_json::from_str(&text).expect(&text);
            let merged = serde_json::to_string(&patch.merged(&item)).expect("JSON");
            assert_eq!(merged, format!(r#"{{"id":"i",{expected}"available":false}}"#), "{text}");
            let stored = serde_json::to_string(&patch).expect("JSON");
            assert_eq!(serde_json::from_str::<ItemPatch>(&stored).expect(&stored), patch, "as the log stores it");
        }
        let sold: ItemPatch = serde_json::from_str(r#"{"id":"i","available":true}"#).expect("a patch");
        assert!(sold.merged(&item).available);
    }

    #[test]
    fn patches_that_no_item_could_take_are_refused() {
        for text in [r#"{"id":"i","available":null}"#, r#"{"id":"i","price":1}"#, r#"{"title":"x"}"#] {
            assert!(serde_json::from_str::<ItemPatch>(text).is_err(), "{text}");
        }
        let rounded = r#"{"id":"i","properties":{"n":123456789012345678901}}"#;
        let patch: ItemPatch = serde_json::from_str(rounded).expect("a patch");
        assert_eq!(patch.check(rounded.as_bytes()).expect_err("too long").field, "properties.n");
        let no_id: ItemPatch<Option<Id>> = serde_json::from_str(r#"{"available":false}"#).expect("a patch");
        let id = Id::new("id", "i").expect("an id");
        assert!(!no_id.with_id(id.clone()).merged(&Item::bare(id)).available);
    }
}
