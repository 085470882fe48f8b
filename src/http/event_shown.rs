//! Events as answers show them: a value without a fraction is a whole number, as its sender wrote it.

use serde::{Serialize, Serializer};

use shelfmark_domain::{Event, Id, Number, RecordBody, Timestamp};

/// Fields of an event, in the order of [`Event`].
#[derive(Serialize)]
struct EventShown<'a> {
    event_id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a Id>,
    item: &'a Id,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Number>,
    ts: Timestamp,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    context: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<&'a serde_json::Value>,
}

impl<'a> From<&'a Event> for EventShown<'a> {
    fn from(event: &'a Event) -> Self {
        let Event { event_id, user, session, item, kind, value, ts, context, recommendation_id, properties } = event;
        Self {
            event_id,
            user: user.as_ref(),
            session: session.as_ref(),
            item,
            kind,
            value: value.map(Number::whole_or_float),
            ts: *ts,
            context,
            recommendation_id: recommendation_id.as_ref(),
            properties: properties.as_ref(),
        }
    }
}

/// Writes an event.
pub(super) fn event<S: Serializer>(event: &Event, serializer: S) -> Result<S::Ok, S::Error> {
    EventShown::from(event).serialize(serializer)
}

/// Writes the body of a record.
pub(super) fn body<S: Serializer>(body: &RecordBody, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct TypedEvent<'a> {
        r#type: &'static str,
        #[serde(flatten)]
        event: EventShown<'a>,
    }
    if let RecordBody::Event(event) = body {
        return TypedEvent { r#type: "event", event: event.into() }.serialize(serializer);
    }
    body.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> (String, String) {
        #[derive(Serialize)]
        struct Out {
            position: u64,
            #[serde(flatten, serialize_with = "body")]
            body: RecordBody,
        }
        let given = format!(r#"{{"event_id":"e","user":"u","item":"i","kind":"rating","value":{value},"ts":1}}"#);
        let event: Event = serde_json::from_str(&given).expect(value);
        let body = RecordBody::Event(event);
        let derived = serde_json::to_string(&body).expect("JSON");
        (serde_json::to_string(&Out { position: 7, body }).expect("JSON"), derived)
    }

    #[test]
    fn an_event_is_shown_as_it_is_stored_but_for_a_whole_value() {
        for (value, expected) in [("3", "3"), ("3.0", "3"), ("3.5", "3.5"), ("-0.0", "-0.0")] {
            let (shown, derived) = shown(value);
            let end = derived.strip_prefix('{').expect("an object");
            let stored = format!(r#""value":{:?}"#, value.parse::<f64>().expect("a number"));
            assert_eq!(shown, format!(r#"{{"position":7,{}"#, end.replace(&stored, &format!(r#""value":{expected}"#))));
        }
    }
}
