//! Profiles of users: what is known of somebody beside events, such as a country or an age group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Event, FieldError, FieldResult, Id, PropertyValue, count_within, item_patch::Change, not_null, text_within,
};

/// What is known of a user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserProfile {
    /// Labels by name. Each is a circumstance of all of the user's events and queries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, PropertyValue>,
}

/// Change of a user's profile. As a patch, what is left out stays, null takes away, and labels are merged by name (RFC
/// 7396). Otherwise it replaces the profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileUpdate {
    /// The user.
    pub user: Id,
    /// Whether the profile is replaced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub replace: bool,
    /// Labels by name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub labels: Option<BTreeMap<String, Change<PropertyValue>>>,
    /// Text for people. It stays in the log: no state holds it, and it is gone once the user is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Fields of a profile that change, as a request has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// Labels by name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    pub labels: Option<BTreeMap<String, Change<PropertyValue>>>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl UserProfile {
    /// Most names of labels.
    pub const LABELS_MAX: usize = 32;
    /// Most circumstances that the labels name: a list names one for each of its values.
    pub const CIRCUMSTANCES_MAX: usize = 32;
    /// Longest name of a label, in bytes.
    pub const NAME_BYTES_MAX: usize = 64;
    /// Longest comment of an update, in bytes.
    pub const COMMENT_BYTES_MAX: usize = 4096;

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the circumstances that the labels name, such as `gender:M`.
    pub fn circumstances(&self) -> impl Iterator<Item = String> {
        self.labels
            .iter()
            .flat_map(|(name, value)| value.values().iter().filter_map(move |value| circumstance(name, value)))
    }

    /// Checks all rules.
    pub fn check(&self) -> FieldResult<()> {
        count_within("labels", self.labels.len(), Self::LABELS_MAX)?;
        for (name, value) in &self.labels {
            text_within("labels", name, Self::NAME_BYTES_MAX)?;
            for value in value.values() {
                check_value(name, value)?;
            }
        }
        count_within("labels", self.circumstances().count(), Self::CIRCUMSTANCES_MAX)
    }

    /// Adds what another profile knows and this one does not.
    pub fn absorb(&mut self, other: &Self) {
        for (name, value) in &other.labels {
            self.labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

impl ProfilePatch {
    /// Returns the change of a user's profile.
    pub fn of(self, user: Id, replace: bool) -> ProfileUpdate {
        ProfileUpdate { user, replace, labels: self.labels, comment: None }
    }
}

impl ProfileUpdate {
    /// Returns the profile after the update.
    pub fn applied(&self, before: &UserProfile) -> UserProfile {
        let mut profile = if self.replace { UserProfile::default() } else { before.clone() };
        for (name, change) in self.labels.iter().flatten() {
            match change {
                Some(value) => _ = profile.labels.insert(name.clone(), value.clone()),
                None => _ = profile.labels.remove(name),
            }
        }
        profile
    }
}

/// Returns the circumstance of a label's value; `None` for an empty text.
fn circumstance(name: &str, value: &PropertyValue) -> Option<String> {
    match value {
        PropertyValue::Text(text) if text.is_empty() => None,
        PropertyValue::Text(text) => Some(format!("{name}:{text}")),
        PropertyValue::Number(number) => Some(format!("{name}:{number}")),
        PropertyValue::Flag(flag) => Some(format!("{name}:{flag}")),
        PropertyValue::List(_) => None,
    }
}

fn check_value(name: &str, value: &PropertyValue) -> FieldResult<()> {
    let field = || format!("labels.{name}");
    match value {
        PropertyValue::List(_) => Err(FieldError::new(field(), "invalid_value", "a list must not hold a list")),
        PropertyValue::Number(number) if !number.is_finite() => {
            Err(FieldError::new(field(), "not_finite", "must be a finite number"))
        }
        PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::Text(_) => circumstance(name, value)
            .map_or(Ok(()), |circumstance| text_within(field(), &circumstance, Event::CONTEXT_BYTES_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> UserProfile {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn each_value_of_a_label_is_a_circumstance() {
        let profile =
            profile(r#"{"labels":{"gender":"M","age":24,"country":["NL","BE"],"member":true,"city":"","score":1.5}}"#);
        let named: Vec<String> = profile.circumstances().collect();
        assert_eq!(named, ["age:24", "country:NL", "country:BE", "gender:M", "member:true", "score:1.5"]);
        assert_eq!(profile.check(), Ok(()));
    }

    #[test]
    fn updates_replace_or_merge() {
        let before = profile(r#"{"labels":{"gender":"M","age":24}}"#);
        for (update, after) in [
            (r#"{"user":"u","replace":true,"labels":{"age":25}}"#, r#"{"labels":{"age":25}}"#),
            (r#"{"user":"u","replace":true}"#, "{}"),
            (r#"{"user":"u","labels":{"age":25}}"#, r#"{"labels":{"age":25,"gender":"M"}}"#),
            (r#"{"user":"u","labels":{"age":null}}"#, r#"{"labels":{"gender":"M"}}"#),
            (r#"{"user":"u"}"#, r#"{"labels":{"age":24,"gender":"M"}}"#),
        ] {
            let update: ProfileUpdate = serde_json::from_str(update).expect(update);
            let applied = update.applied(&before);
            assert_eq!(serde_json::to_string(&applied).expect("JSON"), after, "{update:?}");
            let stored = serde_json::to_string(&update).expect("JSON");
            assert_eq!(serde_json::from_str::<ProfileUpdate>(&stored).expect(&stored), update, "as the log stores it");
        }
        assert!(serde_json::from_str::<ProfilePatch>(r#"{"labels":null}"#).is_err());
        assert!(serde_json::from_str::<ProfilePatch>(r#"{"label":{}}"#).is_err());
    }

    #[test]
    fn what_is_too_long_or_too_much_is_refused_by_name() {
        let long = "x".repeat(Event::CONTEXT_BYTES_MAX);
        let many: Vec<String> = (0..33).map(|n| format!("\"n{n}\":{n}")).collect();
        let list: Vec<String> = (0..33).map(|n| n.to_string()).collect();
        for (text, field, code) in [
            (format!(r#"{{"labels":{{"city":"{long}"}}}}"#), "labels.city", "too_long"),
            (r#"{"labels":{"city":"a\u0001"}}"#.to_owned(), "labels.city", "control_character"),
            (r#"{"labels":{"city":[["a"]]}}"#.to_owned(), "labels.city", "invalid_value"),
            (r#"{"labels":{"":"a"}}"#.to_owned(), "labels", "empty"),
            (format!(r#"{{"labels":{{{}}}}}"#, many.join(",")), "labels", "too_many"),
            (format!(r#"{{"labels":{{"n":[{}]}}}}"#, list.join(",")), "labels", "too_many"),
        ] {
            let error = profile(&text).check().expect_err(&text);
            assert_eq!((error.field.as_str(), error.code), (field, code), "{text}");
        }
    }
}
