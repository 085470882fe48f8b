//! Mapping of a message to an event in the form of `POST /events`.

use rdkafka::{Message, message::OwnedMessage};
use serde_json::{Map, Value, json};
use shelfmark_domain::Timestamp;

use crate::{
    field_path::FieldPath,
    settings::{EventSettings, OtherKinds, TimeUnit},
};

/// Largest message that is read, in bytes: what is made of it has to fit into a request.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// Largest event that is sent, in bytes: more than the service takes, and little enough that a batch fits into a request.
const EVENT_BYTES_MAX: usize = 64 << 10;

/// Why a message becomes no event although it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMessage {
    /// Stable code.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
}

impl BadMessage {
    fn new(reason: &str, detail: impl Into<String>) -> Self {
        Self { reason: reason.to_owned(), detail: detail.into() }
    }
}

/// Maps a message. `None` for what is meant to become no event: a tombstone, or a kind that is ignored.
pub fn event(settings: &EventSettings, message: &OwnedMessage) -> Result<Option<String>, BadMessage> {
    let Some(payload) = message.payload().filter(|payload| !payload.is_empty()) else { return Ok(None) };
    if payload.len() > MESSAGE_BYTES_MAX {
        let detail = format!("at most {MESSAGE_BYTES_MAX} bytes are read, has {}", payload.len());
        return Err(BadMessage::new("too_long", detail));
    }
    let body: Value =
        serde_json::from_slice(payload).map_err(|error| BadMessage::new("malformed", error.to_string()))?;
    if !body.is_object() {
        return Err(BadMessage::new("malformed", "the message is no JSON object"));
    }
    let Some(kind) = kind(settings, &body)? else { return Ok(None) };
    let mut event = Map::new();
    event.insert("kind".to_owned(), kind);
    let own_id = || json!(format!("{}/{}/{}", message.topic(), message.partition(), message.offset()));
    let id = settings.event_id.as_ref().map_or_else(|| Some(own_id()), |path| path.of(&body).cloned());
    let id = id.ok_or_else(|| BadMessage::new("missing", "event_id: the message has none"))?;
    event.insert("event_id".to_owned(), id);
    event.insert("ts".to_owned(), time(settings, &body, message)?);
    let optional = [
        ("user", settings.user.as_ref()),
        ("session", settings.session.as_ref()),
        ("item", Some(&settings.item)),
        ("value", settings.value.as_ref()),
        ("recommendation_id", settings.recommendation_id.as_ref()),
    ];
    let found = |path: Option<&FieldPath>| path.and_then(|path| path.of(&body)).cloned();
    event.extend(optional.into_iter().filter_map(|(field, path)| Some((field.to_owned(), found(path)?))));
    let properties: Map<String, Value> =
        settings.properties.iter().filter_map(|(name, path)| Some((name.clone(), found(Some(path))?))).collect();
    if !properties.is_empty() {
        event.insert("properties".to_owned(), Value::Object(properties));
    }
    let event = Value::Object(event).to_string();
    if event.len() > EVENT_BYTES_MAX {
        let detail = format!("at most {EVENT_BYTES_MAX} bytes are sent, the event has {}", event.len());
        return Err(BadMessage::new("too_long", detail));
    }
    Ok(Some(event))
}

fn kind(settings: &EventSettings, body: &Value) -> Result<Option<Value>, BadMessage> {
    let given = settings.kind.of(body);
    let name = given.and_then(Value::as_str);
    if settings.kinds.is_empty() {
        return given.cloned().map(Some).ok_or_else(|| BadMessage::new("missing", "kind: the message has none"));
    }
    if let Some(kind) = name.and_then(|name| settings.kinds.get(name)) {
        return Ok(Some(json!(kind)));
    }
    match settings.other_kinds {
        OtherKinds::Ignore => Ok(None),
        OtherKinds::Reject => {
            let known: Vec<&str> = settings.kinds.keys().map(String::as_str).collect();
            let given = given.map_or_else(|| "none".to_owned(), Value::to_string);
            Err(BadMessage::new("unknown_kind", format!("kind: {given} is not among {}", known.join(", "))))
        }
    }
}

fn time(settings: &EventSettings, body: &Value, message: &OwnedMessage) -> Result<Value, BadMessage> {
    let bad = |detail: &str| BadMessage::new("invalid_value", format!("time: {detail}"));
    let micros = match settings.time.as_ref() {
        None => message.timestamp().to_millis().and_then(|millis| millis.checked_mul(1_000)),
        Some(path) => match path.of(body) {
            None => return Err(BadMessage::new("missing", "time: the message has none")),
            // Texts say their own unit; the service reads and checks them.
            Some(text @ Value::String(_)) => return Ok(text.clone()),
            Some(Value::Number(number)) => micros(settings.time_unit, number),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(bad("neither a number nor a text"));
            }
        },
    };
    let time = micros.and_then(Timestamp::from_micros).ok_or_else(|| bad("out of range; check event.time_unit"))?;
    serde_json::to_value(time).map_err(|error| bad(&error.to_string()))
}

#[expect(clippy::cast_possible_truncation, reason = "a time out of range saturates, and is then refused")]
fn micros(unit: TimeUnit, number: &serde_json::Number) -> Option<i64> {
    // Whole numbers stay whole: nanoseconds do not fit a float.
    if let Some(whole) = number.as_i64() {
        return match unit {
            TimeUnit::Seconds => whole.checked_mul(1_000_000),
            TimeUnit::Milliseconds => whole.checked_mul(1_000),
            TimeUnit::Microseconds => Some(whole),
            TimeUnit::Nanoseconds => Some(whole.div_euclid(1_000)),
        };
    }
    let factor = match unit {
        TimeUnit::Seconds => 1e6,
        TimeUnit::Milliseconds => 1e3,
        TimeUnit::Microseconds => 1.0,
        TimeUnit::Nanoseconds => 1e-3,
    };
    number.as_f64().map(|number| (number * factor).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp as KafkaTimestamp;

    fn settings(text: &str) -> EventSettings {
        toml::from_str(text).expect(text)
    }

    fn message(payload: Option<&str>) -> OwnedMessage {
        let payload = payload.map(|text| text.as_bytes().to_vec());
        let at = KafkaTimestamp::CreateTime(1_000_000_000_250);
        OwnedMessage::new(payload, None, "clicks".to_owned(), at, 3, 42, None)
    }

    fn mapped(text: &str, payload: &str) -> Result<Option<Value>, BadMessage> {
        let event = event(&settings(text), &message(Some(payload)))?;
        Ok(event.map(|event| serde_json::from_str(&event).expect("JSON")))
    }

    const PLAIN: &str = "user = \"user.id\"\nitem = \"/sku\"\nkind = \"type\"\n";

    #[test]
    fn fields_are_taken_from_their_paths_and_the_rest_from_kafka() {
        let event = mapped(PLAIN, r#"{"user":{"id":7},"sku":"s","type":"click","more":1}"#).unwrap().unwrap();
        let expected = json!({
            "event_id": "clicks/3/42", "ts": "2001-09-09T01:46:40.25Z", "user": 7, "item": "s", "kind": "click"
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn times_are_in_their_unit() {
        for (unit, number) in [("s", "1000000000.25"), ("ms", "1000000000250"), ("us", "1000000000250000")] {
            let text = format!("{PLAIN}time = \"at\"\ntime_unit = \"{unit}\"\n");
            let event = mapped(&text, &format!(r#"{{"type":"click","sku":1,"at":{number}}}"#)).unwrap().unwrap();
            assert_eq!(event["ts"], "2001-09-09T01:46:40.25Z", "{unit}");
        }
        let text = format!("{PLAIN}time = \"at\"\ntime_unit = \"s\"\n");
        let error = mapped(&text, r#"{"type":"click","sku":1,"at":1000000000250000}"#).unwrap_err();
        assert_eq!(error.reason, "invalid_value");
    }

    #[test]
    fn kinds_are_renamed_and_others_are_rejected_or_ignored() {
        let text = format!("{PLAIN}value = {{value = 2}}\n[kinds]\n\"Product Viewed\" = \"view\"\n");
        let event = mapped(&text, r#"{"type":"Product Viewed","sku":1}"#).unwrap().unwrap();
        assert_eq!((&event["kind"], &event["value"]), (&json!("view"), &json!(2)));
        let other = r#"{"type":"Page","sku":1}"#;
        assert_eq!(mapped(&text, other).unwrap_err().reason, "unknown_kind");
        assert_eq!(mapped(&format!("other_kinds = \"ignore\"\n{text}"), other), Ok(None));
    }

    #[test]
    fn tombstones_become_nothing_and_broken_messages_are_bad() {
        assert_eq!(event(&settings(PLAIN), &message(None)), Ok(None));
        let long = format!(r#"{{"type":"click","sku":"{}"}}"#, "s".repeat(EVENT_BYTES_MAX));
        assert_eq!(mapped(PLAIN, &long).unwrap_err().reason, "too_long");
        for (payload, reason) in [("{", "malformed"), ("[1]", "malformed"), (r#"{"sku":1}"#, "missing")] {
            assert_eq!(mapped(PLAIN, payload).unwrap_err().reason, reason, "{payload}");
        }
    }
}
