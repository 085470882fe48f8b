//! An event as clients write it, and its way to a record.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use super::context::{EntryContext, ParsedEntry};
use crate::http::decode;
use shelfmark_domain::{
    Event, FieldError, FieldResult, GivenId, Id, NewRecord, Number, RecordBody, Timestamp, id_text,
};

/// Deepest nesting of `properties`.
const DEPTH_MAX: usize = 64;

/// Text that borrows from the body where it has no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Text of an id, borrowed likewise, or a whole number.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct IdText<'a>(#[serde(borrow, deserialize_with = "id_text")] Cow<'a, str>);

/// An interaction of a user or a session with an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EventIn, example = json!({"event_id": "01JD", "user": "u1", "item": "i9", "kind": "click", "ts": "2026-11-23T10:00:00Z"}))]
pub struct EventIn<'a> {
    /// Makes a retry harmless: the same id with the same body counts as a duplicate, with another body it is a
    /// conflict. Left out, the service makes one and returns it, and a retry is not recognised.
    #[serde(borrow, default)]
    #[schema(value_type = Option<GivenId>)]
    event_id: Option<IdText<'a>>,
    /// Id of the user, 1 to 256 bytes. A user or a session is required.
    #[serde(borrow, default)]
    #[schema(value_type = Option<GivenId>)]
    user: Option<IdText<'a>>,
    /// Id of the session, 1 to 256 bytes; it stands for the user when there is none.
    #[serde(borrow, default)]
    #[schema(value_type = Option<GivenId>)]
    session: Option<IdText<'a>>,
    /// Id of the item, 1 to 256 bytes. An unknown item is created without metadata.
    #[serde(borrow)]
    #[schema(value_type = GivenId)]
    item: IdText<'a>,
    /// Kind of event: a name that the model's configuration gives a weight, such as `click`.
    #[serde(borrow)]
    #[schema(value_type = String, max_length = 256)]
    kind: Text<'a>,
    /// Quantity, price or rating. The weight of a kind may follow from it, as that of `rating` does by default.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    value: Option<Number>,
    /// Time of the event: RFC 3339, or Unix seconds; the time of arrival when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    ts: Option<Timestamp>,
    /// Context of the event, such as `device:mobile`; at most 32 entries of at most 256 bytes each.
    #[serde(default)]
    context: Vec<String>,
    /// `recommendation_id` of the list that the event followed from, at most 256 bytes.
    #[serde(borrow, default)]
    #[schema(value_type = Option<GivenId>)]
    recommendation_id: Option<IdText<'a>>,
    /// Further properties, at most 8,192 bytes of JSON; they are stored and not learned from.
    #[serde(borrow, default)]
    #[schema(value_type = Option<Object>)]
    properties: Option<&'a RawValue>,
}

/// Parses and checks one event. Cost: about a microsecond and an allocation a text field.
pub fn parse(raw: &[u8], arrival: &EntryContext, scratch: &mut Vec<u8>) -> FieldResult<ParsedEntry> {
    let given: EventIn<'_> = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<EventIn<'_>>(raw))?;
    let optional =
        |field: &str, text: &Option<IdText<'_>>| text.as_ref().map(|text| Id::new(field, &text.0)).transpose();
    if !arrival.config.kinds.contains_key(given.kind.0.as_ref()) {
        // The rule of the text first: an over-long kind is not repeated in an error.
        shelfmark_domain::text_within("kind", &given.kind.0, Event::CONTEXT_BYTES_MAX)?;
        let known: Vec<&str> = arrival.config.kinds.keys().map(String::as_str).collect();
        let detail = format!("{:?} is not among {}", given.kind.0, known.join(", "));
        return Err(FieldError::new("kind", "unknown_kind", detail));
    }
    let properties = given.properties.map(properties).transpose()?;
    let value = given.value.map(|value| exact(value, raw)).transpose()?;
    let event_id = optional("event_id", &given.event_id)?;
    let retry_hash = event_id.is_some().then(|| retry_hash(&given, value, properties.as_ref(), scratch));
    let made = event_id.is_none();
    let event_id = match event_id {
        Some(id) => id,
        None => Id::new("event_id", Uuid::now_v7().hyphenated().encode_lower(&mut Uuid::encode_buffer()))?,
    };
    let event = Event {
        user: optional("user", &given.user)?,
        session: optional("session", &given.session)?,
        item: Id::new("item", &given.item.0)?,
        kind: given.kind.0.into_owned(),
        value,
        ts: given.ts.unwrap_or(arrival.at),
        context: given.context,
        recommendation_id: optional("recommendation_id", &given.recommendation_id)?,
        properties,
        event_id: event_id.clone(),
    };
    event.check()?;
    let record = NewRecord { retry_hash, ..NewRecord::own(RecordBody::Event(event)) };
    Ok(ParsedEntry { record, made_id: made.then_some(event_id) })
}

/// The value as a float. A whole number that a float does not hold would be another one in the log.
fn exact(value: Number, raw: &[u8]) -> FieldResult<f64> {
    value.exact_f64().filter(|_| !value.was_rounded(raw)).ok_or_else(|| {
        let detail = "a whole number beyond 2^53 must be one that a float of 64 bits holds exactly";
        FieldError::new("value", "out_of_range", detail)
    })
}

fn properties(raw: &RawValue) -> FieldResult<serde_json::Value> {
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(raw.get())
        .map_err(|_| FieldError::new("properties", "invalid_value", "must be an object"))?;
    if map.values().any(|value| !shallow(value, DEPTH_MAX)) {
        let detail = format!("at most {DEPTH_MAX} levels deep");
        return Err(FieldError::new("properties", "too_deep", detail));
    }
    let value = serde_json::Value::Object(map);
    if Number::any_was_rounded(&value, raw.get().as_bytes()) {
        let detail = "a whole number must have at most 64 bits; send a longer one as text";
        return Err(FieldError::new("properties", "out_of_range", detail));
    }
    Ok(value)
}

/// Whether `value` has at most so many levels. The log keeps it inside other JSON, and JSON is read back to a depth of 128 only.
fn shallow(value: &serde_json::Value, levels: usize) -> bool {
    match value {
        serde_json::Value::Array(values) => levels > 0 && values.iter().all(|value| shallow(value, levels - 1)),
        serde_json::Value::Object(map) => levels > 0 && map.values().all(|value| shallow(value, levels - 1)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => true,
    }
}

/// Hash of what the client said, not of how it was written: white space, the order of keys and the spelling of a time
/// do not matter; what the service fills in (a missing `ts`) takes no part. Never changes: it is kept in the log.
fn retry_hash(
    given: &EventIn<'_>,
    value: Option<f64>,
    properties: Option<&serde_json::Value>,
    bytes: &mut Vec<u8>,
) -> i64 {
    bytes.clear();
    let mut text = |text: Option<&str>| match text {
        // 255 occurs in no UTF-8 text, so no two lists of fields give the same bytes.
        Some(text) => {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(255);
        }
        None => bytes.push(254),
    };
    text(given.user.as_ref().map(|text| text.0.as_ref()));
    text(given.session.as_ref().map(|text| text.0.as_ref()));
    text(Some(&given.item.0));
    text(Some(&given.kind.0));
    text(given.recommendation_id.as_ref().map(|text| text.0.as_ref()));
    for entry in &given.context {
        text(Some(entry));
    }
    text(None);
    text(properties.map(serde_json::Value::to_string).as_deref());
    bytes.extend_from_slice(&value.map_or([255; 8], |value| value.to_bits().to_le_bytes()));
    bytes.extend_from_slice(&given.ts.map_or([255; 8], |ts| ts.micros().to_le_bytes()));
    xxh3_64(bytes).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> EntryContext {
        let at = Timestamp::from_seconds(1e9).expect("valid");
        EntryContext { config: std::sync::Arc::default(), modalities: std::sync::Arc::default(), at, source: None }
    }

    fn parsed(text: &str) -> ParsedEntry {
        parse(text.as_bytes(), &arrival(), &mut Vec::new()).expect(text)
    }

    fn refused(text: &str) -> FieldError {
        parse(text.as_bytes(), &arrival(), &mut Vec::new()).expect_err(text)
    }

    #[test]
    fn the_retry_hash_is_of_the_meaning_and_not_of_the_spelling() {
        let base = parsed(
            r#"{"event_id":"e","user":"u","item":"i","kind":"click","ts":"2001-09-09T01:46:40Z","properties":{"a":1,"b":2}}"#,
        );
        let same = parsed(
            r#" { "properties" : {"b":2, "a":1}, "kind":"\u0063lick","ts":1000000000,"item":"i","user":"u","event_id":"e"}"#,
        );
        assert_eq!(base.record, same.record);
        for other in [
            r#"{"event_id":"e","user":"u","item":"j","kind":"click","ts":1000000000,"properties":{"a":1,"b":2}}"#,
            r#"{"event_id":"e","session":"u","item":"i","kind":"click","ts":1000000000,"properties":{"a":1,"b":2}}"#,
            r#"{"event_id":"e","user":"u","item":"i","kind":"click","properties":{"a":1,"b":2}}"#,
            r#"{"event_id":"e","user":"u","item":"i","kind":"click","ts":1000000000}"#,
            r#"{"event_id":"e","user":"u","item":"i","kind":"click","ts":1000000000,"value":0,"properties":{"a":1,"b":2}}"#,
        ] {
            assert_ne!(base.record.retry_hash, parsed(other).record.retry_hash, "{other}");
        }
    }

    #[test]
    fn whole_numbers_are_ids_and_the_same_as_their_digits() {
        let numbers = parsed(
            r#"{"event_id":7,"user":2053013555631882655,"session":-1,"item":31.0,"kind":"click","ts":1,"recommendation_id":9}"#,
        );
        let texts = parsed(
            r#"{"event_id":"7","user":"2053013555631882655","session":"-1","item":"31","kind":"click","ts":1,"recommendation_id":"9"}"#,
        );
        assert_eq!(numbers.record, texts.record);
    }

    #[test]
    fn a_missing_time_is_the_arrival_and_takes_no_part_in_the_retry_hash() {
        let text = r#"{"event_id":"e","user":"u","item":"i","kind":"click"}"#;
        let first = parsed(text);
        let later = EntryContext { at: Timestamp::from_seconds(2e9).expect("valid"), ..arrival() };
        let second = parse(text.as_bytes(), &later, &mut Vec::new()).expect("valid");
        assert_eq!(first.record.retry_hash, second.record.retry_hash);
        assert_ne!(first.record.body, second.record.body);
    }

    #[test]
    fn an_event_without_an_id_gets_one_and_no_retry_hash() {
        let parsed = parsed(r#"{"session":"s","item":"i","kind":"click"}"#);
        assert!(parsed.made_id.is_some());
        assert_eq!(parsed.record.retry_hash, None);
    }

    #[test]
    fn every_bad_event_names_its_field() {
        for (text, field, code) in [
            (r#"{"user":"u","item":"i","kind":"click","colour":"red"}"#, "colour", "unknown_field"),
            (r#"{"user":"u","kind":"click"}"#, "item", "missing"),
            (r#"{"item":"i","kind":"click"}"#, "user", "missing"),
            (r#"{"user":"u","item":"i","kind":"teleport"}"#, "kind", "unknown_kind"),
            (r#"{"user":[5],"item":"i","kind":"click"}"#, "user", "invalid_value"),
            (r#"{"user":5.5,"item":"i","kind":"click"}"#, "user", "invalid_value"),
            (r#"{"user":"u","item":18446744073709551616,"kind":"click"}"#, "item", "invalid_value"),
            (r#"{"user":"u","item":"i","kind":5}"#, "kind", "invalid_value"),
            (r#"{"user":"","item":"i","kind":"click"}"#, "user", "empty"),
            (r#"{"user":"a\u0000","item":"i","kind":"click"}"#, "user", "control_character"),
            (r#"{"user":"u","item":"i","kind":"click","ts":"yesterday"}"#, "ts", "invalid_value"),
            (r#"{"user":"u","item":"i","kind":"click","value":"much"}"#, "value", "invalid_value"),
            (r#"{"user":"u","item":"i","kind":"click","value":9007199254740993}"#, "value", "out_of_range"),
            (r#"{"user":"u","item":"i","kind":"click","value":36893488147419103233}"#, "value", "out_of_range"),
            (r#"{"user":"u","item":"i","kind":"click","properties":[1]}"#, "properties", "invalid_value"),
            (
                r#"{"user":"u","item":"i","kind":"click","properties":{"a":[36893488147419103233]}}"#,
                "properties",
                "out_of_range",
            ),
            (r#"{"user":"u","user":"v","item":"i","kind":"click"}"#, "user", "duplicate_field"),
            (r#"{"user":"u","item":"i","#, "", "malformed"),
        ] {
            let error = refused(text);
            assert_eq!((error.field.as_str(), error.code), (field, code), "{text}: {error:?}");
        }
        let long = format!(r#"{{"user":"{}","item":"i","kind":"click"}}"#, "u".repeat(257));
        assert_eq!(refused(&long).code, "too_long");
    }
}
