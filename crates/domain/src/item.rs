//! Items: metadata, from which an item has a vector before its first event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    FieldError, FieldResult, Id, PropertyValue, count_within, field::bytes_within, named_vectors, text_within,
};

/// An item's metadata as stored in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Id of the item.
    #[cfg_attr(feature = "openapi", schema(value_type = super::GivenId))]
    pub id: Id,
    /// Title shown to people; its first 10 words become tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Longer text, stored only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Categories; each becomes a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Tags; each becomes a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Named values, or lists of values. `brand`, `category_id`, `year` and `price` become tokens; filters can use all of
    /// them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyValue>,
    /// Dense vectors by modality, such as `image`: lists of numbers, or base64 of little-endian f32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "named_vectors")]
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// Whether the item may be recommended.
    #[serde(default = "available_by_default")]
    pub available: bool,
}

fn available_by_default() -> bool {
    true
}

impl Item {
    /// Most categories, and most tags.
    pub const LABELS_MAX: usize = 64;
    /// Longest title, category or tag, in bytes.
    pub const LABEL_BYTES_MAX: usize = 1024;
    /// Longest text, in bytes.
    pub const TEXT_BYTES_MAX: usize = 65_536;
    /// Most properties.
    pub const PROPERTIES_MAX: usize = 64;
    /// Most values in the lists of all properties together.
    pub const LISTED_MAX: usize = 256;
    /// Most modalities.
    pub const VECTORS_MAX: usize = 8;
    /// Longest dense vector.
    pub const VECTOR_DIM_MAX: usize = 4096;

    /// Creates an item with an id only, as an event does.
    pub fn bare(id: Id) -> Self {
        Self {
            id,
            title: None,
            text: None,
            categories: Vec::new(),
            tags: Vec::new(),
            properties: BTreeMap::new(),
            vectors: BTreeMap::new(),
            available: true,
        }
    }

    /// Checks all rules.
    pub fn check(&self) -> FieldResult<()> {
        bytes_within("title", self.title.as_deref().unwrap_or_default(), Self::LABEL_BYTES_MAX)?;
        bytes_within("text", self.text.as_deref().unwrap_or_default(), Self::TEXT_BYTES_MAX)?;
        count_within("categories", self.categories.len(), Self::LABELS_MAX)?;
        count_within("tags", self.tags.len(), Self::LABELS_MAX)?;
        count_within("properties", self.properties.len(), Self::PROPERTIES_MAX)?;
        count_within("vectors", self.vectors.len(), Self::VECTORS_MAX)?;
        for label in &self.categories {
            text_within("categories", label, Self::LABEL_BYTES_MAX)?;
        }
        for label in &self.tags {
            text_within("tags", label, Self::LABEL_BYTES_MAX)?;
        }
        self.check_properties()?;
        for (name, vector) in &self.vectors {
            text_within("vectors", name, Id::BYTES_MAX)?;
            let field = || format!("vectors.{name}");
            if vector.is_empty() || vector.len() > Self::VECTOR_DIM_MAX {
                let detail = format!("must have 1 to {} numbers, has {}", Self::VECTOR_DIM_MAX, vector.len());
                return Err(FieldError::new(field(), "bad_dimension", detail));
            }
            if vector.iter().any(|x| !x.is_finite()) {
                return Err(FieldError::new(field(), "not_finite", "must contain finite numbers only"));
            }
        }
        Ok(())
    }

    fn check_properties(&self) -> FieldResult<()> {
        let mut listed = 0;
        for (name, value) in &self.properties {
            text_within("properties", name, Id::BYTES_MAX)?;
            if let PropertyValue::List(values) = value {
                listed += values.len();
                count_within("properties", listed, Self::LISTED_MAX)?;
            }
            for value in value.values() {
                match value {
                    PropertyValue::Number(number) if !number.is_finite() => {
                        let field = format!("properties.{name}");
                        return Err(FieldError::new(field, "not_finite", "must be a finite number"));
                    }
                    PropertyValue::Text(text) => {
                        bytes_within(format_args!("properties.{name}"), text, Self::LABEL_BYTES_MAX)?;
                    }
                    PropertyValue::List(_) => {
                        let field = format!("properties.{name}");
                        return Err(FieldError::new(field, "invalid_value", "a list must not hold a list"));
                    }
                    PropertyValue::Flag(_) | PropertyValue::Number(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Refuses whole numbers beyond 64 bits, which were rounded when `text`, the JSON of the item, was read.
    pub fn check_exact(&self, text: &[u8]) -> FieldResult<()> {
        let rounded = |value: &PropertyValue| match value {
            PropertyValue::Number(number) => number.was_rounded(text),
            PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => false,
        };
        match self.properties.iter().find(|(_, value)| value.values().iter().any(rounded)) {
            Some((name, _)) => {
                let detail = "a whole number must have at most 64 bits; send a longer one as text";
                Err(FieldError::new(format!("properties.{name}"), "out_of_range", detail))
            }
            None => Ok(()),
        }
    }
}
