//! Taking of versions on demand, by count, by time and at shutdown, without stopping learning or reading.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    deployment::readers::Readers,
    learning::handle::{LearnerHandle, Snapshot},
    monitoring::monitor::Monitor,
    snapshots::{
        retention::{self, SYSTEM},
        store::{NewState, store},
    },
    stores::Stores,
};
use shelfmark_domain::{Position, VersionManifest};
use shelfmark_store::versions::VersionError;

/// Exports of one model at once: each holds a state, whose rows are copied as the learner moves on.
pub const EXPORTS_MAX: usize = 4;
/// How often count and time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Longest wait for the learner to meet the record that forgets a user.
const FORGET_TIMEOUT: Duration = Duration::from_secs(60);

/// A version to take now.
#[derive(Debug, Clone)]
pub struct TakeVersion {
    /// Name.
    pub label: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: String,
}

/// Snapshots of one model: versions taken of its live state, compared and exported.
pub struct Snapshots {
    pub(super) stores: Arc<Stores>,
    pub(super) readers: Arc<Readers>,
    pub(super) monitor: Arc<Monitor>,
    learner: Arc<LearnerHandle>,
    /// Held while a version is taken, so that two takers of one process do not store the same state twice.
    taking: Mutex<()>,
    /// Exports under way.
    pub(super) exports: Arc<Semaphore>,
    retired: AtomicBool,
}

impl Snapshots {
    pub fn new(stores: Arc<Stores>, readers: Arc<Readers>, learner: Arc<LearnerHandle>, monitor: Arc<Monitor>) -> Self {
        Self {
            stores,
            readers,
            monitor,
            learner,
            taking: Mutex::default(),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            retired: AtomicBool::new(false),
        }
    }

    /// Notes that the model was deleted: no version is taken at its end.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// Takes a version of the live state at the end of the append in work.
    pub async fn take(&self, take: TakeVersion) -> Result<VersionManifest, EngineError> {
        let _one_at_a_time = self.taking.lock().await;
        loop {
            match self.take_once(take.clone()).await {
                // A user was forgotten meanwhile; what the learner holds once it has met that can be stored.
                Err(EngineError::Version(VersionError::Outdated)) => {
                    self.readers.wait_applied(self.stores.log.head().await?, FORGET_TIMEOUT).await?;
                }
                taken => return taken,
            }
        }
    }

    async fn take_once(&self, take: TakeVersion) -> Result<VersionManifest, EngineError> {
        let (Snapshot { state, position, digester }, delta) = self.learner.snapshot_to_store().await?;
        let TakeVersion { label, reason, actor } = take;
        let quality = json!(self.monitor.quality());
        let seen_through = position;
        let new =
            NewState { state, position, seen_through, digester, delta, derived: None, label, reason, actor, quality };
        let stored = store(&self.stores, &new).await;
        match &stored {
            Ok(manifest) => self.learner.delta_tracker().stored(&new.delta, manifest.version),
            Err(_) => self.learner.delta_tracker().not_stored(new.delta),
        }
        stored
    }

    /// Takes the version of a clean end, when something changed since the last one.
    pub async fn take_at_shutdown(&self) {
        let settings = &self.stores.settings;
        if !settings.version_at_shutdown || settings.read_only || self.retired.load(Ordering::Acquire) {
            return;
        }
        let newest = self.stores.versions.newest(None).await.ok().flatten().map(|manifest| manifest.position);
        if newest.unwrap_or(Position::ZERO) < self.readers.position() {
            self.take_for("shutdown").await;
        }
    }

    async fn take_for(&self, reason: &str) {
        let asked = TakeVersion { label: None, reason: Some(reason.to_owned()), actor: SYSTEM.to_owned() };
        if let Err(error) = self.take(asked).await {
            tracing::warn!(model = %self.stores.name, %error, "version.take_failed: no version was taken for {reason}");
            return;
        }
        if let Err(error) = retention::tidy(&self.stores).await {
            tracing::warn!(model = %self.stores.name, %error, "version.retention_failed: old versions stay for now");
        }
    }

    /// Takes versions by count and time. Every process may; whoever sees that one is due and holds the lock does.
    pub async fn run(&self, stop: CancellationToken) {
        let settings = &self.stores.settings;
        let mut last = Instant::now();
        // Where the newest version stood when the store was last asked: it is asked again only when one may be due.
        let mut newest_known = Position::ZERO;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
            let by_time = !settings.version_interval.is_zero() && last.elapsed() >= settings.version_interval;
            let many = |since: u64| settings.version_records > 0 && since >= settings.version_records;
            if !by_time && !many(self.readers.position().since(newest_known)) {
                continue;
            }
            let Ok(newest) = self.stores.versions.newest(None).await else { continue };
            newest_known = newest.map_or(Position::ZERO, |manifest| manifest.position);
            let since = self.readers.position().since(newest_known);
            let by_count = many(since);
            if !(by_count || by_time && since > 0) {
                continue;
            }
            last = Instant::now();
            match self.stores.versions.try_lock_taking().await {
                Ok(Some(_taker)) => self.take_for(if by_count { "count" } else { "time" }).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(model = %self.stores.name, %error, "version.lock_failed: no version was taken")
                }
            }
        }
    }
}
