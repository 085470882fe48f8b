//! Exclusions of a replay: the records that it leaves out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Event, FieldResult, ForgottenUser, Id, Merge, MergeSource, Position, PositionSet, Record, RecordBody, Retraction,
    VectorTable, count_within, text_within,
};

/// Records that a replay leaves out: those that any list names.
///
/// Restore records are named by `positions` only. A restore that is left out did not happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Exclusions {
    /// Events of these users.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::GivenId>, max_items = 1000))]
    pub users: BTreeSet<Id>,
    /// Events, metadata and vectors of these items.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::GivenId>, max_items = 1000))]
    pub items: BTreeSet<Id>,
    /// Events of these kinds.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 1000))]
    pub kinds: BTreeSet<String>,
    /// Events of these sessions.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<super::GivenId>, max_items = 1000))]
    pub sessions: BTreeSet<Id>,
    /// All records that came in with the API keys of these names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 1000))]
    pub sources: BTreeSet<Id>,
    /// All records in these intervals, each `[after, through]`: the first end is exclusive, the last inclusive.
    #[serde(skip_serializing_if = "PositionSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub positions: PositionSet,
}

/// Reason for which a replay leaves out a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExclusionReason {
    /// Undone by an earlier rollback, or the record of one.
    Restores,
    /// Its user is excluded.
    Users,
    /// Its item is excluded.
    Items,
    /// Its kind is excluded.
    Kinds,
    /// Its session is excluded.
    Sessions,
    /// Its API key is excluded.
    Sources,
    /// Its position is excluded.
    Positions,
}

impl Exclusions {
    /// Most entries of a list.
    pub const ENTRIES_MAX: usize = 1000;

    /// Whether no record is left out.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the sizes of the lists.
    pub fn check(&self) -> FieldResult<()> {
        for (field, entries) in [
            ("except.users", self.users.len()),
            ("except.items", self.items.len()),
            ("except.kinds", self.kinds.len()),
            ("except.sessions", self.sessions.len()),
            ("except.sources", self.sources.len()),
            ("except.positions", self.positions.len()),
        ] {
            count_within(field, entries, Self::ENTRIES_MAX)?;
        }
        self.kinds.iter().try_for_each(|kind| text_within("except.kinds", kind, Event::CONTEXT_BYTES_MAX))
    }

    /// Replaces the names of a forgotten user by their pseudonyms. Returns whether any was listed.
    pub fn forget(&mut self, user: &ForgottenUser) -> bool {
        let users = rename(&mut self.users, |id| user.user(id));
        let sessions = rename(&mut self.sessions, |id| user.session(id));
        users || sessions
    }

    /// Whether a position is excluded.
    pub fn names_position(&self, position: Position) -> bool {
        self.positions.contains(position)
    }

    /// Returns the reason for which a record is left out, if it is.
    pub fn leaves_out(&self, record: &Record) -> Option<ExclusionReason> {
        // A replay never undoes an erasure.
        if matches!(record.body, RecordBody::Forget(_)) {
            return None;
        }
        if self.names_position(record.position) {
            return Some(ExclusionReason::Positions);
        }
        if record.source.as_ref().is_some_and(|source| self.sources.contains(source)) {
            return Some(ExclusionReason::Sources);
        }
        let item = match &record.body {
            RecordBody::Event(event) => return self.leaves_out_event(event),
            RecordBody::PutItem(item) => &item.id,
            RecordBody::PatchItem(patch) => &patch.id,
            RecordBody::RemoveItem { item } => item,
            RecordBody::Merge(merge) => return self.leaves_out_merge(merge),
            RecordBody::UpdateProfile(update) => {
                return self.users.contains(&update.user).then_some(ExclusionReason::Users);
            }
            RecordBody::Retract(retraction) => return self.leaves_out_retraction(retraction),
            RecordBody::PutVector(row) if row.into == VectorTable::Items => &row.id,
            RecordBody::PutVector(_)
            | RecordBody::Restore { .. }
            | RecordBody::Configure { .. }
            | RecordBody::ResetModality { .. }
            | RecordBody::Forget(_) => return None,
        };
        self.items.contains(item).then_some(ExclusionReason::Items)
    }

    fn leaves_out_merge(&self, Merge { into, from }: &Merge) -> Option<ExclusionReason> {
        let user = match from {
            MergeSource::User(user) => self.users.contains(user),
            MergeSource::Session(session) if self.sessions.contains(session) => {
                return Some(ExclusionReason::Sessions);
            }
            MergeSource::Session(_) => false,
        };
        (user || self.users.contains(into)).then_some(ExclusionReason::Users)
    }

    /// A retraction goes with its event, as far as the same names say.
    fn leaves_out_retraction(&self, retraction: &Retraction) -> Option<ExclusionReason> {
        let Retraction { event_position, user, session, item, kind, .. } = retraction;
        if self.names_position(*event_position) {
            return Some(ExclusionReason::Positions);
        }
        self.names(user.as_ref(), session.as_ref(), item, kind)
    }

    fn leaves_out_event(&self, event: &Event) -> Option<ExclusionReason> {
        self.names(event.user.as_ref(), event.session.as_ref(), &event.item, &event.kind)
    }

    fn names(&self, user: Option<&Id>, session: Option<&Id>, item: &Id, kind: &str) -> Option<ExclusionReason> {
        if user.is_some_and(|user| self.users.contains(user)) {
            return Some(ExclusionReason::Users);
        }
        if session.is_some_and(|session| self.sessions.contains(session)) {
            return Some(ExclusionReason::Sessions);
        }
        if self.items.contains(item) {
            return Some(ExclusionReason::Items);
        }
        self.kinds.contains(kind).then_some(ExclusionReason::Kinds)
    }
}

/// Replaces ids, and says whether any was replaced.
fn rename(ids: &mut BTreeSet<Id>, name: impl Fn(&str) -> Option<Id>) -> bool {
    let named: Vec<(Id, Id)> = ids.iter().filter_map(|id| Some((id.clone(), name(id.as_str())?))).collect();
    for (id, name) in &named {
        ids.remove(id);
        ids.insert(name.clone());
    }
    !named.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, Timestamp};

    fn id(text: &str) -> Id {
        Id::new("id", text).expect("an id")
    }

    fn record(body: RecordBody) -> Record {
        Record { position: Position::new(7), appended_at: Timestamp::default(), source: Some(id("bot")), body }
    }

    fn event() -> RecordBody {
        RecordBody::Event(Event {
            event_id: id("e"),
            user: Some(id("u")),
            session: Some(id("s")),
            item: id("i"),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::default(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        })
    }

    #[test]
    fn each_list_excludes_its_records() {
        for (text, of_event, of_item) in [
            ("{}", None, None),
            (r#"{"users":["u"]}"#, Some(ExclusionReason::Users), None),
            (r#"{"users":["s","i","e"]}"#, None, None),
            (r#"{"sessions":["s"]}"#, Some(ExclusionReason::Sessions), None),
            (r#"{"items":["i"]}"#, Some(ExclusionReason::Items), Some(ExclusionReason::Items)),
            (r#"{"kinds":["click"]}"#, Some(ExclusionReason::Kinds), None),
            (r#"{"sources":["bot"]}"#, Some(ExclusionReason::Sources), Some(ExclusionReason::Sources)),
            (r#"{"positions":[[6,7]]}"#, Some(ExclusionReason::Positions), Some(ExclusionReason::Positions)),
            (r#"{"positions":[[7,9],[2,6]]}"#, None, None),
        ] {
            let except: Exclusions = serde_json::from_str(text).expect(text);
            assert_eq!(except.leaves_out(&record(event())), of_event, "{text}");
            let item = record(RecordBody::PutItem(Item::bare(id("i"))));
            assert_eq!(except.leaves_out(&item), of_item, "{text}");
            let again: Exclusions =
                serde_json::from_value(serde_json::to_value(&except).expect("JSON")).expect("its JSON");
            assert_eq!(again, except);
        }
    }

    #[test]
    fn long_and_unknown_lists_are_rejected() {
        let mut except = Exclusions::default();
        except.users.extend((0..=Exclusions::ENTRIES_MAX).map(|n| id(&n.to_string())));
        let error = except.check().expect_err("too many");
        assert_eq!((error.field.as_str(), error.code), ("except.users", "too_many"));
        assert!(serde_json::from_str::<Exclusions>(r#"{"user":["u"]}"#).is_err());
        let kinds: Exclusions = serde_json::from_str(r#"{"kinds":[""]}"#).expect("readable");
        assert_eq!(kinds.check().expect_err("empty").field, "except.kinds");
    }
}
