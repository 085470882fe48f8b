//! Tickets: what one request holds, from its head to the end of its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::TaskTracker;

use super::{AdmissionControl, CallerId, Lane, LongWorkKind, Share, pool::Refusal};
use crate::http::body_pace::PaceLimits;
use shelfmark_domain::ModelName;

tokio::task_local! {
    static TICKET: Ticket;
}

/// Runs a handler with its ticket, which [`current`] returns within.
pub async fn enter<T>(ticket: Ticket, work: impl Future<Output = T>) -> T {
    TICKET.scope(ticket, work).await
}

/// Returns the ticket of the request that is being handled; `None` in tests of parts.
pub fn current() -> Option<Ticket> {
    TICKET.try_with(Ticket::clone).ok()
}

/// What a request is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its body is read.
    Body,
    /// It works.
    Work,
    /// It waits for a position.
    Waiting,
    /// It is bounded by something else: an export, an event stream.
    Elsewhere,
}

/// What a request holds. Clones are the same ticket; the last one gives everything back.
#[derive(Debug, Clone)]
pub struct Ticket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    control: Arc<AdmissionControl>,
    caller: CallerId,
    lane: Lane,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    stage: Stage,
    _share: Option<Share>,
}

impl Ticket {
    pub(super) fn new(
        control: Arc<AdmissionControl>,
        caller: CallerId,
        lane: Lane,
        has_body: bool,
    ) -> Result<Self, Refusal> {
        let work = control.work.of(lane);
        let (stage, share) = if has_body {
            // Nobody sends a body in order to be refused afterwards.
            work.check(&caller)?;
            (Stage::Body, control.bodies.of(lane).take(&caller, 1)?)
        } else {
            (Stage::Work, work.take(&caller, 1)?)
        };
        let held = Mutex::new(Held { stage, _share: Some(share) });
        Ok(Self(Arc::new(Inner { control, caller, lane, held })))
    }

    /// Notes that the body was read: the request works from now on.
    pub fn body_ended(&self) -> Result<(), Refusal> {
        let mut held = self.held();
        if held.stage == Stage::Body {
            let share = self.0.control.work.of(self.0.lane).take(&self.0.caller, 1)?;
            *held = Held { stage: Stage::Work, _share: Some(share) };
        }
        Ok(())
    }

    /// Begins to wait: until the answer is dropped, the request counts among those that wait.
    pub fn wait(&self) -> Result<Waiting, Refusal> {
        let share = self.0.control.waiting.of(self.0.lane).take(&self.0.caller, 1)?;
        *self.held() = Held { stage: Stage::Waiting, _share: Some(share) };
        Ok(Waiting(self.clone()))
    }

    /// Says whether the request could wait now.
    pub fn check_wait(&self) -> Result<(), Refusal> {
        self.0.control.waiting.of(self.0.lane).check(&self.0.caller)
    }

    /// Returns how long the body may keep the request waiting.
    pub fn pace(&self) -> PaceLimits {
        self.0.control.pace
    }

    /// Takes part in long work of a model. The request counts as that from now on, and not as work.
    pub fn long_work(&self, kind: LongWorkKind, model: &ModelName) -> Result<Share, Refusal> {
        let share = self.0.control.pool_of(kind, model).take(&self.0.caller, 1)?;
        *self.held() = Held { stage: Stage::Elsewhere, _share: None };
        Ok(share)
    }

    /// Returns the tasks of reports.
    pub(super) fn reports(&self) -> &TaskTracker {
        &self.0.control.reports
    }

    /// Holds bytes of a body.
    pub fn hold_bytes(&self, bytes: u64) -> Result<Share, Refusal> {
        self.0.control.body_bytes.of(self.0.lane).take(&self.0.caller, bytes)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics halfway through a change.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait under way.
#[derive(Debug)]
pub struct Waiting(Ticket);

impl Drop for Waiting {
    fn drop(&mut self) {
        let Inner { control, caller, lane, .. } = &*self.0.0;
        let mut held = self.0.held();
        if held.stage == Stage::Waiting {
            // It was let in once: after a write that is durable, or a wait of seconds, it is not refused for want of
            // room.
            let share = control.work.of(*lane).take_beyond(caller, 1);
            *held = Held { stage: Stage::Work, _share: Some(share) };
        }
    }
}
