//! Admission of requests: what they may hold at once, in all and each caller for itself (P9).
//!
//! A request under way is in one of three stages, which are bounded apart, so that those that only wait keep nobody
//! from work: its body is read, it waits (`min_position`, `wait=applied`), or it works. Bytes of bodies that are held
//! have a bound of their own, and so have exports, reports and event streams of each model. Of every bound a caller
//! gets a share ([`Pool`]), and a quarter is kept for event ingest. A caller is the holder of a key or, without keys,
//! an address.
//!
//! Nothing here waits. Beyond its share a caller is told 429, beyond the bound everybody 503.

mod caller;
mod long_work;
pub mod pool;
mod ticket;

use std::sync::{Arc, Mutex};

use tokio_util::task::TaskTracker;

pub use caller::{CallerId, ClientAddress};
use long_work::LongWork;
pub use long_work::{LongWorkKind, run_report, take_part};
use pool::{Level, Refusal};
pub use pool::{Pool, Share};
pub use ticket::{Ticket, Waiting, current, enter};

use super::{Limits, body_pace::PaceLimits};

/// Part of every bound that is kept for event ingest: one in so many.
const INGEST_PART: u64 = 4;

/// What a request is for, as far as bounds are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Events and items that come in.
    Ingest,
    /// Everything else.
    Other,
}

/// A bound, and the part of it that is not kept for event ingest.
#[derive(Debug)]
pub struct Lanes {
    all: Arc<Pool>,
    other: Arc<Pool>,
}

impl Lanes {
    fn new(what: &'static str, total: u64, share_percent: u8) -> Self {
        let all = Pool::new(what, total, share_percent);
        // With fewer than four nothing is kept: one is more use to everybody.
        let other = all.part(total - total / INGEST_PART);
        Self { all, other }
    }

    const fn of(&self, lane: Lane) -> &Arc<Pool> {
        match lane {
            Lane::Ingest => &self.all,
            Lane::Other => &self.other,
        }
    }
}

/// All bounds of requests.
#[derive(Debug)]
pub struct AdmissionControl {
    work: Lanes,
    waiting: Lanes,
    bodies: Lanes,
    body_bytes: Lanes,
    /// By kind and model.
    long_work: Mutex<LongWork>,
    share_percent: u8,
    pace: PaceLimits,
    /// Reports under way, which end after their requests.
    reports: TaskTracker,
}

impl AdmissionControl {
    /// Makes bounds of which nothing is held.
    pub fn new(limits: &Limits) -> Arc<Self> {
        let Limits { caller_share_percent, .. } = *limits;
        let lanes = |what, total: usize| Lanes::new(what, total as u64, caller_share_percent);
        Arc::new(Self {
            work: lanes("requests under way", limits.requests_max),
            waiting: lanes("requests that wait for a position", limits.waiting_max),
            bodies: lanes("request bodies under way", limits.bodies_max),
            body_bytes: lanes("bytes of request bodies", limits.bodies_bytes_max),
            long_work: Mutex::default(),
            share_percent: caller_share_percent,
            pace: PaceLimits { idle: limits.stream_idle, rate_min: limits.body_rate_min },
            reports: TaskTracker::new(),
        })
    }

    /// Lets a request of a caller in, to work or to send its body.
    pub fn admit(self: &Arc<Self>, caller: CallerId, lane: Lane, has_body: bool) -> Result<Ticket, Refusal> {
        Ticket::new(Arc::clone(self), caller, lane, has_body)
    }

    /// Says in words which bounds are used up: first those that are for everybody, then those of which some callers
    /// hold their share.
    pub fn used_up(&self) -> (Vec<String>, Vec<String>) {
        let (mut pools, mut shares) = (Vec::new(), Vec::new());
        for lanes in [&self.work, &self.waiting, &self.bodies, &self.body_bytes] {
            let (all, other) = (lanes.all.level(), lanes.other.level());
            if all.used >= all.total {
                pools.push(format!("all {} {} are in use", all.total, all.what));
            } else if other.used >= other.total {
                pools.push(format!("all {} {} that are not kept for events are in use", other.total, other.what));
            }
            let at_share = all.at_share.max(other.at_share);
            if at_share > 0 {
                let Level { what, used, total, .. } = all;
                let holders = if at_share == 1 {
                    "a caller holds its".to_owned()
                } else {
                    format!("{at_share} callers hold their")
                };
                shares.push(format!("{holders} share of the {what}, of which {used} of {total} are in use"));
            }
        }
        (pools, shares)
    }
}

#[cfg(test)]
mod tests {
    use super::{pool::Exhausted, *};

    fn control() -> Arc<AdmissionControl> {
        let limits =
            Limits { requests_max: 8, waiting_max: 8, bodies_max: 8, bodies_bytes_max: 80, ..Limits::default() };
        AdmissionControl::new(&limits)
    }

    fn key(name: &str) -> CallerId {
        CallerId::Key(name.into())
    }

    #[test]
    fn requests_that_wait_keep_nobody_from_work_nor_from_waiting() {
        let control = control();
        let mut waiting = Vec::new();
        let refused = loop {
            let ticket = control.admit(key("greedy"), Lane::Other, false).expect("work is free");
            match ticket.wait() {
                Ok(wait) => waiting.push((ticket, wait)),
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(
            (refused.exhausted, refused.what, waiting.len()),
            (Exhausted::Share, "requests that wait for a position", 3)
        );
        let other = control.admit(key("other"), Lane::Other, false).expect("room");
        let wait = other.wait().expect("a share of its own");
        let (pools, shares) = control.used_up();
        assert!(pools.is_empty(), "{pools:?}");
        assert_eq!(
            shares,
            ["a caller holds its share of the requests that wait for a position, of which 4 of 8 are in use"]
        );
        drop((wait, other, waiting));
        assert_eq!(control.used_up(), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_quarter_is_kept_for_events() {
        let control = control();
        let readers: Vec<_> =
            (0..6).map(|n| control.admit(key(&format!("r{n}")), Lane::Other, false).expect("room")).collect();
        assert_eq!(control.admit(key("r9"), Lane::Other, false).expect_err("full").exhausted, Exhausted::Pool);
        assert_eq!(control.used_up().0, ["all 6 requests under way that are not kept for events are in use"]);
        let writers = ["w1", "w2"].map(|name| control.admit(key(name), Lane::Ingest, false).expect("kept"));
        assert_eq!(control.admit(key("w3"), Lane::Ingest, false).expect_err("full").exhausted, Exhausted::Pool);
        drop((readers, writers));
        assert_eq!(control.used_up(), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_body_is_counted_apart_until_it_is_there() {
        let control = control();
        let sending: Vec<_> = (0..3).map(|_| control.admit(key("slow"), Lane::Other, true).expect("room")).collect();
        assert_eq!(
            control.admit(key("slow"), Lane::Other, true).expect_err("its share").what,
            "request bodies under way"
        );
        let quick = control.admit(key("slow"), Lane::Other, false).expect("work is free");
        sending[0].body_ended().expect("room");
        let next = control.admit(key("slow"), Lane::Other, true).expect("a body that is there makes room");
        drop((quick, next));
        drop(sending);
        assert_eq!(control.used_up(), (Vec::new(), Vec::new()));
    }
}
