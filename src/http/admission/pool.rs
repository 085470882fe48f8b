//! Pools: bounds that all callers share, of which each gets a fair share.
//!
//! The share follows the dynamic thresholds of shared buffers (Choudhury and Hahne, 1998): a caller may hold as much as
//! a fixed multiple of what is free. With a share of 50%, a caller alone gets a half, two that want everything a third
//! each, and there is always room for one who holds nothing. No list of callers is configured, and nothing lies idle
//! for long.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::caller::CallerId;

/// Why a pool has nothing to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// The caller holds its share.
    Share,
    /// All is held.
    Pool,
}

/// A refusal of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What is used up.
    pub exhausted: Exhausted,
    /// What the pool's units are, in the plural.
    pub what: &'static str,
    /// Units that the caller holds.
    pub held: u64,
    /// Units of the pool.
    pub total: u64,
}

/// A number of units that callers take and give back. Takes never wait.
#[derive(Debug)]
pub struct Pool {
    what: &'static str,
    total: u64,
    /// Percent of the pool that a caller may hold while nobody else holds any.
    share_percent: u64,
    /// What is taken of this pool is taken of that one too.
    parent: Option<Arc<Pool>>,
    state: Mutex<PoolState>,
}

#[derive(Debug, Default)]
struct PoolState {
    used: u64,
    /// Callers that hold something.
    callers: HashMap<CallerId, u64>,
}

/// How much of a pool is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// What the units are, in the plural.
    pub what: &'static str,
    /// Units that are held.
    pub used: u64,
    /// Units of the pool.
    pub total: u64,
    /// Callers that would be refused one more because they hold their share.
    pub at_share: usize,
}

impl Pool {
    /// Makes a pool of which a caller alone may hold `share_percent`, from 1 to 100.
    pub fn new(what: &'static str, total: u64, share_percent: u8) -> Arc<Self> {
        let share_percent = u64::from(share_percent.clamp(1, 100));
        Arc::new(Self { what, total, share_percent, parent: None, state: Mutex::default() })
    }

    /// Makes a pool of `total` units that are units of this pool too.
    pub fn part(self: &Arc<Self>, total: u64) -> Arc<Self> {
        let Self { what, share_percent, .. } = **self;
        let parent = Some(Arc::clone(self));
        Arc::new(Self { what, total: total.min(self.total), share_percent, parent, state: Mutex::default() })
    }

    /// Takes units for a caller.
    pub fn take(self: &Arc<Self>, caller: &CallerId, units: u64) -> Result<Share, Refusal> {
        self.add(caller, units)?;
        Ok(Share { pool: Arc::clone(self), caller: caller.clone(), units })
    }

    /// Takes units for a caller, whether there is room or not.
    pub fn take_beyond(self: &Arc<Self>, caller: &CallerId, units: u64) -> Share {
        self.add_beyond(caller, units);
        Share { pool: Arc::clone(self), caller: caller.clone(), units }
    }

    /// Says whether a caller could take one unit now.
    pub fn check(&self, caller: &CallerId) -> Result<(), Refusal> {
        if let Some(parent) = &self.parent {
            parent.check(caller)?;
        }
        self.room(&self.state(), caller, 1)
    }

    /// Returns how much is held.
    pub fn level(&self) -> Level {
        let state = self.state();
        let full = |caller: &&CallerId| self.room(&state, caller, 1).is_err_and(|no| no.exhausted == Exhausted::Share);
        let at_share = state.callers.keys().filter(full).count();
        Level { what: self.what, used: state.used, total: self.total, at_share }
    }

    fn add(&self, caller: &CallerId, units: u64) -> Result<(), Refusal> {
        if let Some(parent) = &self.parent {
            parent.add(caller, units)?;
        }
        let mut state = self.state();
        let room = self.room(&state, caller, units);
        if room.is_ok() {
            state.add(caller, units);
        }
        drop(state);
        if room.is_err()
            && let Some(parent) = &self.parent
        {
            parent.give_back(caller, units);
        }
        room
    }

    fn add_beyond(&self, caller: &CallerId, units: u64) {
        if let Some(parent) = &self.parent {
            parent.add_beyond(caller, units);
        }
        self.state().add(caller, units);
    }

    /// Says whether there is room. Whoever holds nothing is refused only when there is none.
    fn room(&self, state: &PoolState, caller: &CallerId, units: u64) -> Result<(), Refusal> {
        let Self { what, total, share_percent, .. } = *self;
        let held = state.callers.get(caller).copied().unwrap_or(0);
        let free = total.saturating_sub(state.used);
        let refusal = |exhausted| Refusal { exhausted, what, held, total };
        if units > free {
            let mostly_own = share_percent < 100 && held > 0 && held >= state.used - held;
            return Err(refusal(if mostly_own { Exhausted::Share } else { Exhausted::Pool }));
        }
        let wanted = held.saturating_add(units).saturating_mul(100 - share_percent);
        if held > 0 && wanted > free.saturating_mul(share_percent) {
            return Err(refusal(Exhausted::Share));
        }
        Ok(())
    }

    fn give_back(&self, caller: &CallerId, units: u64) {
        let mut state = self.state();
        state.used = state.used.saturating_sub(units);
        if let Some(held) = state.callers.get_mut(caller) {
            *held = held.saturating_sub(units);
            if *held == 0 {
                state.callers.remove(caller);
            }
        }
        drop(state);
        if let Some(parent) = &self.parent {
            parent.give_back(caller, units);
        }
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        // Nothing panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PoolState {
    fn add(&mut self, caller: &CallerId, units: u64) {
        if units == 0 {
            return;
        }
        self.used = self.used.saturating_add(units);
        match self.callers.get_mut(caller) {
            Some(held) => *held = held.saturating_add(units),
            None => _ = self.callers.insert(caller.clone(), units),
        }
    }
}

/// Units that a caller holds; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    caller: CallerId,
    units: u64,
}

impl Share {
    /// Takes more units.
    pub fn grow(&mut self, units: u64) -> Result<(), Refusal> {
        self.pool.add(&self.caller, units)?;
        self.units += units;
        Ok(())
    }
}

impl Share {
    /// Returns the units that are held.
    pub const fn units(&self) -> u64 {
        self.units
    }

    /// Takes units out, as many as there are at most, into a share of their own.
    pub fn split(&mut self, units: u64) -> Self {
        let units = units.min(self.units);
        self.units -= units;
        Self { pool: Arc::clone(&self.pool), caller: self.caller.clone(), units }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.units > 0 {
            self.pool.give_back(&self.caller, self.units);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> CallerId {
        CallerId::Key(name.into())
    }

    /// Takes one at a time until refused.
    fn greedy(pool: &Arc<Pool>, name: &str) -> (Vec<Share>, Refusal) {
        let mut held = Vec::new();
        loop {
            match pool.take(&key(name), 1) {
                Ok(share) => held.push(share),
                Err(refusal) => return (held, refusal),
            }
        }
    }

    #[test]
    fn greedy_callers_leave_room_for_those_that_hold_nothing() {
        let pool = Pool::new("units", 90, 50);
        let (first, refusal) = greedy(&pool, "first");
        assert_eq!((first.len(), refusal.exhausted, refusal.held), (45, Exhausted::Share, 45));
        assert_eq!((pool.level().used, pool.level().at_share), (45, 1));
        let (second, _) = greedy(&pool, "second");
        assert_eq!(second.len(), 23);
        let third = pool.take(&key("third"), 1);
        assert!(third.is_ok(), "who holds nothing has room");
        drop((first, second, third));
        assert_eq!((pool.level().used, pool.level().at_share), (0, 0));
        assert!(pool.state().callers.is_empty(), "nobody is remembered");
    }

    #[test]
    fn what_is_held_by_others_is_told_from_what_the_caller_holds() {
        let pool = Pool::new("units", 2, 50);
        let _first = pool.take(&key("first"), 1).expect("room");
        assert_eq!(pool.take(&key("first"), 1).expect_err("its share").exhausted, Exhausted::Share);
        let _second = pool.take(&key("second"), 1).expect("room");
        assert_eq!(pool.take(&key("third"), 1).expect_err("none is left").exhausted, Exhausted::Pool);
        assert!(Pool::new("none", 0, 50).take(&key("first"), 1).is_err());
        let whole = Pool::new("units", 3, 100);
        assert_eq!(greedy(&whole, "first").0.len(), 3, "without shares a caller may take all");
    }

    #[test]
    fn a_part_leaves_the_rest_of_the_pool_to_others() {
        let pool = Pool::new("units", 8, 100);
        let part = pool.part(6);
        let (held, refusal) = greedy(&part, "reader");
        assert_eq!((held.len(), refusal.total, pool.level().used), (6, 6, 6));
        let (rest, _) = greedy(&pool, "writer");
        assert_eq!(rest.len(), 2);
        drop((held, rest));
        assert_eq!(part.take(&key("late"), 7).expect_err("beyond the part").total, 6);
        assert_eq!((part.level().used, pool.level().used), (0, 0), "a refusal takes nothing");
    }

    #[test]
    fn a_share_grows_and_is_given_back_whole() {
        let pool = Pool::new("bytes", 100, 50);
        let mut share = pool.take(&key("first"), 10).expect("room");
        share.grow(35).expect("room");
        assert!(share.grow(50).is_err());
        let part = share.split(40);
        assert_eq!((share.units(), part.units(), pool.level().used), (5, 40, 45));
        drop(part);
        assert_eq!(pool.level().used, 5);
        assert_eq!(share.split(6).units(), 5);
        let beyond = pool.take_beyond(&key("second"), 200);
        assert_eq!(pool.level().used, 200);
        drop((share, beyond));
        assert_eq!(pool.level().used, 0);
    }
}
