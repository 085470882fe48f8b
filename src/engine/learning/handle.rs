//! Handle of the learner thread: snapshots of its state, whether it runs, and how far it is.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::{
    EngineError,
    health::Health,
    snapshots::{
        delta_tracker::{DeltaTracker, PendingDelta},
        recent_states::StateAt,
    },
};
use shelfmark_domain::{Digest, Position, Timestamp};
use shelfmark_serving::Counts;
use shelfmark_state::{Digester, State};

/// Longest wait for a learner that is starting.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// A state at one position, with its digest.
pub struct Snapshot {
    pub state: State,
    pub position: Position,
    pub digester: Digester,
}

/// Position, digest and counts of one state.
#[derive(Debug, Clone, Copy)]
pub struct LiveFacts {
    pub position: Position,
    pub digest: Digest,
    pub counts: Counts,
}

/// Asks the learner thread for its state at the end of an append.
pub enum SnapshotRequest {
    /// With its digest, which costs the rows touched since the last one.
    Whole(oneshot::Sender<Snapshot>),
    /// To be stored: with its digest, and what changed since the version that it grew from.
    Version(oneshot::Sender<(Snapshot, PendingDelta)>),
    /// The state alone: pointers.
    Bare(oneshot::Sender<StateAt>),
}

/// Handle of one model's learner.
#[derive(Default)]
pub struct LearnerHandle {
    pub health: Health,
    snapshots: watch::Sender<Option<mpsc::Sender<SnapshotRequest>>>,
    delta_tracker: Mutex<DeltaTracker>,
    /// Commit time of the oldest record that is not in the live view, microseconds; 0 = none known.
    pending_since: AtomicI64,
    /// What the last status said of the live state.
    live_facts: Mutex<Option<LiveFacts>>,
}

impl LearnerHandle {
    /// Connects (or, with `None`, disconnects) the learner thread.
    pub fn connect(&self, snapshots: Option<mpsc::Sender<SnapshotRequest>>) {
        self.snapshots.send_replace(snapshots);
    }

    /// Returns the state at the end of the append in work, with its digest. Waits a little for a learner that is
    /// starting.
    pub async fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.ask(SnapshotRequest::Whole).await
    }

    /// Returns the same, to be stored as a version: give the delta back to [`DeltaTracker`].
    pub async fn snapshot_to_store(&self) -> Result<(Snapshot, PendingDelta), EngineError> {
        self.ask(SnapshotRequest::Version).await
    }

    /// Returns the state at the end of the append in work, without its digest.
    pub async fn state(&self) -> Result<StateAt, EngineError> {
        self.ask(SnapshotRequest::Bare).await
    }

    async fn ask<T>(&self, request: fn(oneshot::Sender<T>) -> SnapshotRequest) -> Result<T, EngineError> {
        let down = || EngineError::LearnerDown(self.health.failure().unwrap_or_else(|| "it is starting".to_owned()));
        if let Some(reason) = self.health.failure() {
            return Err(EngineError::LearnerDown(reason));
        }
        let mut connected = self.snapshots.subscribe();
        let sender = tokio::time::timeout(CONNECT_WAIT, connected.wait_for(Option::is_some)).await;
        let sender = sender.ok().and_then(Result::ok).and_then(|sender| sender.clone()).ok_or_else(down)?;
        let (reply, answer) = oneshot::channel();
        sender.send(request(reply)).await.map_err(|_| down())?;
        answer.await.map_err(|_| down())
    }

    /// Returns what the live state grew from. The lock is held for as long as touched rows are copied.
    pub fn delta_tracker(&self) -> MutexGuard<'_, DeltaTracker> {
        self.delta_tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a status says of the live state.
    pub fn note_live_facts(&self, facts: LiveFacts) {
        *self.live_facts.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
    }

    /// Returns what the last status said of the live state, if there was one.
    pub fn live_facts(&self) -> Option<LiveFacts> {
        *self.live_facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the learner is working on: commit time of its oldest record, or nothing.
    pub fn set_pending(&self, since: Option<Timestamp>) {
        self.pending_since.store(since.map_or(0, Timestamp::micros), Ordering::Release);
    }

    /// Returns the commit time of the oldest record that the learner is working on.
    pub fn pending_since(&self) -> Option<Timestamp> {
        let pending = self.pending_since.load(Ordering::Acquire);
        Timestamp::from_micros(pending).filter(|since| since.micros() > 0)
    }
}
