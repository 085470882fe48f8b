//! Retractions: an event leaves the history that holds it.

use std::sync::Arc;

use shelfmark_domain::{Id, Retraction};

use super::{Actor, InferenceState, State, Table};

impl InferenceState {
    /// Returns whose history a retraction means; `None` when nobody of that name is known.
    fn holder(&self, user: Option<&Id>, session: Option<&Id>) -> Option<Actor> {
        match (user, session) {
            (Some(user), _) => self.user(user.as_str()),
            (None, Some(session)) => self.session(session.as_str()),
            (None, None) => None,
        }
    }

    /// Whether the history that a retraction means holds its event among the kept ones.
    pub fn holds(&self, retraction: &Retraction) -> bool {
        let Retraction { user, session, item, kind, ts, .. } = retraction;
        let Some(holder) = self.holder(user.as_ref(), session.as_ref()) else { return false };
        let (Some(item), Some(kind)) = (self.catalog.row(item.as_str()), self.kinds.get(kind)) else { return false };
        self.history(holder).holds(item, *ts, u8::try_from(kind).unwrap_or(u8::MAX))
    }
}

impl State {
    /// Takes an event out of the history that holds it. Weights, popularity and the transition memory stay. Returns
    /// whether the history held it.
    pub fn retract(&mut self, retraction: &Retraction) -> bool {
        let Retraction { user, session, item, kind, ts, .. } = retraction;
        let inference = &mut self.inference;
        let Some(holder) = inference.holder(user.as_ref(), session.as_ref()) else { return false };
        let (Some(item), Some(kind)) = (inference.catalog.row(item.as_str()), inference.kinds.get(kind)) else {
            return false;
        };
        // Kinds beyond 255 share the last number, as in histories.
        let kind = u8::try_from(kind).unwrap_or(u8::MAX);
        let (table, row, history) = match holder {
            Actor::User(row) => (Table::UserHistories, row, inference.user_histories.get_mut(row as usize)),
            Actor::Session(row) => (Table::SessionHistories, row, inference.session_histories.get_mut(row as usize)),
        };
        if !Arc::make_mut(history).retract(item, *ts, kind) {
            return false;
        }
        self.touched.mark(table, row);
        // The next event begins a new unit: the history is shorter than the open one counted.
        self.inference.counters.close_unit();
        self.touched.mark(Table::Counters, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{ModelConfig, Position};

    use super::*;
    use crate::{
        ContextScratch, Digester,
        merge::tests::{event, id},
    };

    #[test]
    fn an_event_leaves_the_history_and_digests_follow() {
        let mut state = State::initial(Arc::new(ModelConfig::default()));
        let events = [
            event(Some("u"), None, "a", 1),
            event(Some("u"), None, "b", 2),
            event(None, Some("s"), "c", 3),
            event(Some("u"), None, "d", 3),
        ];
        state.apply_events(&events.iter().collect::<Vec<_>>(), &mut ContextScratch::default());
        let mut digester = Digester::new(&state);
        state.touched.clear();
        let retraction = |place: usize| Retraction::of(&events[place], Position::new(place as u64 + 1));
        assert!(state.inference.holds(&retraction(1)));
        assert!(state.retract(&retraction(1)) && !state.retract(&retraction(1)), "once");
        assert!(!state.inference.holds(&retraction(1)));
        assert!(state.retract(&retraction(2)), "of a session");
        let elsewhere = Retraction { user: Some(id("nobody")), ..retraction(0) };
        assert!(!state.retract(&elsewhere) && !state.retract(&Retraction { item: id("z"), ..retraction(0) }));
        let history = state.inference.history(state.inference.user("u").expect("known"));
        let items: Vec<&str> = history.items().iter().map(|row| state.inference.catalog.id(*row).as_str()).collect();
        assert_eq!((items, history.total()), (vec!["a", "d"], 2));
        assert!(state.inference.history(state.inference.session("s").expect("known")).is_empty());
        // The next event of the open unit is no longer a part of it.
        let (units, _) = state.apply_events(&[&event(Some("u"), None, "e", 3)], &mut ContextScratch::default());
        assert_eq!(units[0].context.history.len(), 2);
        let touched = std::mem::take(&mut state.touched);
        assert_eq!(digester.update(&state, &touched), Digester::new(&state).digest());
    }
}
