//! Which items may be answered, by their metadata.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, Id, Item, PropertyValue, count_within, text_within};

/// Conditions on an item's metadata; all of them must hold. An empty filter admits every item; one that nothing can meet is
/// valid and admits none. Labels and texts are compared letter by letter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({"categories": {"any": ["shoes", "boots"]}, "tags": {"none": ["used"]}, "properties": {"price": {"gte": 10, "lt": 50}, "brand": {"eq": "Acme"}}})))]
pub struct Filter {
    /// On its categories.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub categories: Labels,
    /// On its tags.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub tags: Labels,
    /// On its properties, by name; at most 32.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub properties: BTreeMap<String, Condition>,
}

/// Conditions on a list of labels; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Labels {
    /// The item has at least one of these; of an empty list it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<String>>,
    /// The item has every one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub all: Vec<String>,
    /// The item has not one of these; items without labels pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub none: Vec<String>,
}

/// Conditions on one property; all that are given must hold. An item without the property meets `none` alone. Values of
/// different types are never equal, and bounds are met by numbers only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The value is this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<PropertyValue>,
    /// The value is one of these; of an empty list it is none.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<PropertyValue>>,
    /// The value is not one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub none: Vec<PropertyValue>,
    /// The value is a number above this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gt: Option<f64>,
    /// The value is this number or above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<f64>,
    /// The value is a number below this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lt: Option<f64>,
    /// The value is this number or below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lte: Option<f64>,
}

impl Filter {
    /// Most labels and values in all lists together.
    pub const VALUES_MAX: usize = 1000;
    /// Most properties.
    pub const PROPERTIES_MAX: usize = 32;

    /// Whether it admits every item.
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.tags.is_empty() && self.properties.values().all(Condition::is_empty)
    }

    /// Checks every rule; `field` is the filter's own name.
    pub fn check(&self, field: &str) -> FieldResult<()> {
        count_within(format_args!("{field}.properties"), self.properties.len(), Self::PROPERTIES_MAX)?;
        let count = self.categories.len()
            + self.tags.len()
            + self.properties.values().map(|condition| condition.values().count()).sum::<usize>();
        if count > Self::VALUES_MAX {
            let detail = format!("at most {} labels and values, has {count}", Self::VALUES_MAX);
            return Err(FieldError::new(field, "too_many", detail));
        }
        self.categories.check(format_args!("{field}.categories"))?;
        self.tags.check(format_args!("{field}.tags"))?;
        for (name, condition) in &self.properties {
            text_within(format_args!("{field}.properties"), name, Id::BYTES_MAX)?;
            condition.check(format_args!("{field}.properties.{name}"))?;
        }
        Ok(())
    }
}

impl Labels {
    fn is_empty(&self) -> bool {
        self.any.is_none() && self.all.is_empty() && self.none.is_empty()
    }

    fn len(&self) -> usize {
        self.any.as_ref().map_or(0, Vec::len) + self.all.len() + self.none.len()
    }

    fn check(&self, field: fmt::Arguments<'_>) -> FieldResult<()> {
        let lists = [("any", self.any.as_deref().unwrap_or_default()), ("all", &self.all), ("none", &self.none)];
        for (list, labels) in lists {
            for (index, label) in labels.iter().enumerate() {
                text_within(format_args!("{field}.{list}[{index}]"), label, Item::LABEL_BYTES_MAX)?;
            }
        }
        Ok(())
    }
}

impl Condition {
    fn is_empty(&self) -> bool {
        !self.needs_value() && self.none.is_empty()
    }

    /// Whether an item without the property fails.
    pub fn needs_value(&self) -> bool {
        self.eq.is_some() || self.one_of.is_some() || self.is_range()
    }

    /// Whether it has a bound, which numbers alone can meet.
    pub fn is_range(&self) -> bool {
        [self.gt, self.gte, self.lt, self.lte].iter().any(Option::is_some)
    }

    fn values(&self) -> impl Iterator<Item = &PropertyValue> {
        self.eq.iter().chain(self.one_of.iter().flatten()).chain(&self.none)
    }

    fn check(&self, field: fmt::Arguments<'_>) -> FieldResult<()> {
        for value in self.values() {
            match value {
                PropertyValue::Text(text) if text.len() > Item::LABEL_BYTES_MAX => {
                    let detail = format!("a value has at most {} bytes, has {}", Item::LABEL_BYTES_MAX, text.len());
                    return Err(FieldError::new(field.to_string(), "too_long", detail));
                }
                PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::Text(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn an_empty_filter_is_told_from_one_that_admits_nothing() {
        for text in ["{}", r#"{"categories":{},"properties":{}}"#, r#"{"properties":{"price":{}}}"#] {
            assert!(filter(text).is_empty(), "{text}");
        }
        for text in [
            r#"{"tags":{"any":[]}}"#,
            r#"{"properties":{"price":{"in":[]}}}"#,
            r#"{"properties":{"price":{"gt":5,"lt":1}}}"#,
        ] {
            assert!(!filter(text).is_empty(), "{text}");
            filter(text).check("filter").expect(text);
        }
    }

    #[test]
    fn what_breaks_a_rule_names_its_field() {
        let long = "x".repeat(1025);
        let many: Vec<String> = (0..1001).map(|n| format!("\"{n}\"")).collect();
        let names: Vec<String> = (0..33).map(|n| format!("\"{n}\":{{}}")).collect();
        for (text, field, code) in [
            (r#"{"tags":{"all":["a",""]}}"#.to_owned(), "filter.tags.all[1]", "empty"),
            (r#"{"categories":{"none":["\u0007"]}}"#.to_owned(), "filter.categories.none[0]", "control_character"),
            (format!(r#"{{"properties":{{"brand":{{"eq":"{long}"}}}}}}"#), "filter.properties.brand", "too_long"),
            (r#"{"properties":{"":{"eq":1}}}"#.to_owned(), "filter.properties", "empty"),
            (format!(r#"{{"properties":{{{}}}}}"#, names.join(",")), "filter.properties", "too_many"),
            (format!(r#"{{"categories":{{"any":[{}]}}}}"#, many.join(",")), "filter", "too_many"),
        ] {
            let error = filter(&text).check("filter").expect_err("refused");
            assert_eq!((error.field.as_str(), error.code), (field, code));
        }
    }
}
