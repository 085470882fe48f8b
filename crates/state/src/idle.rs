//! Eviction of idle users and sessions, as `config.drop_idle_events` demands.
//!
//! An evicted user or session gives up its row. The row loses its id, history and vector are reset, and the next new
//! actor gets it. Eviction is a function of log and configuration, like everything else: idleness is measured in events
//! learned. Each event checks its share of the rows, so that no batch pays for all of them and no list is kept. Items
//! are never evicted: histories, transition memory, the ring of recent items and views refer to them by row.

use std::{ops::Range, sync::Arc};

use shelfmark_domain::UserProfile;

use super::{ACCUMULATOR_INITIAL, Actor, CowVec, History, IdMap, State, Table, as_row};

/// Checks of a row, at least half of that, within `drop_idle_events`.
const TURNS: u64 = 8;
/// Most rows of a table that one event checks.
const ROWS_PER_EVENT_MAX: u64 = 16;

/// Number of events learned at the end of each actor's last unit, by row; empty while eviction is off.
#[derive(Debug, Clone, Default)]
pub(super) struct LastActive {
    pub(super) users: CowVec<u64>,
    pub(super) sessions: CowVec<u64>,
}

impl State {
    /// Starts or stops recording when actors were last active, after a change of `config.drop_idle_events`.
    pub(super) fn switch_eviction(&mut self) {
        if self.config().drop_idle_events == 0 {
            self.last_active = LastActive::default();
            self.touched.mark_reshaped();
            return;
        }
        let actors = (0..self.inference.users.len()).map(|row| Actor::User(as_row(row)));
        let sessions = (0..self.inference.sessions.len()).map(|row| Actor::Session(as_row(row)));
        for actor in actors.chain(sessions).collect::<Vec<_>>() {
            self.mark_active(actor);
        }
    }

    /// Records that an actor is active.
    pub(super) fn mark_active(&mut self, actor: Actor) {
        if self.config().drop_idle_events == 0 {
            return;
        }
        let now = self.inference.counters.events;
        let (seen, table, row) = match actor {
            Actor::User(row) => (&mut self.last_active.users, Table::UsersLastActive, row),
            Actor::Session(row) => (&mut self.last_active.sessions, Table::SessionsLastActive, row),
        };
        if row as usize == seen.len() {
            seen.push(now);
        } else {
            *seen.get_mut(row as usize) = now;
        }
        self.touched.mark(table, row);
    }

    /// Evicts idle actors after a batch, given the number of events before it. Returns how many. Costs a check of at
    /// most 16 users and 16 sessions per event, plus the evictions.
    pub fn evict_idle(&mut self, before: u64) -> usize {
        let idle_max = self.config().drop_idle_events;
        if idle_max == 0 {
            return 0;
        }
        let events = before..self.inference.counters.events;
        let users = idle(&self.last_active.users, &self.inference.users, events.clone(), idle_max);
        let sessions = idle(&self.last_active.sessions, &self.inference.sessions, events, idle_max);
        let nothing = Arc::new(History::default());
        for row in &users {
            self.inference.users.release(*row);
            self.empty_user(*row, &nothing);
            self.touched.mark(Table::Users, *row);
        }
        for row in &sessions {
            self.inference.sessions.release(*row);
            *self.inference.session_histories.get_mut(*row as usize) = Arc::clone(&nothing);
            self.touched.mark(Table::Sessions, *row);
            self.touched.mark(Table::SessionHistories, *row);
        }
        users.len() + sessions.len()
    }

    /// Resets a user's vector and history to those of a new row.
    pub(super) fn empty_user(&mut self, row: u32, nothing: &Arc<History>) {
        let place = row as usize;
        self.inference.parameters.users.row_mut(place).fill(0.0);
        self.accumulators.users.row_mut(place).fill(ACCUMULATOR_INITIAL);
        *self.inference.user_histories.get_mut(place) = Arc::clone(nothing);
        self.touched.mark(Table::UserVectors, row);
        self.touched.mark(Table::UserHistories, row);
        self.set_profile(row, UserProfile::default());
    }
}

/// Returns the rows to evict: those that `events` check, that have an id, and that have been idle for more than
/// `idle_max` events at the end of `events`.
fn idle(seen: &CowVec<u64>, ids: &IdMap, events: Range<u64>, idle_max: u64) -> Vec<u32> {
    let (rows, now) = (seen.len() as u64, events.end);
    // A power of two, so that growth seldom changes which event checks a row.
    let round = (idle_max / TURNS).max(rows.div_ceil(ROWS_PER_EVENT_MAX)).next_power_of_two();
    let events = events.start.max(now.saturating_sub(round))..now;
    let turns = events.flat_map(|event| (event % round..rows).step_by(usize::try_from(round).unwrap_or(usize::MAX)));
    let turns = turns.map(|row| u32::try_from(row).expect("rows are u32"));
    turns.filter(|row| now - seen[*row as usize] > idle_max && ids.get_id(*row).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::Id;

    use super::*;

    #[test]
    fn every_idle_row_is_checked_once_per_round() {
        let (mut ids, mut seen) = (IdMap::default(), CowVec::default());
        for n in 0..10_000_u64 {
            ids.get_or_insert(&Id::new("id", &format!("u{n}")).expect("valid"));
            seen.push(if n % 10 == 0 { 90_000 } else { n });
        }
        ids.release(3);
        // 10,000 rows at 16 per event take 625 events: 1,024 as a power of two.
        let mut found = Vec::new();
        for event in 90_000..91_024 {
            let rows = idle(&seen, &ids, event..event + 1, 2_000);
            assert!(rows.len() <= 16, "{rows:?}");
            found.extend(rows);
        }
        found.sort_unstable();
        let expected: Vec<u32> = (0..10_000).filter(|row| row % 10 != 0 && *row != 3).collect();
        assert_eq!(found, expected);
        let mut at_once = idle(&seen, &ids, 0..91_024, 2_000);
        at_once.sort_unstable();
        assert_eq!(at_once, expected, "nobody twice, however long the batch");
        assert!(idle(&seen, &ids, 90_000..90_000, 2_000).is_empty());
    }
}
