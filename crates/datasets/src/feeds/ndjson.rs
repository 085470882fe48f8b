//! Our own format, ndjson: one JSON object a line, an event or an item.
//!
//! An object with `kind` is an event. Any other object with `id` or `item` is an item. A file may hold both.
//!
//! | event field | becomes |
//! |---|---|
//! | `user` (or `user_id`), `session`, `item` (or `item_id`) | the same; numbers become text |
//! | `kind`, `value`, `context`, `recommendation_id` | the same |
//! | `ts` (or `timestamp`): RFC 3339 or Unix seconds | `ts`; required, as the time of sending would mean nothing |
//! | `event_id` | the same; without it the line's own ([`super::EventIds`]) |
//! | `properties`, any other field | `properties` |
//!
//! | item field | becomes |
//! |---|---|
//! | `id` or `item` | `id` |
//! | `title`, `text`, `categories`, `tags`, `vectors`, `available` | the same; null is absent |
//! | `properties`, any other field that is text, a number or a flag | `properties` |

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use shelfmark_domain::{Event, Id, Item, PropertyValue, Timestamp};

use super::{FeedBody, columns::excerpt};

/// Parses a line. With `ignore_ids`, an `event_id` in the file does not count.
pub(super) fn body(line: &str, event_id: Id, ignore_ids: bool) -> Result<FeedBody, String> {
    // Nearly all lines are plain events: they are read without building a tree. Whatever is not, items and errors
    // included, takes the slow way, which can say what is wrong.
    if let Ok(plain) = serde_json::from_str::<PlainEvent<'_>>(line) {
        return plain.event(event_id, ignore_ids).map(FeedBody::Event);
    }
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("not a JSON object: {error}"))?;
    if object.contains_key("kind") {
        return event(object, event_id, ignore_ids).map(FeedBody::Event);
    }
    if ["user", "user_id", "session"].iter().any(|name| object.contains_key(*name)) {
        return Err("kind is missing".to_owned());
    }
    if object.contains_key("id") || object.contains_key("item") {
        return item(object).map(FeedBody::Item);
    }
    Err("neither an event (user or session, item, kind, ts) nor an item (id or item)".to_owned())
}

/// Whether a line is an item.
pub(super) fn is_item(line: &str) -> bool {
    let names = |object: Map<String, Value>| {
        let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
        has(&["id", "item"]) && !has(&["kind", "user", "user_id", "session"])
    };
    serde_json::from_str(line).is_ok_and(names)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEvent<'a> {
    #[serde(borrow, default)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    user: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    item: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    value: Option<f64>,
    ts: Timestamp,
    #[serde(default)]
    context: Vec<String>,
}

impl PlainEvent<'_> {
    fn event(self, event_id: Id, ignore_ids: bool) -> Result<Event, String> {
        let id = |field: &str, text: &str| Id::new(field, text).map_err(|error| error.to_string());
        let own = self.event_id.filter(|_| !ignore_ids);
        checked(Event {
            event_id: own.map_or(Ok(event_id), |own| id("event_id", &own))?,
            user: self.user.map(|user| id("user", &user)).transpose()?,
            session: self.session.map(|session| id("session", &session)).transpose()?,
            item: id("item", &self.item)?,
            kind: self.kind.into_owned(),
            value: self.value,
            ts: self.ts,
            context: self.context,
            recommendation_id: None,
            properties: None,
        })
    }
}

fn event(mut object: Map<String, Value>, event_id: Id, ignore_ids: bool) -> Result<Event, String> {
    let own = id(&mut object, &["event_id"])?.filter(|_| !ignore_ids);
    let event = Event {
        event_id: own.unwrap_or(event_id),
        user: id(&mut object, &["user", "user_id"])?,
        session: id(&mut object, &["session"])?,
        item: id(&mut object, &["item", "item_id"])?.ok_or("item is missing")?,
        kind: take(&mut object, "kind")?.ok_or("kind is missing")?,
        value: take(&mut object, "value")?,
        ts: match take(&mut object, "ts")? {
            Some(ts) => ts,
            None => take(&mut object, "timestamp")?.ok_or("ts is missing: an event in a file needs its own time")?,
        },
        context: take(&mut object, "context")?.unwrap_or_default(),
        recommendation_id: id(&mut object, &["recommendation_id"])?,
        properties: {
            let mut properties: Map<String, Value> = take(&mut object, "properties")?.unwrap_or_default();
            properties.extend(object.into_iter().filter(|(_, value)| !value.is_null()));
            (!properties.is_empty()).then_some(Value::Object(properties))
        },
    };
    checked(event)
}

fn checked(event: Event) -> Result<Event, String> {
    event.check().map_err(|error| error.to_string())?;
    Ok(event)
}

fn item(mut object: Map<String, Value>) -> Result<Item, String> {
    let mut item = Item {
        title: take(&mut object, "title")?,
        text: take(&mut object, "text")?,
        categories: labels(&mut object, "categories")?,
        tags: labels(&mut object, "tags")?,
        vectors: take(&mut object, "vectors")?.unwrap_or_default(),
        available: take(&mut object, "available")?.unwrap_or(true),
        ..Item::bare(id(&mut object, &["id", "item"])?.ok_or("id is missing")?)
    };
    let properties: Map<String, Value> = take(&mut object, "properties")?.unwrap_or_default();
    for (name, value) in object.into_iter().chain(properties) {
        let value = match value {
            Value::Null => continue,
            Value::Bool(flag) => PropertyValue::Flag(flag),
            Value::Number(number) => {
                PropertyValue::Number(number.as_f64().ok_or_else(|| format!("{name}: too large"))?)
            }
            Value::String(text) => PropertyValue::Text(text),
            Value::Array(_) | Value::Object(_) => {
                return Err(format!("{name}: a property is text, a number or true/false"));
            }
        };
        item.properties.insert(name, value);
    }
    item.check().map_err(|error| error.to_string())?;
    Ok(item)
}

/// Removes and parses a field; null is absent.
fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, name: &str) -> Result<Option<T>, String> {
    match object.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let shown = excerpt(&value.to_string());
            serde_json::from_value(value).map(Some).map_err(|error| format!("{name}: {error} (is {shown})"))
        }
    }
}

/// Removes an id, by the first of its names that is present.
fn id(object: &mut Map<String, Value>, names: &[&str]) -> Result<Option<Id>, String> {
    for name in names {
        let text = match object.remove(*name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
            Some(other) => return Err(format!("{name}: not text: {}", excerpt(&other.to_string()))),
        };
        return Id::new(name, &text).map(Some).map_err(|error| error.to_string());
    }
    Ok(None)
}

/// Removes a list of labels, and drops the empty ones.
fn labels(object: &mut Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let mut labels: Vec<String> = take(object, name)?.unwrap_or_default();
    labels.retain(|label| !label.trim().is_empty());
    Ok(labels)
}
