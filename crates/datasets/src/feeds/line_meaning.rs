//! Meaning of a line of ndjson: an event or an item.
//!
//! It does not depend on one field. An event under other names than ours, read as an item, would wipe the metadata of
//! the item it names; so a line that may be either is a bad line, and `--format` decides.

use serde_json::{Map, Value};

/// What the lines of an ndjson file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineMeaning {
    /// Each is what its fields say.
    #[default]
    ByFields,
    /// The same, but what may be either is an item: the file was given as one of items.
    LikelyItems,
    /// Events, whatever their fields.
    Events,
    /// Items, whatever their fields.
    Items,
}

/// Fields that only events have, in lower case and without underscores.
const OF_EVENTS: [&str; 28] = [
    "user",
    "userid",
    "uid",
    "session",
    "sessionid",
    "usersession",
    "visitor",
    "visitorid",
    "visitid",
    "customerid",
    "clientid",
    "buyerid",
    "shopperid",
    "guestid",
    "anonymousid",
    "reviewerid",
    "ts",
    "timestamp",
    "eventid",
    "eventtime",
    "eventtype",
    "eventname",
    "eventdate",
    "behaviortype",
    "behaviourtype",
    "unixreviewtime",
    "recommendationid",
    "context",
];
/// Fields that events often have, and items sometimes.
const OFTEN_OF_EVENTS: [&str; 21] = [
    "event",
    "type",
    "action",
    "verb",
    "interaction",
    "behavior",
    "behaviour",
    "time",
    "datetime",
    "customer",
    "client",
    "member",
    "memberid",
    "account",
    "accountid",
    "buyer",
    "shopper",
    "guest",
    "reviewer",
    "deviceid",
    "cookieid",
];
/// Fields that items have, and events seldom.
const OF_ITEMS: [&str; 11] = [
    "title",
    "text",
    "categories",
    "tags",
    "vectors",
    "available",
    "brand",
    "price",
    "name",
    "description",
    "category",
];

/// Whether an object is an event; otherwise it is an item. An error says what is missing or unclear.
pub(super) fn is_event(object: &Map<String, Value>, meaning: LineMeaning) -> Result<bool, String> {
    match meaning {
        LineMeaning::Events => return Ok(true),
        LineMeaning::Items => return Ok(false),
        LineMeaning::ByFields | LineMeaning::LikelyItems => {}
    }
    let has = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let of_event = first_of(object, &OF_EVENTS);
    let of_item = first_of(object, &OF_ITEMS);
    let unclear = |field: &str, absent: &str| match meaning {
        LineMeaning::LikelyItems => Ok(false),
        LineMeaning::ByFields | LineMeaning::Events | LineMeaning::Items => Err(format!(
            "{absent} is missing, if it is an event; if it is an item with a property {field:?}, give \
             --format ndjson-items"
        )),
    };
    if has("kind") {
        return match (of_event, of_item) {
            (None, Some(_)) => unclear("kind", "user or session"),
            _ => Ok(true),
        };
    }
    match (of_event, first_of(object, &OFTEN_OF_EVENTS), of_item) {
        (Some(field), _, Some(_)) => unclear(field, "kind"),
        (Some(field), ..) | (None, Some(field), None) => Err(format!(
            "kind is missing: a line with {field:?} is meant as an event (--format ndjson-items reads it as an item, \
             --columns reads other names)"
        )),
        (None, ..) if has("id") || has("item") => Ok(false),
        (None, ..) => Err("neither an event (user or session, item, kind, ts) nor an item (id or item)".to_owned()),
    }
}

/// Returns the first field with one of these names, whatever its case and underscores.
fn first_of<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    let is = |field: &str, name: &str| {
        let letters = field.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
        letters.eq(name.bytes())
    };
    let mut present = object.iter().filter(|(_, value)| !value.is_null());
    present.find(|(field, _)| names.iter().any(|name| is(field, name))).map(|(field, _)| field.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str, meaning: LineMeaning) -> Result<bool, String> {
        is_event(&serde_json::from_str(text).unwrap(), meaning)
    }

    #[test]
    fn a_line_with_what_only_events_have_is_no_item() {
        for text in [
            r#"{"item":"p1","visitor":"v1","event":"click","ts":1700000000}"#,
            r#"{"item":"p1","userId":"v1"}"#,
            r#"{"item":"p1","timestamp":1700000000}"#,
            r#"{"id":"p1","type":"click"}"#,
            r#"{"id":"p1","user":"u1","item":"p1","ts":1}"#,
            r#"{"item":"p1","Event_Type":"click"}"#,
            r#"{"item":"p1","member":"v1","created_at":"2024-01-01T00:00:00Z"}"#,
            r#"{"item":"p1","deviceId":"v1","clicks":1}"#,
            r#"{"id":"p1","buyer":"v1","verb":"bought"}"#,
        ] {
            let told = meant(text, LineMeaning::ByFields).unwrap_err();
            assert!(told.starts_with("kind is missing"), "{text}: {told}");
        }
    }

    #[test]
    fn items_and_events_are_told_by_all_their_fields() {
        for (text, is_event) in [
            (r#"{"user":"u1","item":"p1","kind":"click","ts":1,"title":"Red kettle"}"#, true),
            (r#"{"item":"p1","kind":"click"}"#, true),
            (r#"{"id":"p1","title":"Red kettle","type":"kitchen"}"#, false),
            (r#"{"item":"p1","colour":"red"}"#, false),
            (r#"{"item":"p1","title":"Red kettle","kind":null,"user":null,"ts":null}"#, false),
        ] {
            assert_eq!(meant(text, LineMeaning::ByFields), Ok(is_event), "{text}");
        }
    }

    #[test]
    fn what_may_be_either_is_refused_and_the_format_decides() {
        for text in [r#"{"id":"p1","title":"Red kettle","ts":1700000000}"#, r#"{"id":"p1","brand":"A","kind":"new"}"#] {
            assert!(meant(text, LineMeaning::ByFields).is_err_and(|told| told.contains("--format ndjson-items")));
            assert_eq!(meant(text, LineMeaning::LikelyItems), Ok(false));
            assert_eq!(meant(text, LineMeaning::Items), Ok(false));
            assert_eq!(meant(text, LineMeaning::Events), Ok(true));
        }
    }
}
