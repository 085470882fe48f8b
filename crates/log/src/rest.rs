//! JSON of `records.rest`: what the columns of a record do not hold, and what an erasure leaves of it. Items are in
//! [`item_rest`](super::item_rest).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use shelfmark_domain::{Change, Event, Exclusions, ForgottenUser, Id, Merge, Position, PropertyValue, VersionNumber};

use super::{item_rest::json, type_code};

/// Rare fields of an event: the JSON of `records.rest`.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct EventRest {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) context: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recommendation_id: Option<Id>,
    /// `null` is a value here, distinct from an absent field.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) properties: Option<Value>,
}

/// [`EventRest`], borrowed, for writing.
#[derive(Serialize)]
pub(super) struct EventRestRef<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) context: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recommendation_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<&'a Value>,
}

/// The JSON of a restore.
#[derive(Serialize, Deserialize)]
pub(super) struct RestoreRest {
    pub(super) version: VersionNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replay: Option<Box<Exclusions>>,
}

/// What the columns of a profile's update do not hold.
#[derive(Serialize, Deserialize)]
pub(super) struct ProfileRest {
    #[serde(default)]
    pub(super) replace: bool,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) labels: Option<BTreeMap<String, Change<PropertyValue>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

/// What a retraction's columns do not hold.
#[derive(Serialize, Deserialize)]
pub(super) struct RetractRest {
    /// Absent once the user is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event_id: Option<Id>,
    pub(super) event_position: Position,
    #[serde(default)]
    pub(super) attempt: u32,
}

fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Returns the `rest` of an event; `None` for one without rare fields.
pub(super) fn event_rest(event: &Event) -> Result<Option<String>, String> {
    if event.context.is_empty() && event.recommendation_id.is_none() && event.properties.is_none() {
        return Ok(None);
    }
    json(&EventRestRef {
        context: &event.context,
        recommendation_id: event.recommendation_id.as_ref(),
        properties: event.properties.as_ref(),
    })
    .map(Some)
}

/// Reads a `rest`.
pub(super) fn parse<'a, T: Deserialize<'a>>(rest: &'a str) -> Result<T, String> {
    serde_json::from_str(rest).map_err(|error| error.to_string())
}

/// Returns the part of `rest` that stays when the user of a record is forgotten: the circumstances and labels, which
/// were learned from, and which event was retracted.
pub(super) fn anonymous_rest(code: i16, rest: &str) -> Result<Option<String>, String> {
    if code == type_code::UPDATE_PROFILE {
        let rest: ProfileRest = parse(rest)?;
        return json(&ProfileRest { comment: None, ..rest }).map(Some);
    }
    if code == type_code::RETRACT {
        let rest: RetractRest = parse(rest)?;
        return json(&RetractRest { event_id: None, ..rest }).map(Some);
    }
    let EventRest { context, .. } = parse(rest)?;
    let left = EventRestRef { context: &context, recommendation_id: None, properties: None };
    (!context.is_empty()).then(|| json(&left)).transpose()
}

/// Returns a restore's `rest` without the forgotten user's id; `None` when it does not name the user.
pub(super) fn restore_without_user(rest: &str, user: &ForgottenUser) -> Result<Option<String>, String> {
    let mut restore: RestoreRest = parse(rest)?;
    let named = restore.replay.as_mut().is_some_and(|except| except.forget(user));
    named.then(|| json(&restore)).transpose()
}

/// Reads the `rest` of a merge.
pub(super) fn merge(rest: &str) -> Result<Merge, String> {
    parse(rest)
}

/// Returns a merge's `rest` and user without the forgotten user's names; `None` when it names none.
pub(super) fn merge_without_user(rest: &str, user: &ForgottenUser) -> Result<Option<(String, Option<String>)>, String> {
    let mut merge: Merge = parse(rest)?;
    let named = merge.forget(user);
    named.then(|| Ok((json(&merge)?, Some(merge.into.as_str().to_owned())))).transpose()
}
