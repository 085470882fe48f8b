//! Paths to the fields of an event in a message.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// A place in a JSON message, or a constant.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldPath {
    /// Keys from the root on; a number is also a place in a list.
    Keys(Vec<String>),
    /// The same for every message.
    Constant(Value),
}

impl FieldPath {
    /// Returns the value; `None` where there is none or null.
    pub fn of<'a>(&'a self, message: &'a Value) -> Option<&'a Value> {
        let found = match self {
            Self::Constant(value) => Some(value),
            Self::Keys(keys) => keys.iter().try_fold(message, |value, key| match value {
                Value::Object(fields) => fields.get(key),
                Value::Array(values) => values.get(key.parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            }),
        };
        found.filter(|value| !value.is_null())
    }

    /// Reads a JSON pointer (RFC 6901, begins with `/`), or keys with dots between them.
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must be a path such as user.id, a JSON pointer such as /user/id, or {value = ...}".to_owned());
        }
        let keys: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect(),
            None => text.split('.').map(str::to_owned).collect(),
        };
        if !text.starts_with('/') && keys.iter().any(String::is_empty) {
            return Err(format!("{text:?} has an empty key"));
        }
        Ok(Self::Keys(keys))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Constant {
    value: Value,
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = FieldPath;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path such as user.id, a JSON pointer such as /user/id, or {value = ...}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldPath, E> {
                FieldPath::parse(text).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<FieldPath, A::Error> {
                let Constant { value } = Constant::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(FieldPath::Constant(value))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_pointers_and_constants_find_their_values() {
        let message = json!({"a": {"b": [1, {"c/d": "x"}], "e.f": 2}, "n": null});
        let found = |text: &str| FieldPath::parse(text).expect(text).of(&message).cloned();
        assert_eq!(found("a.b.0"), Some(json!(1)));
        assert_eq!(found("/a/b/1/c~1d"), Some(json!("x")));
        assert_eq!(found("/a/e.f"), Some(json!(2)));
        for missing in ["n", "a.b.7", "a.x", "a.b.c", "z"] {
            assert_eq!(found(missing), None, "{missing}");
        }
        assert_eq!(FieldPath::Constant(json!("click")).of(&message), Some(&json!("click")));
        for bad in ["", "a..b", ".a"] {
            assert!(FieldPath::parse(bad).is_err(), "{bad}");
        }
    }
}
