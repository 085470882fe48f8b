//! Stores of one model: log, versions and operations in Postgres, and cached states.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::engine::{
    EngineError, EngineSettings,
    metrics::ModelMetrics,
    operations::Operations,
    replay::rules::NewestRules,
    snapshots::{
        cache::{CachedVersion, VersionCache},
        load::load_version,
        recent_states::RecentStates,
    },
};
use shelfmark_domain::{ForgottenUser, ForkOrigin, ModelConfig, ModelName, VersionNumber};
use shelfmark_log::Log;
use shelfmark_store::versions::VersionStore;

/// What of a model is kept in Postgres.
pub struct Handles {
    pub log: Log,
    pub versions: VersionStore,
    pub operations: Operations,
}

/// One model's stores, and what it is by its row of the catalogue. No lock is held across an await or during work.
pub struct Stores {
    pub name: ModelName,
    pub settings: EngineSettings,
    /// The configuration before the first record.
    pub base_config: Arc<ModelConfig>,
    /// Where a fork's state at position 0 comes from.
    pub origin: Option<ForkOrigin>,
    pub log: Log,
    pub versions: VersionStore,
    /// Long work.
    pub operations: Operations,
    /// Versions in memory.
    pub cache: VersionCache,
    /// States in memory that traces begin from.
    pub recent: RecentStates,
    /// What the rollbacks of the log give up, for retries.
    pub newest_rules: NewestRules,
    pub metrics: ModelMetrics,
    /// Users forgotten since the start.
    forgotten: AtomicU64,
    /// Versions since the start that could not be read back as they were stored.
    read_back_failures: AtomicU64,
    /// Number of versions, as last counted.
    versions_counted: AtomicU64,
}

impl Stores {
    pub fn new(
        name: ModelName,
        settings: EngineSettings,
        base_config: Arc<ModelConfig>,
        origin: Option<ForkOrigin>,
        Handles { log, versions, operations }: Handles,
    ) -> Self {
        Self {
            cache: VersionCache::new(settings.versions_in_memory),
            recent: RecentStates::new(settings.trace_states),
            newest_rules: NewestRules::default(),
            metrics: ModelMetrics::new(&name),
            name,
            settings,
            base_config,
            origin,
            log,
            versions,
            operations,
            forgotten: AtomicU64::new(0),
            read_back_failures: AtomicU64::new(0),
            versions_counted: AtomicU64::new(0),
        }
    }

    /// Counts the versions. When Postgres does not answer within `wait`, returns the count from before.
    pub async fn version_count(&self, wait: Duration) -> Result<u64, EngineError> {
        let Ok(counted) = tokio::time::timeout(wait, self.versions.count()).await else {
            return Ok(self.versions_counted.load(Ordering::Relaxed));
        };
        let counted = counted?;
        self.versions_counted.store(counted, Ordering::Relaxed);
        Ok(counted)
    }

    /// Returns a version's state, from memory or from Postgres; verified.
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

    /// Takes a forgotten user out of every state in memory.
    pub fn forget(&self, user: &ForgottenUser) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.cache.forget(user);
        self.recent.clear();
    }

    /// Notes that a version could not be read back as it was stored, and was not kept.
    pub fn read_back_failed(&self) {
        self.metrics.read_back_failures.increment(1);
        self.read_back_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns what an operator should know of versions that were not read back as they were stored.
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
}
