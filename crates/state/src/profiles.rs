//! Profiles of users: labels that are circumstances of all of a user's events and queries.

use std::sync::Arc;

use shelfmark_domain::{Id, ProfileUpdate, UserProfile};

use super::{ACCUMULATOR_INITIAL, Actor, CONTEXTS_MAX, InferenceState, LearnedTable, State, Table, as_row};

/// A user's profile, with the rows of its circumstances.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labelled {
    /// The profile.
    pub profile: UserProfile,
    /// Context rows of its labels, ascending, distinct.
    pub terms: Vec<u32>,
}

impl Labelled {
    /// Returns the bytes owned elsewhere, about.
    pub(super) fn footprint(&self) -> usize {
        let labels = self.profile.labels.iter().map(|(name, value)| 64 + name.len() + 48 * value.values().len());
        self.terms.capacity() * size_of::<u32>() + labels.sum::<usize>()
    }

    /// Appends the encoding: nothing without a profile.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        if self.profile.is_empty() {
            return;
        }
        out.extend_from_slice(&as_row(self.terms.len()).to_le_bytes());
        out.extend_from_slice(bytemuck::cast_slice(&self.terms));
        serde_json::to_writer(out, &self.profile).expect("a profile has a JSON form");
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (terms, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
        let terms = terms.as_chunks().0.iter().map(|row| u32::from_le_bytes(*row)).collect();
        Some(Self { profile: serde_json::from_slice(rest).ok()?, terms })
    }
}

impl InferenceState {
    /// Returns a user's profile; `None` for one that has none.
    pub fn profile(&self, user: u32) -> Option<&UserProfile> {
        let row = user as usize;
        let profile = (row < self.profiles.len()).then(|| &self.profiles[row].profile)?;
        (!profile.is_empty()).then_some(profile)
    }

    /// Whether profiles are of users and circumstances that there are.
    pub(super) fn profiles_fit(&self) -> bool {
        let contexts = self.contexts.len();
        let known = |row: usize| self.profiles[row].terms.iter().all(|term| (*term as usize) < contexts);
        self.profiles.len() <= self.users.len() && (0..self.profiles.len()).all(known)
    }

    /// Adds the circumstances of a user's labels to those of a query, as far as an event was learned with them: others
    /// say nothing, and would take from the weight of those that do.
    pub fn with_learned_labels(&self, user: Option<u32>, terms: Vec<u32>) -> Vec<u32> {
        let learned = |row: &u32| self.parameters.contexts.row(*row as usize).iter().any(|value| *value != 0.0);
        let mut all = self.with_labels(user, terms.clone());
        all.retain(|row| terms.contains(row) || learned(row));
        all
    }

    /// Adds the circumstances of a user's labels to those of an event, ascending and distinct.
    pub fn with_labels(&self, user: Option<u32>, mut terms: Vec<u32>) -> Vec<u32> {
        let Some(row) = user.map(|row| row as usize).filter(|row| *row < self.profiles.len()) else { return terms };
        if self.config.context && !self.profiles[row].terms.is_empty() {
            terms.extend_from_slice(&self.profiles[row].terms);
            terms.sort_unstable();
            terms.dedup();
        }
        terms
    }
}

impl State {
    /// Changes a user's profile. An unknown user is created. An update whose result breaks the rules of profiles
    /// changes nothing; requests are checked for that as far as the view knows.
    pub fn update_profile(&mut self, update: &ProfileUpdate) {
        let nothing = UserProfile::default();
        let known = self.inference.users.get(update.user.as_str());
        let before = known.and_then(|row| self.inference.profile(row)).unwrap_or(&nothing);
        let profile = update.applied(before);
        if profile.check().is_err() {
            return;
        }
        let user = self.user_row(&update.user);
        self.mark_active(Actor::User(user));
        self.set_profile(user, profile);
    }

    /// Gives a user another profile; an empty one is none.
    pub(super) fn set_profile(&mut self, user: u32, profile: UserProfile) {
        let row = user as usize;
        if row >= self.inference.profiles.len() && profile.is_empty() {
            return;
        }
        // All without a profile share one.
        let nothing = Arc::new(Labelled::default());
        while self.inference.profiles.len() <= row {
            self.touched.mark(Table::Profiles, as_row(self.inference.profiles.len()));
            self.inference.profiles.push(Arc::clone(&nothing));
        }
        let mut terms: Vec<u32> = profile.circumstances().filter_map(|name| self.context_row(&name)).collect();
        terms.sort_unstable();
        terms.dedup();
        *self.inference.profiles.get_mut(row) = Arc::new(Labelled { profile, terms });
        self.touched.mark(Table::Profiles, user);
    }

    /// Returns the row of a circumstance. Makes one for a new name, as long as there is room.
    pub(super) fn context_row(&mut self, name: &str) -> Option<u32> {
        if let Some(row) = self.inference.contexts.get(name) {
            return Some(row);
        }
        if self.inference.contexts.len() >= CONTEXTS_MAX {
            return None;
        }
        let id = Id::new("context", name).expect("contexts and labels are checked on the way in");
        let (row, _) = self.inference.contexts.get_or_insert(&id);
        self.touched.mark(Table::Contexts, row);
        self.push_row(LearnedTable::Context, ACCUMULATOR_INITIAL);
        Some(row)
    }

    /// Moves what is known of a user to another, who keeps what is known of both.
    pub(super) fn move_profile(&mut self, from: u32, into: u32) {
        let Some(moved) = self.inference.profile(from).cloned() else { return };
        let mut profile = self.inference.profile(into).cloned().unwrap_or_default();
        profile.absorb(&moved);
        // Together they may have too much; then the one who stays keeps its own.
        if profile.check().is_ok() {
            self.set_profile(into, profile);
        }
        self.set_profile(from, UserProfile::default());
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{Event, Merge, MergeSource, ModelConfig, Timestamp};

    use super::*;
    use crate::{ContextScratch, Digester};

    fn id(text: &str) -> Id {
        Id::new("id", text).expect("an id")
    }

    fn update(state: &mut State, text: &str) {
        state.update_profile(&serde_json::from_str(text).expect(text));
    }

    fn terms(state: &State, user: &str) -> Vec<String> {
        let user = state.inference.users.get(user).expect("known");
        let terms = state.inference.with_labels(Some(user), Vec::new());
        terms.into_iter().map(|row| state.inference.contexts.id(row).as_str().to_owned()).collect()
    }

    fn event(user: &str, context: &[&str]) -> Event {
        Event {
            event_id: id("e"),
            user: Some(id(user)),
            session: None,
            item: id("i"),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::default(),
            context: context.iter().map(|name| (*name).to_owned()).collect(),
            recommendation_id: None,
            properties: None,
        }
    }

    #[test]
    fn labels_are_circumstances_of_all_events_and_digests_follow() {
        let mut state = State::initial(Arc::new(ModelConfig::default()));
        let mut scratch = ContextScratch::default();
        state.apply_events(&[&event("early", &["device:tv"])], &mut scratch);
        let mut digester = Digester::new(&state);
        state.touched.clear();
        update(&mut state, r#"{"user":"ann","replace":true,"labels":{"gender":"F","age":24}}"#);
        update(&mut state, r#"{"user":"ann","labels":{"age":25,"country":["NL","BE"]}}"#);
        // In the order in which the circumstances were first named.
        assert_eq!(terms(&state, "ann"), ["gender:F", "age:25", "country:NL", "country:BE"]);
        assert_eq!(terms(&state, "early"), [""; 0]);
        let (units, _) = state.apply_events(&[&event("ann", &["device:tv"])], &mut scratch);
        assert_eq!(units[0].context.terms.len(), 5, "the event's and the user's");
        let too_many: Vec<String> = (0..40).map(|n| format!("\"n{n}\":1")).collect();
        update(&mut state, &format!(r#"{{"user":"new","labels":{{{}}}}}"#, too_many.join(",")));
        assert!(state.inference.users.get("new").is_none(), "it breaks the rules");
        let touched = std::mem::take(&mut state.touched);
        assert_eq!(digester.update(&state, &touched), Digester::new(&state).digest());
        let loaded = State::from_segments(state.segments()).expect("decodes");
        assert_eq!(Digester::new(&loaded).digest(), Digester::new(&state).digest());
        assert_eq!(terms(&loaded, "ann"), terms(&state, "ann"));
    }

    #[test]
    fn a_profile_goes_where_its_user_goes() {
        let mut state = State::initial(Arc::new(ModelConfig::default()));
        update(&mut state, r#"{"user":"guest","labels":{"country":"NL","age":1}}"#);
        update(&mut state, r#"{"user":"ann","labels":{"age":24}}"#);
        state.merge(&Merge { into: id("ann"), from: MergeSource::User(id("guest")) });
        assert_eq!(terms(&state, "ann"), ["country:NL", "age:24"], "the member's own label stays");
        state.merge(&Merge { into: id("ann@home"), from: MergeSource::User(id("ann")) });
        assert_eq!(terms(&state, "ann@home"), ["country:NL", "age:24"], "the row goes on under the new name");
        // The row of the guest is free, and the next user begins without labels.
        state.apply_events(&[&event("next", &[])], &mut ContextScratch::default());
        assert_eq!((terms(&state, "next"), state.rows(Table::Users)), (Vec::new(), 2));
    }
}
