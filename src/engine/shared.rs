//! What the handle of a model and its tasks share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    EngineError, EngineSettings,
    arms::Arms,
    cache::{CachedVersion, VersionCache},
    guard_desk::GuardDesk,
    health::Health,
    recovery::load_version,
    watch::Watch,
    worker::Snapshot,
};
use crate::{
    domain::{ModelConfig, ModelName, Position, Timestamp, VersionNumber},
    log::Log,
    serving::{Searcher, View},
    state::State,
    versions::VersionStore,
};

/// Longest wait for a learner that is starting.
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// Asks the learner thread for its state at the end of an append.
pub enum SnapshotRequest {
    /// With its digest, which costs the rows touched since the last one.
    Whole(oneshot::Sender<Snapshot>),
    /// The state alone: pointers.
    Bare(oneshot::Sender<StateAt>),
}

/// A state and where it stands.
#[derive(Debug, Clone)]
pub struct StateAt {
    /// The state.
    pub state: State,
    /// Where it stands: the end of an append.
    pub position: Position,
}

/// One model's shared parts. No lock is held across an await or during work.
pub struct Shared {
    pub name: ModelName,
    pub settings: EngineSettings,
    pub base_config: Arc<ModelConfig>,
    pub log: Log,
    pub versions: VersionStore,
    pub searcher: Searcher,
    /// The newest published state.
    pub live: ArcSwap<View>,
    /// The pinned version's view, while one is pinned; of a split, that of the largest arm, if it is a version.
    pub pinned: ArcSwapOption<View>,
    /// Who is answered by which state, and what came of it.
    pub arms: Arms,
    /// What the guard of this model says and wants to see.
    pub guard: GuardDesk,
    /// Position of `live`.
    pub applied: watch::Sender<Position>,
    pub health: Health,
    pub cache: VersionCache,
    /// What is known of learning's health.
    pub watch: Watch,
    /// Held during a rollback: a second one is refused.
    pub rollback: tokio::sync::Mutex<()>,
    /// Held while the configuration is changed: a change is merged over the one before it.
    pub configuring: tokio::sync::Mutex<()>,
    /// Held while a version is taken, so that two takers of one process do not store the same state twice.
    pub taking: tokio::sync::Mutex<()>,
    snapshots: watch::Sender<Option<mpsc::Sender<SnapshotRequest>>>,
    parent: AtomicU32,
    /// Commit time of the oldest record that is not in `live`, microseconds; 0 = none known.
    pending_since: AtomicI64,
}

impl Shared {
    pub fn new(
        name: ModelName,
        settings: EngineSettings,
        base_config: Arc<ModelConfig>,
        log: Log,
        versions: VersionStore,
        searcher: Searcher,
        view: Arc<View>,
    ) -> Self {
        let position = view.position();
        Self {
            watch: Watch::new(&name, settings.trace_states),
            name,
            cache: VersionCache::new(settings.versions_in_memory),
            settings,
            base_config,
            log,
            versions,
            searcher,
            live: ArcSwap::new(view),
            pinned: ArcSwapOption::empty(),
            arms: Arms::default(),
            guard: GuardDesk::default(),
            applied: watch::Sender::new(position),
            health: Health::default(),
            rollback: tokio::sync::Mutex::default(),
            configuring: tokio::sync::Mutex::default(),
            taking: tokio::sync::Mutex::default(),
            snapshots: watch::Sender::new(None),
            parent: AtomicU32::new(0),
            pending_since: AtomicI64::new(0),
        }
    }

    /// Where the live view stands.
    pub fn position(&self) -> Position {
        *self.applied.borrow()
    }

    /// Makes a view the live one and wakes who waits for it.
    pub fn publish(&self, view: Arc<View>) {
        let position = view.position();
        self.live.store(view);
        self.health.reached(position);
        self.log.note_reader(position);
        self.applied.send_replace(position);
    }

    /// Connects (or, with `None`, disconnects) the learner thread.
    pub fn connect(&self, snapshots: Option<mpsc::Sender<SnapshotRequest>>) {
        self.snapshots.send_replace(snapshots);
    }

    /// The state at the end of the append in work, with its digest. Waits a little for a learner that is starting.
    pub async fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.ask(SnapshotRequest::Whole).await
    }

    /// The state at the end of the append in work, without its digest.
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

    /// The version that the live state grew from.
    pub fn parent(&self) -> Option<VersionNumber> {
        Some(self.parent.load(Ordering::Acquire)).filter(|number| *number > 0).map(VersionNumber)
    }

    /// Notes that the live state grows from this version.
    pub fn set_parent(&self, version: Option<VersionNumber>) {
        self.parent.store(version.map_or(0, |version| version.0), Ordering::Release);
    }

    /// Notes what the learner is working on: commit time of its oldest record, or nothing.
    pub fn set_pending(&self, since: Option<Timestamp>) {
        self.pending_since.store(since.map_or(0, Timestamp::micros), Ordering::Release);
    }

    /// Commit time of the oldest record that the live view does not hold, as far as this process knows.
    pub fn pending_since(&self) -> Option<Timestamp> {
        let (head, at) = self.log.head_known();
        if head <= self.position() {
            return None;
        }
        let pending = self.pending_since.load(Ordering::Acquire);
        Some(Timestamp::from_micros(pending).filter(|since| since.micros() > 0).unwrap_or(at))
    }

    /// A version's state, from memory or from Postgres; verified.
    pub async fn version(&self, number: VersionNumber) -> Result<Arc<CachedVersion>, EngineError> {
        if let Some(version) = self.cache.get(number) {
            return Ok(version);
        }
        let version = Arc::new(load_version(&self.versions, number).await?);
        self.cache.insert(Arc::clone(&version));
        Ok(version)
    }

    /// What a reader gets: the view of their arm.
    pub fn served_for(&self, reader: &str) -> Arc<View> {
        match self.arms.choose(&self.name, reader) {
            None => self.served(),
            Some(version) => version.unwrap_or_else(|| self.live.load_full()),
        }
    }

    /// What reads that are nobody's get.
    pub fn served(&self) -> Arc<View> {
        self.pinned.load_full().unwrap_or_else(|| self.live.load_full())
    }
}

/// Runs CPU work of unknown length off the async workers; its panic becomes ours.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the runtime ended under blocking work: {error}"),
        },
    }
}
