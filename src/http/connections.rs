//! The open connections, and which of them makes room for a new one.
//!
//! A connection without a request under way is closed when there is no room: first those that never asked anything, the
//! longest idle before the others. An address gets a share as callers do. Beyond all that a few connections are
//! reserved for probes, so that nobody can keep them out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    activity::{Activity, Idle},
    admission::{CallerId, ClientAddress, Pool, Share, pool::Exhausted},
};

/// Connections beyond the bound, on which probes are answered.
pub(super) const RESERVED_CONNECTIONS: usize = 32;

/// How long a new connection is taken to be about to ask.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What a connection may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionUse {
    /// For everything.
    Any,
    /// For probes: there was no room for another connection.
    Probes,
}

/// The table of connections.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Arc<Pool>,
    open: Mutex<Open>,
    /// How long a new connection is taken to be about to ask.
    first_request: Duration,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    /// By id.
    any: HashMap<u64, Entry>,
    probes: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    address: ClientAddress,
    activity: Activity,
    end: CancellationToken,
    /// Given back when it is told to end, so that the next one has its place.
    _share: Option<Share>,
}

/// An open connection; its place is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    table: Connections,
    id: u64,
    /// What it may be used for.
    pub allowed: ConnectionUse,
    /// Cancelled when it has to make room.
    pub end: CancellationToken,
}

impl Connections {
    pub(super) fn new(connections_max: usize, share_percent: u8) -> Self {
        let pool = Pool::new("connections", connections_max as u64, share_percent);
        Self(Arc::new(Inner { pool, open: Mutex::default(), first_request: FIRST_REQUEST }))
    }

    /// Makes a place for a connection; `None` when there is none at all.
    pub(super) fn open(&self, address: ClientAddress, activity: Activity) -> Option<Place> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = CallerId::Address(address);
        let mut share = self.0.pool.take(&caller, 1);
        if let Err(refusal) = &share {
            // Beyond its share an address makes room itself.
            let own = refusal.exhausted == Exhausted::Share;
            if let Some(entry) = self
                .longest_idle(&open.any, |entry| !own || entry.address == address)
                .and_then(|id| open.any.remove(&id))
            {
                entry.end.cancel();
                drop(entry);
                share = Ok(self.0.pool.take_beyond(&caller, 1));
            }
        }
        let share = share.ok();
        let allowed = if share.is_some() { ConnectionUse::Any } else { ConnectionUse::Probes };
        if share.is_none() && open.probes.len() >= RESERVED_CONNECTIONS {
            let idle = self.longest_idle(&open.probes, |_| true)?;
            let entry = open.probes.remove(&idle)?;
            entry.end.cancel();
        }
        let end = CancellationToken::new();
        let id = open.next_id;
        open.next_id += 1;
        let entry = Entry { address, activity, end: end.clone(), _share: share };
        match allowed {
            ConnectionUse::Any => open.any.insert(id, entry),
            ConnectionUse::Probes => open.probes.insert(id, entry),
        };
        Some(Place { table: self.clone(), id, allowed, end })
    }

    /// The connection to close first among those without a request: one that never had any, then one that had, and only
    /// then one that is new and may be about to ask.
    fn longest_idle(&self, entries: &HashMap<u64, Entry>, among: impl Fn(&Entry) -> bool) -> Option<u64> {
        let now = Instant::now();
        let idle = entries.iter().filter(|(_, entry)| among(entry)).filter_map(|(id, entry)| {
            let Idle { since, asked } = entry.activity.idle()?;
            let is_new = !asked && now.duration_since(since) < self.0.first_request;
            Some((is_new, asked, since, *id))
        });
        idle.min().map(|(_, _, _, id)| id)
    }

    fn table(&self) -> MutexGuard<'_, Open> {
        // Nothing panics halfway through a change.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.table.table();
        let entry = match self.allowed {
            ConnectionUse::Any => open.any.remove(&self.id),
            ConnectionUse::Probes => open.probes.remove(&self.id),
        };
        drop(open);
        drop(entry);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Version;

    use super::*;

    fn address(last: u8) -> ClientAddress {
        ClientAddress::of(std::net::IpAddr::from([192, 0, 2, last]))
    }

    const SOON: Duration = Duration::from_millis(50);

    fn table(connections_max: usize, share_percent: u8) -> Connections {
        let pool = Pool::new("connections", connections_max as u64, share_percent);
        Connections(Arc::new(Inner { pool, open: Mutex::default(), first_request: SOON }))
    }

    fn open(table: &Connections, last: u8) -> (Place, Activity) {
        let activity = Activity::new();
        (table.open(address(last), activity.clone()).expect("a place"), activity)
    }

    #[test]
    fn who_opens_many_closes_their_own() {
        let table = table(4, 50);
        let (oldest, _) = open(&table, 1);
        let (asked, activity) = open(&table, 1);
        drop(activity.begin(Version::HTTP_11));
        let (other, _) = open(&table, 2);
        std::thread::sleep(SOON);
        let (third, _) = open(&table, 1);
        assert!(oldest.end.is_cancelled() && third.allowed == ConnectionUse::Any);
        assert!(!asked.end.is_cancelled() && !other.end.is_cancelled());
        drop(oldest);
        std::thread::sleep(SOON);
        let (fourth, _) = open(&table, 1);
        assert!(third.end.is_cancelled(), "what never asked goes before what did");
        let (fifth, _) = open(&table, 1);
        assert!(asked.end.is_cancelled(), "one that is new may be about to ask");
        let all = [&fourth, &fifth, &other];
        assert!(all.iter().all(|place| !place.end.is_cancelled() && place.allowed == ConnectionUse::Any));
    }

    #[test]
    fn while_all_are_busy_probes_have_connections_of_their_own() {
        let table = table(2, 100);
        let busy: Vec<_> = (0..2).map(|n| open(&table, n)).collect();
        let under_way: Vec<_> = busy.iter().map(|(_, activity)| activity.begin(Version::HTTP_11)).collect();
        let reserved: Vec<_> = (0..RESERVED_CONNECTIONS).map(|_| open(&table, 3)).collect();
        assert!(reserved.iter().all(|(place, _)| place.allowed == ConnectionUse::Probes));
        let (late, _) = open(&table, 4);
        assert!(late.allowed == ConnectionUse::Probes && reserved[0].0.end.is_cancelled());
        drop(under_way);
        let (next, _) = open(&table, 5);
        assert_eq!(next.allowed, ConnectionUse::Any, "an idle one makes room");
        drop((busy, reserved, late, next));
        assert_eq!(table.0.pool.level().used, 0);
    }
}
