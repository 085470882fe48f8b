//! Labels of Gorse, which are any JSON, as labels and properties, which are named values and lists of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use shelfmark_domain::PropertyValue;

/// Name of labels that are no object.
const WHOLE: &str = "gorse_labels";
/// Beginning of texts that stand for other JSON.
const JSON: &str = "json:";

/// Encodes labels; what has no form of its own becomes text.
pub fn encode(labels: &Value) -> BTreeMap<String, PropertyValue> {
    match labels {
        Value::Null => BTreeMap::new(),
        Value::Object(named) => {
            let named = named.iter().filter(|(_, value)| !value.is_null());
            named.map(|(name, value)| (name.clone(), encoded(value))).collect()
        }
        Value::Array(list) if list.is_empty() => BTreeMap::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            BTreeMap::from([(WHOLE.to_owned(), encoded(labels))])
        }
    }
}

/// Decodes what [`encode`] made.
pub fn decode(labels: &BTreeMap<String, PropertyValue>) -> Value {
    if let (1, Some(whole)) = (labels.len(), labels.get(WHOLE)) {
        return decoded(whole);
    }
    if labels.is_empty() {
        return Value::Null;
    }
    Value::Object(labels.iter().map(|(name, value)| (name.clone(), decoded(value))).collect::<Map<_, _>>())
}

fn encoded(value: &Value) -> PropertyValue {
    let plain = match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.starts_with(JSON),
        Value::Array(list) => list.iter().all(|value| match value {
            Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => !text.starts_with(JSON),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }),
        Value::Null | Value::Object(_) => false,
    };
    let read = plain.then(|| serde_json::from_value(value.clone()).ok()).flatten();
    read.unwrap_or_else(|| PropertyValue::Text(format!("{JSON}{value}")))
}

fn decoded(value: &PropertyValue) -> Value {
    if let PropertyValue::Text(text) = value
        && let Some(json) = text.strip_prefix(JSON)
        && let Ok(value) = serde_json::from_str(json)
    {
        return value;
    }
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_come_back_unchanged() {
        for labels in [
            json!(null),
            json!({"gender": "M", "age": 24, "score": 0.1, "member": true, "zip_code": "85711"}),
            json!({"embedding": [0.1, 0.2, 0.3], "tags": ["a", "b"]}),
            json!({"address": {"city": "Utrecht", "code": [1, [2]]}, "odd": "json:x"}),
            json!(["a", "b"]),
            json!("one"),
        ] {
            assert_eq!(decode(&encode(&labels)), labels);
        }
        assert_eq!(encode(&json!({"a": null})), BTreeMap::new());
    }
}
