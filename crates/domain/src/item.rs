//! What an item is: the metadata that gives it a vector before its first event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, Id, count_within, named_vectors, text_within};

/// An item's metadata as it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The item.
    pub id: Id,
    /// Short name shown to people; its first 10 words become tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Longer text, kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Categories; each is a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Tags; each is a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Named values; `brand`, `category_id`, `year` and `price` become tokens, all can be filtered on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyValue>,
    /// Dense vectors of named modalities, such as `image`: lists of numbers, or base64 of little-endian f32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "named_vectors")]
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// Whether it may be recommended.
    #[serde(default = "available_by_default")]
    pub available: bool,
}

fn available_by_default() -> bool {
    true
}

/// A property's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "must be true, false, a number or text")]
pub enum PropertyValue {
    /// `true` or `false`.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// Text.
    Text(String),
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
    /// Most modalities.
    pub const VECTORS_MAX: usize = 8;
    /// Longest dense vector.
    pub const VECTOR_DIM_MAX: usize = 4096;

    /// An item known by its id alone, as an event creates it.
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

    /// Checks every rule.
    pub fn check(&self) -> FieldResult<()> {
        if let Some(title) = &self.title
            && title.len() > Self::LABEL_BYTES_MAX
        {
            let detail = format!("at most {} bytes, has {}", Self::LABEL_BYTES_MAX, title.len());
            return Err(FieldError::new("title", "too_long", detail));
        }
        if let Some(text) = &self.text
            && text.len() > Self::TEXT_BYTES_MAX
        {
            let detail = format!("at most {} bytes, has {}", Self::TEXT_BYTES_MAX, text.len());
            return Err(FieldError::new("text", "too_long", detail));
        }
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
        for (name, value) in &self.properties {
            text_within("properties", name, Id::BYTES_MAX)?;
            match value {
                PropertyValue::Number(number) if !number.is_finite() => {
                    let field = format!("properties.{name}");
                    return Err(FieldError::new(field, "not_finite", "must be a finite number"));
                }
                PropertyValue::Text(text) if text.len() > Self::LABEL_BYTES_MAX => {
                    let detail = format!("at most {} bytes, has {}", Self::LABEL_BYTES_MAX, text.len());
                    return Err(FieldError::new(format!("properties.{name}"), "too_long", detail));
                }
                PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::Text(_) => {}
            }
        }
        for (name, vector) in &self.vectors {
            text_within("vectors", name, Id::BYTES_MAX)?;
            let field = || format!("vectors.{name}");
            if vector.is_empty() || vector.len() > Self::VECTOR_DIM_MAX {
                let detail = format!("must have 1 to {} numbers, has {}", Self::VECTOR_DIM_MAX, vector.len());
                return Err(FieldError::new(field(), "bad_dimension", detail));
            }
            if vector.iter().any(|x| !x.is_finite()) {
                return Err(FieldError::new(field(), "not_finite", "must hold finite numbers only"));
            }
        }
        Ok(())
    }
}
