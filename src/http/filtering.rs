//! Filters in query parameters.

use super::{decode, error::ApiError};
use shelfmark_domain::{FieldError, FieldResult, Filter, Item, text_within};

/// The filter of `filter` (as JSON), `category` and `tag` together.
pub fn filter(text: Option<&str>, category: Option<String>, tag: Option<String>) -> FieldResult<Filter> {
    let mut filter = text.map_or_else(|| Ok(Filter::default()), parse)?;
    // Before anything is added, which would hide a condition without anything in it.
    filter.check("filter")?;
    for (field, label, labels) in [("category", category, &mut filter.categories), ("tag", tag, &mut filter.tags)] {
        if let Some(label) = label {
            text_within(field, &label, Item::LABEL_BYTES_MAX)?;
            labels.get_or_insert_default().all.get_or_insert_default().push(label);
        }
    }
    filter.check("filter")?;
    Ok(filter)
}

fn parse(text: &str) -> FieldResult<Filter> {
    match decode::json(text.as_bytes()) {
        Ok(filter) => Ok(filter),
        Err(ApiError::Invalid(mut errors)) if !errors.is_empty() => {
            let error = errors.swap_remove(0);
            let field = if error.field.is_empty() { "filter".to_owned() } else { format!("filter.{}", error.field) };
            Err(FieldError { field, ..error })
        }
        Err(error) => Err(FieldError::new("filter", "malformed", error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::Labels;

    use super::*;

    #[test]
    fn category_and_tag_add_to_the_filter_and_errors_name_their_place() {
        let text = r#"{"categories":{"all":["a"]}}"#;
        let both = filter(Some(text), Some("b".to_owned()), Some("t".to_owned())).expect("valid");
        let all = |labels: &Option<Labels>| labels.as_ref().and_then(|labels| labels.all.clone()).unwrap_or_default();
        assert_eq!(
            (all(&both.categories), all(&both.tags)),
            (vec!["a".to_owned(), "b".to_owned()], vec!["t".to_owned()])
        );
        assert!(filter(None, None, None).expect("valid").is_empty());
        for (text, category, field, code) in [
            (Some("{"), None, "filter", "malformed"),
            (Some("[]"), None, "filter", "invalid_value"),
            (Some(r#"{"colour":1}"#), None, "filter.colour", "unknown_field"),
            (Some(r#"{"properties":{"price":{"gte":"x"}}}"#), None, "filter.properties.price.gte", "invalid_value"),
            (Some(r#"{"categories":{}}"#), Some("a".to_owned()), "filter.categories", "empty"),
            (Some(r#"{"tags":{"all":[""]}}"#), None, "filter.tags.all[0]", "empty"),
            (None, Some(String::new()), "category", "empty"),
        ] {
            let error = filter(text, category, None).expect_err("refused");
            assert_eq!((error.field.as_str(), error.code), (field, code), "{text:?}: {error:?}");
        }
    }
}
