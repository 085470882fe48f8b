//! Wishes for a list beyond relevance: items promoted or demoted by a condition, and few items of a group.

use serde::Deserialize;

use super::{FieldResult, Filter, Id, field::in_range, not_null, text_within};

/// Adds a number to the scores of the items that meet a condition: promotes or demotes them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Boost {
    /// Name in explanations, at most 64 bytes; the boost's number, from 1, when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 64))]
    pub name: Option<String>,
    /// Which items.
    pub filter: Filter,
    /// What is added to their scores, -100 to 100. A score is a log-odds: 0.7 doubles the odds of an item, -0.7 halves them.
    pub add: f32,
}

/// Most items of a list with one value of a property.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupBy {
    /// Name of the property, such as `brand`. Items without it are not limited.
    pub property: String,
    /// Most items of one value, 1 to 100; 1 when left out. An item with a list of values counts for each of them.
    #[serde(default = "one")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub limit: usize,
}

const fn one() -> usize {
    1
}

impl Boost {
    /// Most boosts of a query.
    pub const BOOSTS_MAX: usize = 8;
    /// Largest size of what is added.
    pub const ADD_MAX: f32 = 100.0;
    /// Longest name, in bytes.
    pub const NAME_BYTES_MAX: usize = 64;

    /// Checks all rules. `index` is its place in the query.
    pub fn check(&self, index: usize) -> FieldResult<()> {
        if let Some(name) = &self.name {
            text_within(format_args!("boost[{index}].name"), name, Self::NAME_BYTES_MAX)?;
        }
        self.filter.check(&format!("boost[{index}].filter"))?;
        in_range(format_args!("boost[{index}].add"), self.add, -Self::ADD_MAX, Self::ADD_MAX)
    }
}

impl GroupBy {
    /// Largest limit.
    pub const LIMIT_MAX: usize = 100;

    /// Checks all rules.
    pub fn check(&self) -> FieldResult<()> {
        text_within("group_by.property", &self.property, Id::BYTES_MAX)?;
        in_range("group_by.limit", self.limit, 1, Self::LIMIT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked_by_name() {
        let boost = |text: &str| serde_json::from_str::<Boost>(text).expect(text).check(2);
        assert_eq!(boost(r#"{"filter":{"tags":{"any":["new"]}},"add":-3.5,"name":"new"}"#), Ok(()));
        for (text, field) in [
            (r#"{"filter":{},"add":101}"#, "boost[2].add"),
            (r#"{"filter":{},"add":1,"name":""}"#, "boost[2].name"),
            (r#"{"filter":{"tags":{"any":[""]}},"add":1}"#, "boost[2].filter.tags.any[0]"),
        ] {
            assert_eq!(boost(text).expect_err(text).field, field, "{text}");
        }
        for text in [r#"{"add":1}"#, r#"{"filter":{},"add":null}"#, r#"{"filter":{},"add":1,"factor":2}"#] {
            assert!(serde_json::from_str::<Boost>(text).is_err(), "{text}");
        }
        let group = |text: &str| serde_json::from_str::<GroupBy>(text).expect(text);
        assert_eq!(group(r#"{"property":"brand"}"#), GroupBy { property: "brand".to_owned(), limit: 1 });
        assert_eq!(group(r#"{"property":"brand","limit":0}"#).check().expect_err("0").field, "group_by.limit");
        assert_eq!(group(r#"{"property":""}"#).check().expect_err("empty").field, "group_by.property");
    }
}
