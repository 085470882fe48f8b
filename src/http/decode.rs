//! JSON text to values, with errors that name the field.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::error::ApiError;
use shelfmark_domain::FieldError;

/// Parses a body. Text that is not JSON is malformed (400); JSON of another shape is invalid and names the field (422).
pub fn json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, ApiError> {
    if let Some(error) = not_an_object(text)? {
        return Err(error.into());
    }
    // The fast way first: keeping track of the path costs an allocation a key.
    if let Ok(value) = serde_json::from_slice(text) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let error = match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => match reader.end() {
            Ok(()) => return Ok(value),
            Err(error) => return Err(malformed(&error)),
        },
        Err(error) => error,
    };
    if !error.inner().is_data() {
        return Err(malformed(error.inner()));
    }
    // A wrong shape early in a text that breaks later is still a broken text.
    if let Err(broken) = serde_json::from_slice::<IgnoredAny>(text) {
        return Err(malformed(&broken));
    }
    let path = error.path().to_string();
    Err(field_error(&path, &error.inner().to_string()).into())
}

/// Reads a body of one JSON value as its text.
pub fn json_value(text: &[u8]) -> Result<&RawValue, ApiError> {
    serde_json::from_slice(text).map_err(|error| malformed(&error))
}

/// Reads a body that is a JSON list as the texts of its values.
pub fn json_list(text: &[u8]) -> Result<Vec<&RawValue>, ApiError> {
    json_value(text)?;
    serde_json::from_slice(text).map_err(|_| FieldError::new("", "invalid_value", "must be a list").into())
}

/// The error of JSON that is no object. Without it a list of values in the order of a struct's fields would pass for
/// the struct. Costs nothing for objects.
pub fn not_an_object(text: &[u8]) -> Result<Option<FieldError>, ApiError> {
    if text.trim_ascii_start().first() == Some(&b'{') {
        return Ok(None);
    }
    serde_json::from_slice::<IgnoredAny>(text).map_err(|error| malformed(&error))?;
    Ok(Some(FieldError::new("", "invalid_value", "must be an object")))
}

/// Why `text` is not a `T`; for the slow path after a fast parse failed.
pub fn diagnose<'a, T: Deserialize<'a>>(text: &'a [u8]) -> FieldError {
    match json::<T>(text) {
        Err(ApiError::Invalid(mut errors)) if !errors.is_empty() => errors.remove(0),
        Err(error) => FieldError::new("", "malformed", error.to_string()),
        Ok(_) => FieldError::new("", "invalid", "the value cannot be read"),
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    ApiError::Malformed { detail: error.to_string() }
}

/// Translates serde's words. `path` is where it stopped (`.` for the top).
pub fn field_error(path: &str, message: &str) -> FieldError {
    let path = if path == "." { "" } else { path };
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?.strip_prefix('`')?;
        rest.split('`').next()
    };
    if let Some(name) = named("unknown field ") {
        return FieldError::new(within(path, name), "unknown_field", message);
    }
    if let Some(name) = named("missing field ") {
        return FieldError::new(within(path, name), "missing", "must be given");
    }
    if let Some(name) = named("duplicate field ") {
        return FieldError::new(within(path, name), "duplicate_field", "is given twice");
    }
    FieldError::new(path, "invalid_value", message)
}

/// `name` below `path`; serde reports an unknown field with or without its own name at the end of the path.
fn within(path: &str, name: &str) -> String {
    if path.is_empty() || path == name {
        return name.to_owned();
    }
    if path.ends_with(&format!(".{name}")) {
        return path.to_owned();
    }
    format!("{path}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        inner: Inner,
        #[serde(default)]
        #[expect(dead_code, reason = "only parsed")]
        list: Vec<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only parsed")]
        count: u32,
    }

    fn refused(text: &str) -> FieldError {
        match json::<Outer>(text.as_bytes()) {
            Err(ApiError::Invalid(errors)) => errors[0].clone(),
            other => panic!("expected an invalid value, got {other:?}"),
        }
    }

    #[test]
    fn every_wrong_shape_names_its_field() {
        for (text, field, code) in [
            (r#"{"inner":{"count":1,"extra":2}}"#, "inner.extra", "unknown_field"),
            (r#"{"inner":{"count":1},"extra":2}"#, "extra", "unknown_field"),
            (r#"{"inner":{}}"#, "inner.count", "missing"),
            (r#"{}"#, "inner", "missing"),
            (r#"{"inner":{"count":"x"}}"#, "inner.count", "invalid_value"),
            (r#"{"inner":{"count":1},"list":[1,-2]}"#, "list[1]", "invalid_value"),
            (r#"{"inner":{"count":1,"count":2}}"#, "inner.count", "duplicate_field"),
            (r#"[1]"#, "", "invalid_value"),
        ] {
            let error = refused(text);
            assert_eq!((error.field.as_str(), error.code), (field, code), "{text}: {error:?}");
        }
    }

    #[test]
    fn broken_text_is_malformed_with_its_place_even_after_a_wrong_shape() {
        for text in ["{", r#"{"extra":1, "#, "nonsense", r#"{"inner":{"count":1}} x"#, ""] {
            match json::<Outer>(text.as_bytes()) {
                Err(ApiError::Malformed { detail }) => {
                    assert!(detail.contains("line "), "{detail}")
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
