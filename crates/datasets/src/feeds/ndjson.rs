//! Our own format, ndjson: one JSON object a line, an event or an item. A file may hold both. Which of them a line is
//! depends on all of its fields ([`LineMeaning`]); a field that is null is not there.
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

use shelfmark_domain::{Event, Id, Item, Number, Timestamp};

use super::{
    FeedBody, LineMeaning,
    cells::{excerpt, is_missing, missing},
    json, line_meaning,
    times::{TsRule, TsUnit},
};

/// Parser of lines.
pub(super) struct Ndjson {
    meaning: LineMeaning,
    ts: TsRule,
    /// Whether an `event_id` in the file does not count.
    ignore_ids: bool,
}

impl Ndjson {
    pub(super) fn new(meaning: LineMeaning, ts_unit: Option<TsUnit>, ignore_ids: bool) -> Self {
        // Numbers are seconds here, dates are told from them by their type.
        let ts = TsRule::new(ts_unit, Some(TsUnit::Seconds));
        Self { meaning, ts, ignore_ids }
    }

    /// Parses a line.
    pub(super) fn body(&mut self, line: &str, event_id: Id) -> Result<FeedBody, String> {
        // Nearly all lines are plain events: they are read without building a tree. Whatever is not, items and errors
        // included, takes the slow way, which can say what is wrong.
        if self.meaning != LineMeaning::Items
            && !self.ts.is_given()
            && let Ok(plain) = serde_json::from_str::<PlainEvent<'_>>(line)
        {
            return plain.event(event_id, self.ignore_ids).map(FeedBody::Event);
        }
        let object = json::object(line.as_bytes()).map_err(|error| not_an_object(line, &error))?;
        if line_meaning::is_event(&object, self.meaning)? {
            self.event(object, event_id).map(FeedBody::Event)
        } else {
            item(object, line.as_bytes()).map(FeedBody::Item)
        }
    }

    /// Whether a line is an item.
    pub(super) fn is_item(&self, line: &[u8]) -> bool {
        json::object(line).is_ok_and(|object| line_meaning::is_event(&object, self.meaning) == Ok(false))
    }

    fn event(&mut self, mut object: Map<String, Value>, event_id: Id) -> Result<Event, String> {
        let own = id(&mut object, &["event_id"])?.filter(|_| !self.ignore_ids);
        checked(Event {
            event_id: own.unwrap_or(event_id),
            user: id(&mut object, &["user", "user_id"])?,
            session: id(&mut object, &["session"])?,
            item: required_id(&mut object, &["item", "item_id"])?,
            kind: take(&mut object, "kind")?.ok_or("kind is missing")?,
            value: take(&mut object, "value")?.map(exact).transpose()?,
            ts: match self.ts(&mut object, "ts")? {
                Some(ts) => ts,
                None => {
                    self.ts(&mut object, "timestamp")?.ok_or("ts is missing: an event in a file needs its own time")?
                }
            },
            context: take(&mut object, "context")?.unwrap_or_default(),
            recommendation_id: id(&mut object, &["recommendation_id"])?,
            properties: {
                let mut properties: Map<String, Value> = take(&mut object, "properties")?.unwrap_or_default();
                properties.extend(object.into_iter().filter(|(_, value)| !value.is_null()));
                (!properties.is_empty()).then_some(Value::Object(properties))
            },
        })
    }

    /// Removes and parses a time.
    fn ts(&mut self, object: &mut Map<String, Value>, name: &str) -> Result<Option<Timestamp>, String> {
        match object.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => self.ts.parse(&number.to_string(), name).map(Some),
            // Numbers as text are numbers only where a unit was given.
            Some(Value::String(text)) if self.ts.is_given() && text.parse::<f64>().is_ok() => {
                self.ts.parse(&text, name).map(Some)
            }
            Some(Value::String(text)) => {
                let is_iso = self.ts.is_given() && self.ts.unit() == Some(TsUnit::Iso);
                TsRule::new(is_iso.then_some(TsUnit::Iso), Some(TsUnit::Iso)).parse(&text, name).map(Some)
            }
            Some(other) => Err(format!("{name}: neither a time nor a number: {}", excerpt(&other.to_string()))),
        }
    }
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
    value: Option<Number>,
    ts: Timestamp,
    #[serde(default)]
    context: Vec<String>,
}

impl PlainEvent<'_> {
    fn event(self, event_id: Id, ignore_ids: bool) -> Result<Event, String> {
        let id = |field: &str, text: &str| Id::new(field, text).map_err(|error| error.to_string());
        let present = |field: &str, text: Option<Cow<'_, str>>| {
            text.filter(|text| !is_placeholder(text)).map(|text| id(field, &text)).transpose()
        };
        let own = self.event_id.filter(|_| !ignore_ids);
        checked(Event {
            event_id: own.map_or(Ok(event_id), |own| id("event_id", &own))?,
            user: present("user", self.user)?,
            session: present("session", self.session)?,
            item: match present("item", Some(self.item.clone()))? {
                Some(item) => item,
                None => return Err(missing("item", Some(&self.item))),
            },
            kind: self.kind.into_owned(),
            value: self.value.map(exact).transpose()?,
            ts: self.ts,
            context: self.context,
            recommendation_id: None,
            properties: None,
        })
    }
}

/// Says why a line is no object. Lines of a list over several lines are the most common reason.
fn not_an_object(line: &str, error: &str) -> String {
    let line = line.trim();
    let within_list = line.starts_with('[') || line.ends_with(',') || line.ends_with(']') || line == "{" || line == "}";
    if within_list {
        return "not a JSON object but a part of a JSON array or of an object over several lines; one object a line is \
                read: jq -c '.[]' FILE"
            .to_owned();
    }
    format!("not a JSON object: {error}")
}

/// The value as a float, which does not round it.
fn exact(value: Number) -> Result<f64, String> {
    value.exact_f64().ok_or_else(|| format!("value: {value} is beyond 2^53, and no float holds it exactly"))
}

fn checked(event: Event) -> Result<Event, String> {
    event.check().map_err(|error| error.to_string())?;
    Ok(event)
}

fn item(mut object: Map<String, Value>, line: &[u8]) -> Result<Item, String> {
    let mut item = Item {
        title: take(&mut object, "title")?,
        text: take(&mut object, "text")?,
        categories: labels(&mut object, "categories")?,
        tags: labels(&mut object, "tags")?,
        vectors: take(&mut object, "vectors")?.unwrap_or_default(),
        available: take(&mut object, "available")?.unwrap_or(true),
        ..Item::bare(required_id(&mut object, &["id", "item"])?)
    };
    let properties: Map<String, Value> = take(&mut object, "properties")?.unwrap_or_default();
    for (name, value) in object.into_iter().chain(properties) {
        if value.is_null() {
            continue;
        }
        let value = serde_json::from_value(value)
            .map_err(|_| format!("{name}: a property is text, a number, true/false or a list of these"))?;
        item.properties.insert(name, value);
    }
    item.check().and_then(|()| item.check_exact(line)).map_err(|error| error.to_string())?;
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

/// Whether a text stands for no value. The empty text is an error of its own, since JSON has null.
fn is_placeholder(text: &str) -> bool {
    !text.is_empty() && is_missing(text)
}

/// Removes an id, by the first of its names that is present.
fn id(object: &mut Map<String, Value>, names: &[&str]) -> Result<Option<Id>, String> {
    for name in names {
        let text = match object.remove(*name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) if is_placeholder(&text) => continue,
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => {
                whole(&number).ok_or_else(|| format!("{name}: not text and not a whole number: {number}"))?
            }
            Some(other) => return Err(format!("{name}: not text: {}", excerpt(&other.to_string()))),
        };
        return Id::new(name, &text).map(Some).map_err(|error| error.to_string());
    }
    Ok(None)
}

/// Removes an id that must be there.
fn required_id(object: &mut Map<String, Value>, names: &[&str]) -> Result<Id, String> {
    let spelling = names.iter().find_map(|name| object.get(*name)).and_then(Value::as_str).map(str::to_owned);
    id(object, names)?.ok_or_else(|| missing(names[0], spelling))
}

/// Returns a whole number as text, also one that was written as a float, as data frames do.
fn whole(number: &serde_json::Number) -> Option<String> {
    // Beyond it floats have steps of two: the digits in the file are gone.
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    let value = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < EXACT_BELOW)?;
    Some(format!("{value:.0}"))
}

/// Removes a list of labels, and drops the empty ones.
fn labels(object: &mut Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let mut labels: Vec<String> = take(object, name)?.unwrap_or_default();
    labels.retain(|label| !label.trim().is_empty());
    Ok(labels)
}
