//! Dropping who has not been there for long, as `config.drop_idle_events` says.
//!
//! A dropped user or session gives its row back: the id is nobody's, history and vector are as of a row just made, and the
//! next new one takes the row. It is a function of log and configuration like everything else: idleness is counted in events
//! learned, and looked at when their number passes a multiple of an eighth of what is allowed. Items stay: histories,
//! transition memory, the ring of newest events and views name them by their rows.

use std::sync::Arc;

use super::{ACCUMULATOR_INITIAL, Actor, CowVec, History, State, Table};

/// How often idleness is looked at: so many times within what is allowed.
const LOOKS: u64 = 8;

/// Number of events learned at the end of the last unit of each user and session, by row; empty while nobody is dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) users: CowVec<u64>,
    pub(super) sessions: CowVec<u64>,
}

impl State {
    /// Begins, or ends, to note when everybody was there.
    pub(super) fn switch_seen(&mut self) {
        if self.config().drop_idle_events == 0 {
            self.seen = Seen::default();
            self.touched.mark_reshaped();
            return;
        }
        let actors = (0..self.readable.users.len()).map(|row| Actor::User(super::as_row(row)));
        let sessions = (0..self.readable.sessions.len()).map(|row| Actor::Session(super::as_row(row)));
        for actor in actors.chain(sessions).collect::<Vec<_>>() {
            self.see(actor);
        }
    }

    /// Notes that somebody is there.
    pub(super) fn see(&mut self, actor: Actor) {
        if self.config().drop_idle_events == 0 {
            return;
        }
        let now = self.readable.counters.events;
        let (seen, table, row) = match actor {
            Actor::User(row) => (&mut self.seen.users, Table::UsersSeen, row),
            Actor::Session(row) => (&mut self.seen.sessions, Table::SessionsSeen, row),
        };
        if row as usize == seen.len() {
            seen.push(now);
        } else {
            *seen.get_mut(row as usize) = now;
        }
        self.touched.mark(table, row);
    }

    /// After a batch, before which there were `before` events: drops who has been idle for too long, when it is time to look.
    /// How many. Costs a number a user and session each time it looks.
    pub fn drop_idle(&mut self, before: u64) -> usize {
        let (idle_max, now) = (self.config().drop_idle_events, self.readable.counters.events);
        let every = idle_max.div_ceil(LOOKS);
        if every == 0 || before / every == now / every {
            return 0;
        }
        let idle = |seen: &CowVec<u64>| -> Vec<u32> {
            let rows = (0..).zip(seen.iter());
            rows.filter(|(_, at)| now.saturating_sub(**at) > idle_max).map(|(row, _)| row).collect()
        };
        let (mut users, mut sessions) = (idle(&self.seen.users), idle(&self.seen.sessions));
        users.retain(|row| self.readable.users.holder(*row).is_some());
        sessions.retain(|row| self.readable.sessions.holder(*row).is_some());
        let nothing = Arc::new(History::default());
        for row in &users {
            self.readable.users.release(*row);
            self.empty_user(*row, &nothing);
            self.touched.mark(Table::Users, *row);
        }
        for row in &sessions {
            self.readable.sessions.release(*row);
            *self.readable.session_histories.get_mut(*row as usize) = Arc::clone(&nothing);
            self.touched.mark(Table::Sessions, *row);
            self.touched.mark(Table::SessionHistories, *row);
        }
        users.len() + sessions.len()
    }

    /// Makes a user's row as one just made.
    pub(super) fn empty_user(&mut self, row: u32, nothing: &Arc<History>) {
        let place = row as usize;
        self.readable.parameters.users.row_mut(place).fill(0.0);
        self.accumulators.users.row_mut(place).fill(ACCUMULATOR_INITIAL);
        *self.readable.user_histories.get_mut(place) = Arc::clone(nothing);
        self.touched.mark(Table::UserVectors, row);
        self.touched.mark(Table::UserHistories, row);
    }
}
