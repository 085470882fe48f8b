//! Settings of the engine: models, versions, memory and monitoring.

use std::time::Duration;

/// Records that a replay for a trace or a history passes through, the rest of the last append aside, at the most that
/// can be configured.
pub const REPLAY_RECORDS_MAX: u64 = 1_000_000;

/// Settings of every model's engine.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Whether this process only follows what others write: it takes no versions, guards nothing and clears nothing
    /// away.
    pub read_only: bool,
    /// What the rows of all models may take before new ones are refused, in bytes; 0 = whatever they need.
    pub memory_budget: u64,
    /// Records that the learner may be behind, those that wait to be committed included, before events are refused; 0 =
    /// any number.
    pub lag_records_max: u64,
    /// Age of the oldest record that is not learned, before events are refused; zero = any age.
    pub lag_max: Duration,
    /// Models that may be there; each has a learner thread, three connections and memory of its own.
    pub models_max: usize,
    /// Take a version after this many records; 0 = never by count.
    pub version_records: u64,
    /// Take a version after this time, when something changed; zero = never by time.
    pub version_interval: Duration,
    /// Take a version at shutdown, when something changed, so that the next start need not replay.
    pub version_at_shutdown: bool,
    /// Versions kept in memory for instant return.
    pub versions_in_memory: usize,
    /// Versions taken by count, time or shutdown that are kept; older ones go unless they are labelled, served or named
    /// by a restore.
    pub versions_kept: usize,
    /// Deltas on a base at most; the next version holds all rows again. 0 = every version does.
    pub chain_max: u32,
    /// Share of one core that measuring live quality may take, 0 (off) to 1 (as much as there is to measure).
    pub quality_share: f64,
    /// Share of one core that a guard on watch may take to rank its samples, above 0 to 1.
    pub guard_share: f64,
    /// How often the rows are looked at, when something changed; zero = never.
    pub survey_interval: Duration,
    /// States kept in memory to trace recent events from; 0 = traces begin at versions only.
    pub trace_states: usize,
    /// Records that a trace, or the history of a row, learns again at most.
    pub trace_records: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            read_only: false,
            memory_budget: 0,
            lag_records_max: 100_000,
            lag_max: Duration::from_secs(30),
            models_max: 64,
            version_records: 500_000,
            version_interval: Duration::from_secs(900),
            version_at_shutdown: true,
            versions_in_memory: 4,
            versions_kept: 20,
            chain_max: 16,
            quality_share: 0.03,
            guard_share: 0.1,
            survey_interval: Duration::from_secs(10),
            trace_states: 2,
            trace_records: REPLAY_RECORDS_MAX,
        }
    }
}
