//! Messages of Segment's specification, which RudderStack, Jitsu and others send too.
//!
//! | message | becomes |
//! |---|---|
//! | `track` | an event for each product, of a kind by the event's name |
//! | `page`, `screen` | a `view` of the product that its properties name |
//! | `identify` | labels from traits; the visit of `anonymousId` is merged into the user |
//! | `alias` | merges of `previousId`, as a user and as a visit, into the user |
//! | `group` | nothing |
//!
//! `userId` is the user and `anonymousId` the session. So the first event that names both moves the visit to the user.

use serde_json::{Map, Value};

use shelfmark_domain::{FieldError, FieldResult, Id, Merge, MergeSource};

use super::{
    MessageEvent, Said, Translated, id,
    product_events::{self, Named},
    time,
};

/// Traits of the specification that name somebody, or are no circumstance of what somebody does. Labels stay in the log
/// when a user is forgotten, so these never become any.
const PERSONAL: [&str; 19] = [
    "address",
    "avatar",
    "birthday",
    "company",
    "createdat",
    "description",
    "email",
    "firstname",
    "id",
    "lastname",
    "fullname",
    "name",
    "phone",
    "phonenumber",
    "title",
    "username",
    "userid",
    "website",
    "ip",
];

/// How messages are understood.
pub struct SegmentRules<'a> {
    /// Whether the model has a kind.
    pub is_kind: &'a dyn Fn(&str) -> bool,
    /// Traits that become labels; `None` for all that do not name somebody.
    pub traits: Option<&'a [String]>,
}

/// Translates a message.
pub fn segment(message: &Map<String, Value>, rules: &SegmentRules<'_>) -> FieldResult<Translated> {
    let kind = message.get("type").and_then(Value::as_str);
    match kind {
        Some("track") => track(message, rules),
        Some("page" | "screen") => page(message),
        Some("identify") => identify(message, rules),
        Some("alias") => alias(message),
        Some("group") => Ok(Translated::ignored("a group says nothing of items")),
        Some(_) => {
            let detail = "must be one of track, page, screen, identify, alias, group";
            Err(FieldError::new("type", "invalid_value", detail))
        }
        None => Err(FieldError::new("type", "missing", "must be given, such as track")),
    }
}

/// Whether a JSON object is a message: by its type, and by a field that only messages have.
pub fn is_segment(object: &Map<String, Value>) -> bool {
    let kind = object.get("type").and_then(Value::as_str);
    let is_type = matches!(kind, Some("track" | "page" | "screen" | "identify" | "alias" | "group"));
    is_type && ["anonymousId", "userId", "messageId"].iter().any(|name| object.contains_key(*name))
}

/// What all events of a message have in common.
fn common(message: &Map<String, Value>, properties: &Map<String, Value>, kind: String) -> FieldResult<MessageEvent> {
    let (user, session) = (id(message, "userId", "")?, id(message, "anonymousId", "")?);
    if user.is_none() && session.is_none() {
        return Err(FieldError::new("userId", "missing", "a message needs a userId or an anonymousId"));
    }
    let ts = match time(message, "timestamp")? {
        Some(ts) => Some(ts),
        None => time(message, "originalTimestamp")?,
    };
    Ok(MessageEvent {
        event_id: id(message, "messageId", "")?,
        user,
        session,
        kind,
        ts,
        recommendation_id: id(properties, "recommendation_id", "properties")?,
        ..MessageEvent::default()
    })
}

fn properties<'a>(message: &'a Map<String, Value>, nothing: &'a Map<String, Value>) -> &'a Map<String, Value> {
    message.get("properties").and_then(Value::as_object).unwrap_or(nothing)
}

fn track(message: &Map<String, Value>, rules: &SegmentRules<'_>) -> FieldResult<Translated> {
    let Some(name) = message.get("event").and_then(Value::as_str) else {
        return Err(FieldError::new("event", "missing", "a track message needs the name of its event"));
    };
    let kind = match product_events::kind(name, rules.is_kind)? {
        Named::Kind(kind) => kind,
        Named::Nothing(why) => return Ok(Translated::ignored(why)),
    };
    let nothing = Map::new();
    let properties = properties(message, &nothing);
    let common = common(message, properties, kind)?;
    let mut errors = Vec::new();
    let events = product_events::events(&common, properties, &mut errors)?;
    let said = events.into_iter().map(|event| Said::Event(Box::new(event))).collect();
    Ok(Translated { said, errors, ignored: None })
}

fn page(message: &Map<String, Value>) -> FieldResult<Translated> {
    let nothing = Map::new();
    let properties = properties(message, &nothing);
    if product_events::product_id(properties, "properties")?.is_none() {
        return Ok(Translated::ignored("the page names no product"));
    }
    let common = common(message, properties, "view".to_owned())?;
    let events = product_events::events(&common, properties, &mut Vec::new())?;
    let said = events.into_iter().map(|event| Said::Event(Box::new(event))).collect();
    Ok(Translated { said, ..Translated::default() })
}

fn identify(message: &Map<String, Value>, rules: &SegmentRules<'_>) -> FieldResult<Translated> {
    let Some(user) = id(message, "userId", "")? else {
        return Ok(Translated::ignored("without a userId it identifies nobody"));
    };
    let mut said = Vec::new();
    if let Some(session) = id(message, "anonymousId", "")? {
        let from = MergeSource::Session(Id::new("anonymousId", &session)?);
        said.push(Said::Merge(Merge { into: Id::new("userId", &user)?, from }));
    }
    let context = || message.get("context").and_then(|context| context.get("traits"));
    let traits = message.get("traits").or_else(context).and_then(Value::as_object);
    let (mut labels, mut left_out) = (Map::new(), Vec::new());
    for (name, value) in traits.into_iter().flatten() {
        let wanted = rules.traits.map_or_else(|| !is_personal(name), |traits| traits.contains(name));
        if wanted && is_label(value) {
            labels.insert(name.clone(), value.clone());
        } else if !value.is_null() {
            left_out.push(name.chars().take(64).collect::<String>());
        }
    }
    if !labels.is_empty() {
        said.push(Said::Labels { user, labels });
    }
    let ignored = match (left_out.is_empty(), said.is_empty()) {
        (false, _) => Some(format!("traits that do not become labels: {}", left_out.join(", "))),
        (true, true) => Some("it has no traits and no anonymousId".to_owned()),
        (true, false) => None,
    };
    Ok(Translated { said, errors: Vec::new(), ignored })
}

/// Whether a trait names somebody, by its name.
fn is_personal(name: &str) -> bool {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    PERSONAL.contains(&letters.as_str())
}

/// Whether a value can be that of a label, or takes one away.
fn is_label(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(values) => values.iter().all(|value| !value.is_array() && !value.is_object() && !value.is_null()),
        Value::Object(_) => false,
    }
}

fn alias(message: &Map<String, Value>) -> FieldResult<Translated> {
    let required = |name: &'static str| {
        let text = id(message, name, "")?.ok_or_else(|| FieldError::new(name, "missing", "must be given"))?;
        Id::new(name, &text)
    };
    let (into, previous) = (required("userId")?, required("previousId")?);
    // It does not say whether it was a visitor's id or a user's: of the other nothing is known, which merges nothing.
    let session = Said::Merge(Merge { into: into.clone(), from: MergeSource::Session(previous.clone()) });
    let user = (previous != into).then_some(Said::Merge(Merge { into, from: MergeSource::User(previous) }));
    Ok(Translated { said: [session].into_iter().chain(user).collect(), ..Translated::default() })
}
