//! What the handle of a model and its tasks share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use metrics::counter;
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::engine::{
    EngineError, EngineSettings,
    guard::desk::GuardDesk,
    health::Health,
    learning::{recovery::load_version, worker::Snapshot},
    metrics::VERSION_READ_BACK_FAILURES,
    operations::Operations,
    rollback::slot::RollbackSlot,
    room::Room,
    served::arms::Arms,
    versioning::{
        cache::{CachedVersion, VersionCache},
        export::EXPORTS_MAX,
        growth::{Grown, Growth},
    },
    watching::watch::Watch,
};
use crate::{
    domain::{ForgottenUser, ForkOrigin, ModelConfig, ModelName, Position, Timestamp, VersionNumber},
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
    /// To be stored: with its digest, and what changed since the version that it grew from.
    Version(oneshot::Sender<(Snapshot, Grown)>),
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

/// What of a model is kept in Postgres.
pub struct Stores {
    pub log: Log,
    pub versions: VersionStore,
    pub operations: Operations,
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
    /// Where a rollback takes readers, while its deployment is still being written: see [`Shared::go_ahead`].
    ahead: ArcSwapOption<View>,
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
    /// Claimed during a rollback: a second one is refused.
    pub rollback: RollbackSlot,
    /// Long work.
    pub operations: Operations,
    /// Held while the configuration is changed: a change is merged over the one before it.
    pub configuring: tokio::sync::Mutex<()>,
    /// Exports under way.
    pub exports: Arc<Semaphore>,
    /// Whether there is room for new rows.
    pub room: Room,
    /// Held while a version is taken, so that two takers of one process do not store the same state twice.
    pub taking: tokio::sync::Mutex<()>,
    /// Where a fork's state at position 0 comes from.
    pub origin: Option<ForkOrigin>,
    retired: AtomicBool,
    snapshots: watch::Sender<Option<mpsc::Sender<SnapshotRequest>>>,
    growth: Mutex<Growth>,
    /// Users forgotten since the start.
    forgotten: AtomicU64,
    /// Versions since the start that could not be read back as they were stored.
    read_back_failures: AtomicU64,
    /// Commit time of the oldest record that is not in `live`, microseconds; 0 = none known.
    pending_since: AtomicI64,
}

impl Shared {
    pub fn new(
        name: ModelName,
        settings: EngineSettings,
        base_config: Arc<ModelConfig>,
        stores: Stores,
        searcher: Searcher,
        view: Arc<View>,
    ) -> Self {
        let Stores { log, versions, operations } = stores;
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
            ahead: ArcSwapOption::empty(),
            arms: Arms::default(),
            guard: GuardDesk::default(),
            applied: watch::Sender::new(position),
            health: Health::default(),
            rollback: RollbackSlot::default(),
            operations,
            configuring: tokio::sync::Mutex::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            room: Room::default(),
            taking: tokio::sync::Mutex::default(),
            origin: None,
            retired: AtomicBool::new(false),
            snapshots: watch::Sender::new(None),
            growth: Mutex::default(),
            forgotten: AtomicU64::new(0),
            read_back_failures: AtomicU64::new(0),
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

    /// Waits until the live view holds `position`.
    pub async fn wait_applied(&self, position: Position, timeout: Duration) -> Result<(), EngineError> {
        let mut applied = self.applied.subscribe();
        let reached = tokio::time::timeout(timeout, applied.wait_for(|reached| *reached >= position)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(EngineError::NotReached { wanted: position, reached: self.position() }),
        }
    }

    /// Notes that the model was deleted: no version is taken at its end.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Whether the model was deleted.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Connects (or, with `None`, disconnects) the learner thread.
    pub fn connect(&self, snapshots: Option<mpsc::Sender<SnapshotRequest>>) {
        self.snapshots.send_replace(snapshots);
    }

    /// The state at the end of the append in work, with its digest. Waits a little for a learner that is starting.
    pub async fn snapshot(&self) -> Result<Snapshot, EngineError> {
        self.ask(SnapshotRequest::Whole).await
    }

    /// The same, to be stored as a version: give what has grown back to [`Growth`] when it was.
    pub async fn snapshot_to_store(&self) -> Result<(Snapshot, Grown), EngineError> {
        self.ask(SnapshotRequest::Version).await
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

    /// What the live state grew from. The lock is held for as long as touched rows are copied.
    pub fn growth(&self) -> MutexGuard<'_, Growth> {
        self.growth.lock().unwrap_or_else(PoisonError::into_inner)
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
        loop {
            let forgotten = self.forgotten.load(Ordering::Acquire);
            let version = Arc::new(load_version(&self.versions, number).await?);
            // A user who was forgotten while it was read may be in it.
            if forgotten == self.forgotten.load(Ordering::Acquire) {
                self.cache.insert(Arc::clone(&version));
                return Ok(version);
            }
        }
    }

    /// Notes that a version could not be read back as it was stored, and was not kept.
    pub fn read_back_failed(&self) {
        counter!(VERSION_READ_BACK_FAILURES).increment(1);
        self.read_back_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// What an operator should know of versions that were not read back as they were stored.
    pub fn read_back_note(&self) -> Option<String> {
        let failures = self.read_back_failures.load(Ordering::Relaxed);
        (failures > 0).then(|| {
            format!(
                "model {}: {failures} versions since the start were not read back as they were stored, and were not \
                 kept: see version.read_back_failed in the log",
                self.name
            )
        })
    }

    /// Lets go of a forgotten user in everything that is kept beside the live state.
    pub fn forget(&self, user: &ForgottenUser) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.cache.forget(user);
        self.watch.forget();
        for view in [&self.pinned, &self.ahead] {
            view.rcu(|view| view.as_ref().map(|view| view.forgetting(user)));
        }
        self.arms.forget(user);
    }

    /// Shows a version to all readers from now on, until the answer is dropped. Whoever rolls back by hand wants the bad state
    /// gone, not its successor durable: a commit may take longer than everything else of a rollback.
    pub fn go_ahead(&self, view: Arc<View>) -> Ahead<'_> {
        self.ahead.store(Some(view));
        Ahead(self)
    }

    /// What a reader gets: where a rollback under way takes everybody, else the view of their arm; without a reader, what
    /// reads that are nobody's get.
    pub fn served(&self, reader: Option<&str>) -> Arc<View> {
        self.ahead.load_full().unwrap_or_else(|| self.deployed(reader))
    }

    /// The same by the last deployment that was written.
    pub fn deployed(&self, reader: Option<&str>) -> Arc<View> {
        match reader.and_then(|reader| self.arms.choose(&self.name, reader)) {
            None => self.pinned.load_full().unwrap_or_else(|| self.live.load_full()),
            Some(version) => version.unwrap_or_else(|| self.live.load_full()),
        }
    }
}

/// Readers are shown a version whose deployment is being written. When it is dropped they get what is deployed.
pub struct Ahead<'a>(&'a Shared);

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.0.ahead.store(None);
    }
}

/// Runs CPU work of unknown length off the async workers; its panic becomes ours.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    finished(tokio::task::spawn_blocking(work)).await
}

/// The result of blocking work; its panic becomes ours.
pub async fn finished<T>(work: JoinHandle<T>) -> T {
    match work.await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("the runtime ended under blocking work: {error}"),
        },
    }
}
