//! When versions are taken, and how many are kept.

use std::time::Duration;

/// Settings of every model's engine.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Take a version after this many records; 0 = never by count.
    pub version_records: u64,
    /// Take a version after this time, when something changed; zero = never by time.
    pub version_interval: Duration,
    /// Take a version at shutdown, when something changed, so that the next start need not replay.
    pub version_at_shutdown: bool,
    /// Versions kept in memory for instant return.
    pub versions_in_memory: usize,
    /// Versions taken by count, time or shutdown that are kept; older ones go unless they are labelled, served or named by
    /// a restore.
    pub versions_kept: usize,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            version_records: 500_000,
            version_interval: Duration::from_secs(900),
            version_at_shutdown: true,
            versions_in_memory: 4,
            versions_kept: 20,
        }
    }
}
