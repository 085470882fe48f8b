//! Merges of histories: a visit becomes its user's, and one user another's.

use std::sync::Arc;

use shelfmark_domain::{Id, Merge, MergeSource};

use super::{Actor, History, State, Table};

impl State {
    /// Moves the history of a user or session into a user's. The source gives up its row. Changes nothing when the
    /// source is unknown.
    pub fn merge(&mut self, Merge { into, from }: &Merge) {
        let source = match from {
            MergeSource::User(user) if user == into => None,
            MergeSource::User(user) => self.inference.user(user.as_str()),
            MergeSource::Session(session) => self.inference.session(session.as_str()),
        };
        let Some(source) = source else { return };
        match source {
            // The row with its vector goes on under the new name.
            Actor::User(row) if self.inference.users.get(into.as_str()).is_none() => {
                self.inference.users.put(row as usize, into).expect("the row is there, and the id has no other");
                self.touched.mark(Table::Users, row);
            }
            Actor::User(_) | Actor::Session(_) => {
                let user = self.user_row(into);
                if let Actor::User(from) = source {
                    self.move_profile(from, user);
                }
                self.move_history(source, user);
                self.mark_active(Actor::User(user));
            }
        }
        // The next event begins a new unit.
        self.inference.counters.close_unit();
        self.touched.mark(Table::Counters, 0);
    }

    /// Moves what a session did without a user into the user's history, at an event that names both.
    pub(super) fn merge_session(&mut self, session: &Id, user: u32) {
        if let Some(source) = self.inference.session(session.as_str()) {
            self.move_history(source, user);
        }
    }

    fn move_history(&mut self, source: Actor, user: u32) {
        let nothing = Arc::new(History::default());
        let moved = match source {
            Actor::User(row) => {
                let moved = Arc::clone(&self.inference.user_histories[row as usize]);
                self.inference.users.release(row);
                self.empty_user(row, &nothing);
                self.touched.mark(Table::Users, row);
                moved
            }
            Actor::Session(row) => self.release_session(row, nothing),
        };
        let kinds = self.inference.history_kinds();
        Arc::make_mut(self.inference.user_histories.get_mut(user as usize)).absorb(&moved, &kinds);
        self.touched.mark(Table::UserHistories, user);
    }

    /// Takes id and history from a session's row, and returns the history.
    pub(super) fn release_session(&mut self, row: u32, nothing: Arc<History>) -> Arc<History> {
        self.inference.sessions.release(row);
        self.touched.mark(Table::Sessions, row);
        self.touched.mark(Table::SessionHistories, row);
        std::mem::replace(self.inference.session_histories.get_mut(row as usize), nothing)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use shelfmark_domain::{Event, ModelConfig, Timestamp};

    use super::*;
    use crate::{ContextScratch, Digester};

    pub(crate) fn id(text: &str) -> Id {
        Id::new("id", text).expect("an id")
    }

    /// A click at a second, of a user and session by their names.
    pub(crate) fn event(user: Option<&str>, session: Option<&str>, item: &str, second: i64) -> Event {
        Event {
            event_id: id(&format!("{item}-{second}")),
            user: user.map(id),
            session: session.map(id),
            item: id(item),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_micros(second * 1_000_000).expect("a time"),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        }
    }

    fn apply(state: &mut State, events: &[Event]) -> Vec<crate::Unit> {
        state.apply_events(&events.iter().collect::<Vec<_>>(), &mut ContextScratch::default()).0
    }

    /// Items of a user's history, oldest first, and the number of all events.
    fn history(state: &State, user: &str) -> Option<(Vec<String>, u64)> {
        let history = state.inference.history(state.inference.user(user)?);
        let items = history.items().iter().map(|row| state.inference.catalog.id(*row).as_str().to_owned());
        Some((items.collect(), history.total()))
    }

    fn known(items: &[&str]) -> Option<(Vec<String>, u64)> {
        Some((items.iter().map(|item| (*item).to_owned()).collect(), items.len() as u64))
    }

    #[test]
    fn a_visit_is_its_users_from_the_first_event_that_names_both() {
        let mut state = State::initial(Arc::new(ModelConfig::default()));
        let guest = [event(None, Some("s"), "a", 10), event(None, Some("s"), "b", 30), event(None, Some("t"), "x", 31)];
        apply(&mut state, &guest);
        let units = apply(&mut state, &[event(Some("u"), None, "c", 20), event(Some("u"), Some("s"), "d", 40)]);
        assert_eq!(history(&state, "u"), known(&["a", "c", "b", "d"]));
        assert_eq!(units[1].context.history.len(), 3, "the event is learned with the visit before it");
        assert!(state.inference.session("s").is_none() && state.inference.session("t").is_some());
        // Another user of the same session gets what came since, and nothing twice.
        apply(&mut state, &[event(None, Some("s"), "e", 50), event(Some("v"), Some("s"), "f", 60)]);
        assert_eq!((history(&state, "u"), history(&state, "v")), (known(&["a", "c", "b", "d"]), known(&["e", "f"])));
        assert_eq!(state.rows(Table::Sessions), 2, "rows are reused");
    }

    #[test]
    fn users_are_merged_once_and_digests_follow() {
        let mut state = State::initial(Arc::new(ModelConfig::default()));
        apply(&mut state, &[event(Some("a"), None, "i", 1), event(Some("b"), None, "j", 2)]);
        let mut digester = Digester::new(&state);
        state.touched.clear();
        let merge = |state: &mut State, into: &str, from: &str| {
            state.merge(&Merge { into: id(into), from: MergeSource::User(id(from)) });
        };
        merge(&mut state, "a", "a");
        merge(&mut state, "a", "nobody");
        assert_eq!(history(&state, "nobody"), None);
        merge(&mut state, "c", "a");
        assert_eq!((history(&state, "a"), history(&state, "c")), (None, known(&["i"])));
        merge(&mut state, "c", "b");
        merge(&mut state, "c", "b");
        assert_eq!((history(&state, "b"), history(&state, "c")), (None, known(&["i", "j"])));
        let touched = std::mem::take(&mut state.touched);
        assert_eq!(digester.update(&state, &touched), Digester::new(&state).digest());
    }
}
