//! Conversion between the body of a record and the columns of the table.
//!
//! A record handed over in memory must equal the one that a replay reads from the table (P4). JSON does not preserve
//! every number: the parser may be off by one unit in the last place for 17 digits, and NaN becomes null. So
//! [`normalise`] replaces such values by what JSON returns, before the record is handed to anybody. Items do not need
//! that, see [`item_rest`](super::item_rest).

use std::borrow::Cow;

use shelfmark_domain::{
    Event, Id, ModelConfig, Position, ProfileUpdate, RecordBody, Retraction, RowVector, Timestamp, VectorTable,
};

use super::{
    item_rest::{item_rest, json, patch_rest},
    rest::{EventRest, ProfileRest, RestoreRest, RetractRest, event_rest, parse},
    type_code,
};

/// Columns of a body, for writing.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub code: i16,
    pub event_id: Option<Cow<'a, str>>,
    pub user: Option<&'a str>,
    pub session: Option<&'a str>,
    pub item: Option<&'a str>,
    pub kind: Option<&'a str>,
    pub value: Option<f64>,
    pub ts: Option<Timestamp>,
    pub rest: Option<String>,
}

/// Columns of a body, as read.
#[derive(Debug, Default)]
pub(super) struct StoredColumns {
    pub code: i16,
    pub event_id: Option<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    pub item: Option<String>,
    pub kind: Option<String>,
    pub value: Option<f64>,
    pub ts: Option<Timestamp>,
    pub rest: Option<String>,
}

/// Converts a body to columns. The error says which field cannot be stored.
pub(super) fn to_columns(body: &RecordBody) -> Result<Columns<'_>, String> {
    Ok(match body {
        RecordBody::Event(event) => {
            // Postgres refuses U+0000 in text. This is the only text column whose type does not exclude it. Refused
            // here, it does not fail the append of other callers' records.
            if event.kind.as_bytes().contains(&0) {
                return Err("kind holds the character U+0000".to_owned());
            }
            Columns {
                code: type_code::EVENT,
                event_id: Some(event.event_id.as_str().into()),
                user: event.user.as_ref().map(Id::as_str),
                session: event.session.as_ref().map(Id::as_str),
                item: Some(event.item.as_str()),
                kind: Some(&event.kind),
                value: event.value,
                ts: Some(event.ts),
                rest: event_rest(event)?,
            }
        }
        RecordBody::PutItem(item) => Columns {
            code: type_code::PUT_ITEM,
            item: Some(item.id.as_str()),
            rest: Some(item_rest(item)?),
            ..Columns::default()
        },
        RecordBody::PatchItem(patch) => Columns {
            code: type_code::PATCH_ITEM,
            item: Some(patch.id.as_str()),
            rest: Some(patch_rest(patch)?),
            ..Columns::default()
        },
        RecordBody::Merge(merge) => Columns {
            code: type_code::MERGE,
            user: Some(merge.into.as_str()),
            rest: Some(json(merge)?),
            ..Columns::default()
        },
        RecordBody::Retract(retraction) => {
            let Retraction { event_id, event_position, attempt, user, session, item, kind, ts } = &**retraction;
            let rest = RetractRest { event_id: event_id.clone(), event_position: *event_position, attempt: *attempt };
            Columns {
                code: type_code::RETRACT,
                event_id: Some(retraction.record_id().into()),
                user: user.as_ref().map(Id::as_str),
                session: session.as_ref().map(Id::as_str),
                item: Some(item.as_str()),
                kind: Some(kind),
                ts: Some(*ts),
                rest: Some(json(&rest)?),
                ..Columns::default()
            }
        }
        RecordBody::UpdateProfile(update) => {
            let ProfileUpdate { user, replace, labels, comment } = &**update;
            let rest = ProfileRest { replace: *replace, labels: labels.clone(), comment: comment.clone() };
            Columns {
                code: type_code::UPDATE_PROFILE,
                user: Some(user.as_str()),
                rest: Some(json(&rest)?),
                ..Columns::default()
            }
        }
        RecordBody::ResetModality { modality } => {
            Columns { code: type_code::RESET_MODALITY, rest: Some(json(modality)?), ..Columns::default() }
        }
        RecordBody::RemoveItem { item } => {
            Columns { code: type_code::REMOVE_ITEM, item: Some(item.as_str()), ..Columns::default() }
        }
        RecordBody::Restore { version, replay } => {
            let rest = RestoreRest { version: *version, replay: replay.clone() };
            Columns { code: type_code::RESTORE, rest: Some(json(&rest)?), ..Columns::default() }
        }
        RecordBody::Configure { config } => {
            Columns { code: type_code::CONFIGURE, rest: Some(json(config)?), ..Columns::default() }
        }
        RecordBody::PutVector(row) => Columns {
            code: type_code::PUT_VECTOR,
            item: (row.into == VectorTable::Items).then(|| row.id.as_str()),
            rest: Some(json(row)?),
            ..Columns::default()
        },
        RecordBody::Forget(user) => Columns { code: type_code::FORGET, rest: Some(json(user)?), ..Columns::default() },
    })
}

/// Replaces values that JSON does not preserve by what it returns. Fails when the record could not be read back.
pub(super) fn normalise(body: &mut RecordBody, rest: Option<&str>) -> Result<(), String> {
    let Some(rest) = rest else { return Ok(()) };
    match body {
        RecordBody::Event(event) => {
            // JSON preserves text. Only numbers in properties may change.
            if event.properties.is_some() {
                event.properties = parse::<EventRest>(rest)?.properties;
            }
        }
        RecordBody::Configure { config } => **config = parse::<ModelConfig>(rest)?,
        // Vectors are written as their bytes.
        RecordBody::PutItem(_)
        | RecordBody::PatchItem(_)
        | RecordBody::RemoveItem { .. }
        | RecordBody::Restore { .. }
        | RecordBody::PutVector(_)
        | RecordBody::Merge(_)
        | RecordBody::Retract(_)
        | RecordBody::UpdateProfile(_)
        | RecordBody::ResetModality { .. }
        | RecordBody::Forget(_) => {}
    }
    Ok(())
}

/// Converts stored columns to a body. The error says which column cannot be read.
pub(super) fn from_columns(columns: StoredColumns) -> Result<RecordBody, String> {
    let rest = columns.rest.as_deref();
    Ok(match columns.code {
        type_code::EVENT => {
            let rest: EventRest = match rest {
                Some(rest) => parse(rest)?,
                None => EventRest::default(),
            };
            RecordBody::Event(Event {
                event_id: required("event_id", columns.event_id.as_deref())?,
                user: optional("user_id", columns.user.as_deref())?,
                session: optional("session_id", columns.session.as_deref())?,
                item: required("item_id", columns.item.as_deref())?,
                kind: columns.kind.ok_or("kind is null")?,
                value: columns.value,
                ts: columns.ts.ok_or("ts is null")?,
                context: rest.context,
                recommendation_id: rest.recommendation_id,
                properties: rest.properties,
            })
        }
        type_code::PUT_ITEM => RecordBody::PutItem(parse(rest.ok_or("rest is null")?)?),
        type_code::PATCH_ITEM => RecordBody::PatchItem(parse(rest.ok_or("rest is null")?)?),
        type_code::MERGE => RecordBody::Merge(parse(rest.ok_or("rest is null")?)?),
        type_code::UPDATE_PROFILE => {
            let ProfileRest { replace, labels, comment } = parse(rest.ok_or("rest is null")?)?;
            let user = required("user_id", columns.user.as_deref())?;
            RecordBody::UpdateProfile(Box::new(ProfileUpdate { user, replace, labels, comment }))
        }
        type_code::RETRACT => {
            let RetractRest { event_id, event_position, attempt } = parse(rest.ok_or("rest is null")?)?;
            RecordBody::Retract(Box::new(Retraction {
                event_id,
                event_position,
                attempt,
                user: optional("user_id", columns.user.as_deref())?,
                session: optional("session_id", columns.session.as_deref())?,
                item: required("item_id", columns.item.as_deref())?,
                kind: columns.kind.ok_or("kind is null")?,
                ts: columns.ts.ok_or("ts is null")?,
            }))
        }
        type_code::RESET_MODALITY => RecordBody::ResetModality { modality: parse(rest.ok_or("rest is null")?)? },
        type_code::REMOVE_ITEM => RecordBody::RemoveItem { item: required("item_id", columns.item.as_deref())? },
        type_code::RESTORE => {
            let RestoreRest { version, replay } = parse(rest.ok_or("rest is null")?)?;
            RecordBody::Restore { version, replay }
        }
        type_code::CONFIGURE => RecordBody::Configure { config: Box::new(parse(rest.ok_or("rest is null")?)?) },
        type_code::PUT_VECTOR => RecordBody::PutVector(parse::<RowVector>(rest.ok_or("rest is null")?)?),
        type_code::FORGET => RecordBody::Forget(parse(rest.ok_or("rest is null")?)?),
        other => return Err(format!("type {other} is unknown to this release")),
    })
}

fn required(column: &'static str, text: Option<&str>) -> Result<Id, String> {
    let text = text.ok_or_else(|| format!("{column} is null"))?;
    Id::new(column, text).map_err(|error| error.to_string())
}

/// Parses the id in a column that may be null.
pub(super) fn optional(column: &'static str, text: Option<&str>) -> Result<Option<Id>, String> {
    text.map(|text| Id::new(column, text).map_err(|error| error.to_string())).transpose()
}

/// Returns the id of which the log has one record: that of an event or of a retraction; `None` for other records.
pub(super) fn event_id(body: &RecordBody) -> Option<Cow<'_, str>> {
    match body {
        RecordBody::Event(event) => Some(event.event_id.as_str().into()),
        RecordBody::Retract(retraction) => Some(retraction.record_id().into()),
        RecordBody::PutItem(_)
        | RecordBody::PatchItem(_)
        | RecordBody::RemoveItem { .. }
        | RecordBody::Restore { .. }
        | RecordBody::Configure { .. }
        | RecordBody::Merge(_)
        | RecordBody::UpdateProfile(_)
        | RecordBody::ResetModality { .. }
        | RecordBody::PutVector(_)
        | RecordBody::Forget(_) => None,
    }
}

/// Builds the error for a stored record that cannot be read.
pub(super) fn unreadable(position: Position, detail: String) -> super::LogError {
    super::LogError::Unreadable { position, detail }
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{Exclusions, Item, PropertyValue, VersionNumber};

    use super::*;

    /// Goal: the hand-over in memory is what the table gives back (P4). Method: awkward numbers in every place that
    /// holds some, and rows as an earlier release wrote them.
    #[test]
    fn items_come_back_bit_for_bit_from_either_spelling() {
        let mut item = Item::bare(Id::new("id", "i").expect("valid"));
        item.title = Some("\u{1f375} \"tea\"\n".to_owned());
        let numbers =
            [0.1, -0.0, 5.0, 1e300, f64::MIN_POSITIVE, 9_007_199_254_740_993.0, 1.0 / 3.0, 123_456_789.123_456_78];
        for (place, number) in numbers.into_iter().enumerate() {
            item.properties.insert(format!("n{place}"), PropertyValue::Number(number.into()));
        }
        for (place, number) in [7_u64, 2_053_013_555_631_882_655, u64::MAX].into_iter().enumerate() {
            item.properties.insert(format!("u{place}"), PropertyValue::Number(number.into()));
        }
        let sizes = vec![PropertyValue::Number(i64::MIN.into()), PropertyValue::Text("M".to_owned())];
        item.properties.insert("sizes".to_owned(), PropertyValue::List(sizes));
        item.properties.insert("flag".to_owned(), PropertyValue::Flag(false));
        item.vectors.insert("image".to_owned(), vec![0.1, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, 16_777_217.0]);
        let bits = |body: &RecordBody| {
            let RecordBody::PutItem(item) = body else { panic!("an item") };
            let numbers = item.properties.values().map(|value| match value {
                PropertyValue::Number(number) => number.as_f64().to_bits(),
                PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => 0,
            });
            let vector = item.vectors["image"].iter().map(|value| u64::from(value.to_bits()));
            numbers.chain(vector).collect::<Vec<_>>()
        };
        let stored = |rest: String| {
            from_columns(StoredColumns { code: type_code::PUT_ITEM, rest: Some(rest), ..StoredColumns::default() })
                .expect("reads")
        };
        let body = RecordBody::PutItem(item.clone());
        for rest in [to_columns(&body).expect("valid").rest.expect("always"), json(&item).expect("JSON")] {
            let back = stored(rest);
            assert_eq!(back, body);
            assert_eq!(bits(&back), bits(&body));
            assert_eq!(to_columns(&back).expect("valid").rest, to_columns(&body).expect("valid").rest);
        }
        item.properties.insert("n".to_owned(), PropertyValue::Number(f64::NAN.into()));
        let refused = to_columns(&RecordBody::PutItem(item)).err();
        assert_eq!(refused.as_deref(), Some("properties.n is not finite"));
    }

    #[test]
    fn restores_of_before_replays_are_read_and_replays_come_back_as_they_were() {
        let stored = |rest: &str| {
            from_columns(StoredColumns {
                code: type_code::RESTORE,
                rest: Some(rest.to_owned()),
                ..StoredColumns::default()
            })
        };
        let plain = RecordBody::Restore { version: VersionNumber(7), replay: None };
        assert_eq!(stored(r#"{"version":7}"#), Ok(plain.clone()));
        let except: Exclusions = serde_json::from_str(r#"{"users":["u"],"positions":[[2,9]]}"#).expect("valid");
        for replay in [None, Some(Box::default()), Some(Box::new(except))] {
            let body = RecordBody::Restore { version: VersionNumber(7), replay };
            let rest = to_columns(&body).expect("valid").rest.expect("always");
            assert_eq!(stored(&rest), Ok(body));
        }
    }
}
