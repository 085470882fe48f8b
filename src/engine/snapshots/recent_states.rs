//! Recent states of the live model in memory, from which traces and rollbacks begin.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shelfmark_domain::Position;
use shelfmark_state::State;

/// Records between two states that are kept.
const KEEP_RECORDS: u64 = 4096;

/// A state and where it stands.
#[derive(Debug, Clone)]
pub struct StateAt {
    /// The state.
    pub state: State,
    /// Where it stands: the end of an append.
    pub position: Position,
}

/// The newest states, some records apart.
pub struct RecentStates {
    kept: Mutex<VecDeque<Arc<StateAt>>>,
    kept_max: usize,
}

impl RecentStates {
    /// Keeps `kept_max` states at most.
    pub fn new(kept_max: usize) -> Self {
        Self { kept: Mutex::default(), kept_max }
    }

    /// Keeps a state, when the last one is some records away.
    pub fn keep(&self, position: Position, state: impl FnOnce() -> StateAt) {
        let mut kept = self.kept();
        let newest = kept.back().map(|newest| newest.position);
        if self.kept_max == 0 || newest.is_some_and(|newest| position.since(newest) < KEEP_RECORDS) {
            return;
        }
        if kept.len() == self.kept_max {
            kept.pop_front();
        }
        kept.push_back(Arc::new(state()));
    }

    /// Lets go of all states: they hold a user who was forgotten since.
    pub fn clear(&self) {
        self.kept().clear();
    }

    /// Returns the newest state before a position.
    pub fn before(&self, position: Position) -> Option<Arc<StateAt>> {
        self.kept().iter().filter(|kept| kept.position < position).max_by_key(|kept| kept.position).cloned()
    }

    /// Returns the oldest state that is kept, if it stands before a position.
    pub fn oldest_before(&self, position: Position) -> Option<Arc<StateAt>> {
        self.kept().iter().filter(|kept| kept.position < position).min_by_key(|kept| kept.position).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<StateAt>>> {
        // Nothing panics halfway through a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::ModelConfig;

    #[test]
    fn states_for_traces_are_few_and_some_records_apart() {
        let recent = RecentStates::new(2);
        let at = |n| {
            let state = State::initial(Arc::new(ModelConfig { dim: 4, ..ModelConfig::default() }));
            StateAt { state, position: Position::new(n) }
        };
        for n in [0, 100, KEEP_RECORDS, KEEP_RECORDS + 1, 2 * KEEP_RECORDS] {
            recent.keep(Position::new(n), || at(n));
        }
        let before = |n| recent.before(Position::new(n)).map(|kept| kept.position.get());
        assert_eq!(before(3 * KEEP_RECORDS), Some(2 * KEEP_RECORDS));
        assert_eq!(before(2 * KEEP_RECORDS), Some(KEEP_RECORDS));
        assert_eq!(before(KEEP_RECORDS), None, "the first one made room");
        let oldest = recent.oldest_before(Position::new(3 * KEEP_RECORDS)).map(|kept| kept.position.get());
        assert_eq!(oldest, Some(KEEP_RECORDS));
        assert!(recent.oldest_before(Position::new(KEEP_RECORDS)).is_none());
        // Learning begins again from an earlier state: what is kept stays true.
        recent.keep(Position::new(KEEP_RECORDS), || at(KEEP_RECORDS));
        assert_eq!(before(3 * KEEP_RECORDS), Some(2 * KEEP_RECORDS));
    }
}
