//! Events of the CloudEvents specification, version 1.0, in structured mode.
//!
//! | attribute | becomes |
//! |---|---|
//! | `source` and `id`, which together name an event | `event_id` |
//! | `type`, where `data` has no `kind` | `kind`: the type, or its last part that is a kind |
//! | `subject`, where `data` has no `item` | `item` |
//! | `time`, where `data` has no `ts` | `ts` |
//! | `data` | the fields of an event, as `POST /events` takes them |

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use shelfmark_domain::{FieldError, FieldResult, Id};

use super::time;

/// Translates an event into one of `POST /events`, whose fields are not checked yet.
pub fn cloud_event(event: &Map<String, Value>, is_kind: &dyn Fn(&str) -> bool) -> FieldResult<Map<String, Value>> {
    let version = required(event, "specversion")?;
    if version != "1.0" {
        return Err(FieldError::new("specversion", "not_supported", "must be 1.0"));
    }
    let (source, id, kind) = (required(event, "source")?, required(event, "id")?, required(event, "type")?);
    if event.contains_key("data_base64") {
        return Err(FieldError::new("data_base64", "not_supported", "data must be a JSON object"));
    }
    let mut fields = match event.get("data") {
        Some(Value::Object(data)) => data.clone(),
        Some(_) => {
            return Err(FieldError::new("data", "invalid_value", "must be an object with the fields of an event"));
        }
        None => return Err(FieldError::new("data", "missing", "must be given: the fields of an event")),
    };
    if fields.contains_key("event_id") {
        let detail = "source and id of the event are its id";
        return Err(FieldError::new("data.event_id", "unknown_field", detail));
    }
    fields.insert("event_id".to_owned(), event_id(source, id).into());
    let is_missing = |fields: &Map<String, Value>, name: &str| fields.get(name).is_none_or(Value::is_null);
    if is_missing(&fields, "kind") {
        fields.insert("kind".to_owned(), kind_of(kind, is_kind).into());
    }
    if is_missing(&fields, "item")
        && let Some(subject) = event.get("subject").and_then(Value::as_str)
    {
        fields.insert("item".to_owned(), subject.into());
    }
    if is_missing(&fields, "ts")
        && let Some(ts) = time(event, "time")?
    {
        fields.insert("ts".to_owned(), ts.to_string().into());
    }
    Ok(fields)
}

fn required<'a>(event: &'a Map<String, Value>, name: &str) -> FieldResult<&'a str> {
    match event.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(_) => Err(FieldError::new(name, "invalid_value", "must be text that is not empty")),
        None => Err(FieldError::new(name, "missing", "CloudEvents requires it")),
    }
}

/// Makes the id of an event. A source holds no space, so no two events have one id.
fn event_id(source: &str, id: &str) -> String {
    let both = format!("{source} {id}");
    if Id::new("id", &both).is_ok() { both } else { format!("ce-{:032x}", xxh3_128(both.as_bytes())) }
}

/// Finds the kind in a type such as `com.example.shop.purchase.v1`: the whole, or the last part that is a kind. Where
/// there is none, it is the type itself, which is then refused by its name.
fn kind_of<'a>(kind: &'a str, is_kind: &dyn Fn(&str) -> bool) -> &'a str {
    if is_kind(kind) {
        return kind;
    }
    kind.rsplit(['.', '/', ':']).find(|part| is_kind(part)).unwrap_or(kind)
}
