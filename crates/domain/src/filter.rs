//! Filters: conditions on the metadata of items that may be answered.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    FieldError, FieldResult, Id, Item, Number, PropertyValue, count_within, field::bytes_within, not_null, text_within,
};

/// Conditions on an item's metadata, all of which must hold. An empty filter admits every item; one that nothing can
/// meet is valid and admits none. Labels and texts are compared exactly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({"categories": {"any": ["shoes", "boots"]}, "tags": {"none": ["used"]}, "properties": {"price": {"gte": 10, "lt": 50}, "brand": {"eq": "Acme"}}})))]
pub struct Filter {
    /// Condition on the categories. A category admits those below it: `Home` has `Home > Kitchen`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub categories: Option<Labels>,
    /// Condition on the tags.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub tags: Option<Labels>,
    /// Conditions on properties, by name; at most 32.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub properties: BTreeMap<String, Condition>,
    /// Filters of which at least one must admit the item, beside all of the above; at most 16, without `or` in them. An
    /// empty list admits no item.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, no_recursion))]
    pub or: Option<Vec<Filter>>,
}

/// What stands between a category and the one below it.
pub const CATEGORY_SEPARATOR: &str = " > ";

/// Iterates over a category and those above it: "Home > Kitchen" is also in "Home".
pub fn category_path(category: &str) -> impl Iterator<Item = &str> {
    let above = category.match_indices(CATEGORY_SEPARATOR).map(|(end, _)| &category[..end]);
    above.filter(|above| !above.is_empty()).chain([category])
}

/// Conditions on a list of labels, at least one, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(min_properties = 1))]
#[serde(default, deny_unknown_fields)]
pub struct Labels {
    /// The item has at least one of these labels. An empty list admits no item.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub any: Option<Vec<String>>,
    /// The item has all of these labels. An empty list admits every item.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub all: Option<Vec<String>>,
    /// The item has none of these labels. Items without labels pass.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub none: Option<Vec<String>>,
}

/// Conditions on a property, at least one, all of which must hold. An item without the property meets only `none`. Values of
/// different types are never equal, and only numbers meet bounds. Numbers are compared exactly.
///
/// Of a property that is a list, each value counts: `eq` and `in` hold when one of the values meets them, `none` when
/// no value is named. A list does not meet bounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(min_properties = 1))]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The value equals this one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub eq: Option<PropertyValue>,
    /// The value is one of these. An empty list admits no item.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub one_of: Option<Vec<PropertyValue>>,
    /// The value is none of these. An empty list admits every item.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub none: Option<Vec<PropertyValue>>,
    /// The value is a number greater than this one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, nullable = false))]
    pub gt: Option<Number>,
    /// The value is a number greater than or equal to this one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, nullable = false))]
    pub gte: Option<Number>,
    /// The value is a number less than this one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, nullable = false))]
    pub lt: Option<Number>,
    /// The value is a number less than or equal to this one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f64>, nullable = false))]
    pub lte: Option<Number>,
}

impl Filter {
    /// Most labels and values, in all lists together.
    pub const VALUES_MAX: usize = 1000;
    /// Most properties.
    pub const PROPERTIES_MAX: usize = 32;
    /// Most alternatives.
    pub const OR_MAX: usize = 16;

    /// Whether the filter admits every item.
    pub fn is_empty(&self) -> bool {
        self.labels().all(|(_, labels)| labels.is_empty())
            && self.properties.values().all(Condition::is_empty)
            && self.or.is_none()
    }

    /// Checks all rules; `field` is the name of the filter.
    pub fn check(&self, field: &str) -> FieldResult<()> {
        count_within(format_args!("{field}.properties"), self.properties.len(), Self::PROPERTIES_MAX)?;
        let alternatives = self.or.as_deref().unwrap_or_default();
        count_within(format_args!("{field}.or"), alternatives.len(), Self::OR_MAX)?;
        let count = self.len() + alternatives.iter().map(Self::len).sum::<usize>();
        if count > Self::VALUES_MAX {
            let detail = format!("must have at most {} labels and values, has {count}", Self::VALUES_MAX);
            return Err(FieldError::new(field, "too_many", detail));
        }
        for (name, labels) in self.labels() {
            labels.check(format_args!("{field}.{name}"))?;
        }
        for (name, condition) in &self.properties {
            text_within(format_args!("{field}.properties"), name, Id::BYTES_MAX)?;
            condition.check(format_args!("{field}.properties.{name}"))?;
        }
        for (index, alternative) in alternatives.iter().enumerate() {
            let field = format!("{field}.or[{index}]");
            if alternative.or.is_some() {
                return Err(FieldError::new(format!("{field}.or"), "invalid_value", "must not be within another or"));
            }
            alternative.check(&field)?;
        }
        Ok(())
    }

    /// Iterates over the conditions on labels, by their field.
    fn labels(&self) -> impl Iterator<Item = (&'static str, &Labels)> {
        let fields = [("categories", &self.categories), ("tags", &self.tags)];
        fields.into_iter().filter_map(|(field, labels)| Some((field, labels.as_ref()?)))
    }

    /// Labels and values, without those of alternatives.
    fn len(&self) -> usize {
        self.labels().map(|(_, labels)| labels.len()).sum::<usize>()
            + self.properties.values().map(|condition| condition.values().count()).sum::<usize>()
    }
}

/// Refuses a condition without anything in it: it would admit every item, and was hardly meant to.
fn not_bare(bare: bool, field: fmt::Arguments<'_>) -> FieldResult<()> {
    if bare { Err(FieldError::new(field.to_string(), "empty", "must have at least one condition")) } else { Ok(()) }
}

impl Labels {
    /// Whether every item meets the conditions.
    fn is_empty(&self) -> bool {
        self.any.is_none() && [&self.all, &self.none].into_iter().flatten().all(Vec::is_empty)
    }

    fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        let lists = [("any", &self.any), ("all", &self.all), ("none", &self.none)];
        lists.into_iter().filter_map(|(list, labels)| Some((list, labels.as_deref()?)))
    }

    fn len(&self) -> usize {
        self.lists().map(|(_, labels)| labels.len()).sum()
    }

    fn check(&self, field: fmt::Arguments<'_>) -> FieldResult<()> {
        not_bare(*self == Self::default(), field)?;
        for (list, labels) in self.lists() {
            for (index, label) in labels.iter().enumerate() {
                text_within(format_args!("{field}.{list}[{index}]"), label, Item::LABEL_BYTES_MAX)?;
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Whether every item meets the condition.
    fn is_empty(&self) -> bool {
        !self.needs_value() && self.none.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether an item without the property fails the condition.
    pub fn needs_value(&self) -> bool {
        self.eq.is_some() || self.one_of.is_some() || self.is_range()
    }

    /// Whether the condition has a bound, which only numbers meet.
    pub fn is_range(&self) -> bool {
        [self.gt, self.gte, self.lt, self.lte].iter().any(Option::is_some)
    }

    fn values(&self) -> impl Iterator<Item = &PropertyValue> {
        self.eq.iter().chain(self.one_of.iter().flatten()).chain(self.none.iter().flatten())
    }

    fn check(&self, field: fmt::Arguments<'_>) -> FieldResult<()> {
        not_bare(*self == Self::default(), field)?;
        self.values().try_for_each(|value| match value {
            PropertyValue::Text(text) => bytes_within(field, text, Item::LABEL_BYTES_MAX),
            PropertyValue::List(_) => {
                let name = match (&self.eq, &self.one_of) {
                    (Some(eq), _) if eq == value => "eq",
                    (_, Some(one_of)) if one_of.contains(value) => "in",
                    (None | Some(_), None | Some(_)) => "none",
                };
                let detail = "must not be a list: `in` admits items with any of several values";
                Err(FieldError::new(format!("{field}.{name}"), "invalid_value", detail))
            }
            PropertyValue::Flag(_) | PropertyValue::Number(_) => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Filter {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn an_empty_filter_differs_from_one_that_admits_nothing() {
        for text in [
            "{}",
            r#"{"properties":{}}"#,
            r#"{"properties":{"price":{"none":[]}}}"#,
            r#"{"tags":{"all":[]},"categories":{"none":[]}}"#,
        ] {
            assert!(filter(text).is_empty(), "{text}");
            filter(text).check("filter").expect(text);
        }
        for text in [
            r#"{"or":[]}"#,
            r#"{"tags":{"any":[]}}"#,
            r#"{"properties":{"price":{"in":[]}}}"#,
            r#"{"properties":{"price":{"gt":5,"lt":1}}}"#,
        ] {
            assert!(!filter(text).is_empty(), "{text}");
            filter(text).check("filter").expect(text);
        }
    }

    #[test]
    fn a_category_is_in_those_above_it() {
        let path = |category| category_path(category).collect::<Vec<_>>();
        assert_eq!(path("Home > Kitchen > Pans"), ["Home", "Home > Kitchen", "Home > Kitchen > Pans"]);
        assert_eq!(
            (path("Home>Kitchen"), path(" > x"), path("a -> b")),
            (vec!["Home>Kitchen"], vec![" > x"], vec!["a -> b"])
        );
    }

    #[test]
    fn null_is_no_condition() {
        for text in ["any", "all", "none"].map(|list| format!(r#"{{"tags":{{"{list}":null}}}}"#)) {
            serde_json::from_str::<Filter>(&text).expect_err(&text);
        }
        for condition in ["eq", "in", "none", "gt", "gte", "lt", "lte"] {
            for value in ["null", "[null]", r#"["a",null]"#] {
                let text = format!(r#"{{"properties":{{"price":{{"{condition}":{value}}}}}}}"#);
                serde_json::from_str::<Filter>(&text).expect_err(&text);
            }
        }
        for text in [
            r#"{"or":null}"#,
            r#"{"categories":null}"#,
            r#"{"tags":null}"#,
            r#"{"properties":null}"#,
            r#"{"properties":{"price":null}}"#,
        ] {
            serde_json::from_str::<Filter>(text).expect_err(text);
        }
    }

    #[test]
    fn errors_name_the_field() {
        let long = "x".repeat(1025);
        let many: Vec<String> = (0..1001).map(|n| format!("\"{n}\"")).collect();
        let names: Vec<String> = (0..33).map(|n| format!("\"{n}\":{{}}")).collect();
        for (text, field, code) in [
            (r#"{"categories":{}}"#.to_owned(), "filter.categories", "empty"),
            (r#"{"tags":{}}"#.to_owned(), "filter.tags", "empty"),
            (r#"{"tags":{"any":["a"]},"properties":{"price":{}}}"#.to_owned(), "filter.properties.price", "empty"),
            (r#"{"or":[{"properties":{"price":{}}}]}"#.to_owned(), "filter.or[0].properties.price", "empty"),
            (r#"{"tags":{"all":["a",""]}}"#.to_owned(), "filter.tags.all[1]", "empty"),
            (r#"{"categories":{"none":["\u0007"]}}"#.to_owned(), "filter.categories.none[0]", "control_character"),
            (format!(r#"{{"properties":{{"brand":{{"eq":"{long}"}}}}}}"#), "filter.properties.brand", "too_long"),
            (r#"{"properties":{"":{"eq":1}}}"#.to_owned(), "filter.properties", "empty"),
            (format!(r#"{{"properties":{{{}}}}}"#, names.join(",")), "filter.properties", "too_many"),
            (format!(r#"{{"categories":{{"any":[{}]}}}}"#, many.join(",")), "filter", "too_many"),
            (format!(r#"{{"or":[{{"tags":{{"any":[{}]}}}}]}}"#, many.join(",")), "filter", "too_many"),
            (r#"{"or":[{},{"tags":{"all":[""]}}]}"#.to_owned(), "filter.or[1].tags.all[0]", "empty"),
            (r#"{"or":[{"or":[]}]}"#.to_owned(), "filter.or[0].or", "invalid_value"),
            (format!(r#"{{"or":[{}]}}"#, ["{}"; 17].join(",")), "filter.or", "too_many"),
        ] {
            let error = filter(&text).check("filter").expect_err("refused");
            assert_eq!((error.field.as_str(), error.code), (field, code));
        }
    }
}
