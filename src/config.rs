//! Settings of `shelfmark serve`, one struct for each part of the service. Flags win over environment variables. The
//! doc comments are the help.

mod backup;
mod http;
mod log;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use bytesize::ByteSize;
use clap::Args;

use crate::{
    engine::{EngineSettings, REPLAY_RECORDS_MAX},
    telemetry::TelemetrySettings,
};
pub use backup::{BackupScheduleSettings, BackupStoreSettings, duration};
pub use http::HttpSettings;
pub use log::{LagSettings, LogQueueSettings};
use shelfmark_domain::ModelConfig;
use shelfmark_serving::SearchSettings;

/// Settings of `shelfmark serve`.
#[derive(Args)]
pub struct ServeSettings {
    /// Address of Postgres.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Run as a replica, which follows what other processes on the database write. It answers every read, refuses
    /// every write (403 `read_only`) and takes no versions. The database role needs only the right to select, so a
    /// standby is enough. Without --database-url it reads from the database of the service that runs on the data
    /// folder.
    #[arg(long, env = "SHELFMARK_READ_ONLY", help_heading = "Replicas")]
    pub read_only: bool,
    /// Address and bounds of the HTTP server.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Bounds of the log's queue.
    #[command(flatten)]
    pub log: LogQueueSettings,
    /// Bounds of the learner's lag.
    #[command(flatten)]
    pub lag: LagSettings,
    /// Automatic versions.
    #[command(flatten)]
    pub versions: VersionSettings,
    /// Monitoring of learning.
    #[command(flatten)]
    pub monitoring: MonitoringSettings,
    /// Models.
    #[command(flatten)]
    pub model: ModelSettings,
    /// Most memory for the rows of all models in this process, such as 8GiB. Beyond it, events and items that would
    /// make a new row are refused (`memory_budget`); those that name known users and items are accepted. The
    /// rest of what the process takes is in docs/how-to/bound-memory.md [default: unlimited]
    #[arg(long, env = "SHELFMARK_MEMORY_BUDGET", value_name = "BYTES", help_heading = "Memory")]
    pub memory_budget: Option<ByteSize>,
    /// Threads.
    #[command(flatten)]
    pub threads: ThreadSettings,
    /// Backups at fixed intervals.
    #[command(flatten)]
    pub backups: BackupScheduleSettings,
    /// Logs.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

/// Address of Postgres. Not `Debug`: an address may hold a password.
#[derive(Args, Clone)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// Address of a Postgres database, such as postgres://USER:PASSWORD@HOST/NAME?sslmode=require. What it
    /// leaves open is taken from PGHOST, PGPASSWORD, PGSSLMODE and the like [default: the service's own server in the
    /// data folder]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    database_url: Option<String>,
    /// Folder for the service's own Postgres [default: /var/lib/shelfmark for root, else $XDG_DATA_HOME/shelfmark or
    /// ~/.local/share/shelfmark]
    #[arg(long, env = "SHELFMARK_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Folder with the programs of Postgres (initdb, pg_ctl, postgres) for the service's own server [default: searched
    /// for]
    #[arg(long, env = "SHELFMARK_POSTGRES_BIN", value_name = "DIR", global = true)]
    pub postgres_bin: Option<PathBuf>,
    /// Most connections to Postgres.
    #[arg(long, env = "SHELFMARK_DATABASE_CONNECTIONS_MAX", default_value_t = 16, value_name = "N",
          value_parser = clap::value_parser!(u32).range(4..=1000))]
    pub database_connections_max: u32,
}

impl DatabaseSettings {
    /// Returns the address of the database, if one is given. An empty one counts as none.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref().map(str::trim).filter(|url| !url.is_empty())
    }

    /// Returns the data folder, as given or by default.
    pub fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        if rustix::process::geteuid().is_root() {
            return Ok(PathBuf::from("/var/lib/shelfmark"));
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(folder) = variable("XDG_DATA_HOME") {
            return Ok(PathBuf::from(folder).join("shelfmark"));
        }
        let home = variable("HOME").context("HOME is not set: name a folder with --data-dir")?;
        Ok(PathBuf::from(home).join(".local/share/shelfmark"))
    }
}

/// Automatic versions: when they are taken, and how many are kept.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Versions")]
pub struct VersionSettings {
    /// Number of new records after which a version is taken; 0 for never.
    #[arg(long, env = "SHELFMARK_VERSION_EVERY_RECORDS", default_value_t = 500_000, value_name = "N")]
    pub version_every_records: u64,
    /// Seconds after which a version is taken, if there are new records; 0 for never.
    #[arg(long, env = "SHELFMARK_VERSION_EVERY_SECONDS", default_value_t = 900, value_name = "SECONDS")]
    pub version_every_seconds: u64,
    /// Whether a version is taken at shutdown, if there are new records, so that the next start has nothing to replay.
    #[arg(long, env = "SHELFMARK_VERSION_AT_SHUTDOWN", default_value_t = true, value_name = "BOOL",
          action = clap::ArgAction::Set)]
    pub version_at_shutdown: bool,
    /// Number of versions kept in memory, to return to them at once.
    #[arg(long, env = "SHELFMARK_VERSIONS_IN_MEMORY", default_value_t = 4, value_name = "N")]
    pub versions_in_memory: usize,
    /// Number of automatic versions that are kept. Labelled, served and restored ones are kept in addition.
    #[arg(long, env = "SHELFMARK_VERSIONS_KEPT", default_value_t = 20, value_name = "N")]
    pub versions_kept: usize,
    /// Number of versions in a row that hold only changed rows, before one holds all again; 0 for none.
    #[arg(long, env = "SHELFMARK_VERSION_CHAIN_MAX", default_value_t = 16, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub version_chain_max: u32,
}

/// Monitoring of learning, and its cost.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Health of learning")]
pub struct MonitoringSettings {
    /// Percent of one core that measuring live quality may take; 0 for none.
    #[arg(long, env = "SHELFMARK_QUALITY_PERCENT", default_value_t = 3, value_name = "PERCENT",
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub quality_percent: u8,
    /// Percent of one core that an armed guard may take to rank its samples.
    #[arg(long, env = "SHELFMARK_GUARD_PERCENT", default_value_t = 10, value_name = "PERCENT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub guard_percent: u8,
    /// Seconds between two surveys of the rows (lengths, drift, stale rows), if there are new records; 0 for never.
    #[arg(long, env = "SHELFMARK_SURVEY_EVERY_SECONDS", default_value_t = 10, value_name = "SECONDS")]
    pub survey_every_seconds: u64,
    /// Number of states kept in memory to trace recent events from, 4,096 records apart. Each takes at most as much as
    /// the model.
    #[arg(long, env = "SHELFMARK_TRACE_STATES", default_value_t = 2, value_name = "N")]
    pub trace_states: usize,
    /// Most records that a trace of an event, or the history of a row, learns again.
    #[arg(long, env = "SHELFMARK_TRACE_RECORDS", default_value_t = REPLAY_RECORDS_MAX, value_name = "N",
        value_parser = clap::value_parser!(u64).range(..=REPLAY_RECORDS_MAX))]
    pub trace_records: u64,
}

impl ServeSettings {
    /// Returns the settings for the engine.
    pub fn engine(&self) -> EngineSettings {
        let Self { lag, versions, monitoring, model, .. } = self;
        EngineSettings {
            read_only: self.read_only,
            memory_budget: self.memory_budget.map_or(0, |budget| budget.as_u64()),
            lag_records_max: lag.lag_records_max,
            lag_max: Duration::from_secs(lag.lag_seconds_max),
            models_max: model.models_max,
            quality_share: f64::from(monitoring.quality_percent) / 100.0,
            guard_share: f64::from(monitoring.guard_percent) / 100.0,
            survey_interval: Duration::from_secs(monitoring.survey_every_seconds),
            trace_states: monitoring.trace_states,
            trace_records: monitoring.trace_records,
            version_records: versions.version_every_records,
            version_interval: Duration::from_secs(versions.version_every_seconds),
            version_at_shutdown: versions.version_at_shutdown,
            versions_in_memory: versions.versions_in_memory,
            versions_kept: versions.versions_kept,
            chain_max: versions.version_chain_max,
        }
    }
}

/// Number of models, and the configuration of the model `default` of a new database.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Model")]
pub struct ModelSettings {
    /// JSON file with the configuration of the model `default`; fields left out keep their defaults. It is read at the
    /// first start on a database only. Afterwards the configuration is part of the log.
    #[arg(long, env = "SHELFMARK_MODEL_CONFIG", value_name = "FILE")]
    pub model_config: Option<PathBuf>,
    /// Most models. Each takes a learner thread, up to four connections to Postgres, and the memory of
    /// its rows.
    #[arg(long, env = "SHELFMARK_MODELS_MAX", default_value_t = 64, value_name = "N", value_parser = at_least_one)]
    pub models_max: usize,
}

impl ModelSettings {
    /// Reads and checks the configuration.
    pub fn config(&self) -> anyhow::Result<ModelConfig> {
        let Some(path) = &self.model_config else {
            return Ok(ModelConfig::default());
        };
        let named = || format!("--model-config {}", path.display());
        let text = std::fs::read(path).with_context(named)?;
        let config: ModelConfig = serde_json::from_slice(&text).with_context(named)?;
        config.check().with_context(named)?;
        Ok(config)
    }
}

/// Threads, and bounds of waiting for them.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Threads")]
pub struct ThreadSettings {
    /// Number of threads for requests [default: number of cores]
    #[arg(long, env = "SHELFMARK_WORKER_THREADS", value_name = "N", value_parser = at_least_one)]
    pub worker_threads: Option<usize>,
    /// Number of threads for searches [default: number of cores]
    #[arg(long, env = "SHELFMARK_SEARCH_THREADS", value_name = "N", value_parser = at_least_one)]
    pub search_threads: Option<usize>,
    /// Longest time that a search waits for a thread in a burst, in milliseconds of CPU time. After searches had to be
    /// refused (503), it is a twentieth of that until none was refused for that long.
    #[arg(long, env = "SHELFMARK_SEARCH_WAIT_MS", default_value_t = 100, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub search_wait_ms: u64,
    /// Delay of the threads for requests that searches may cause, in milliseconds, before some are refused (503).
    #[arg(long, env = "SHELFMARK_SEARCH_LAG_MS", default_value_t = 5, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub search_lag_ms: u64,
}

impl ThreadSettings {
    /// Returns the settings for the search threads.
    pub fn search(&self) -> SearchSettings {
        let usual = SearchSettings::default();
        SearchSettings {
            threads: self.search_threads.unwrap_or(usual.threads),
            wait_max: Duration::from_millis(self.search_wait_ms),
            lag_max: Duration::from_millis(self.search_lag_ms),
            ..usual
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Limits;
    use clap::Parser;
    use shelfmark_log::LogSettings;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: ServeSettings,
    }

    #[test]
    fn the_defaults_of_flags_are_the_defaults_of_the_rooms() {
        let line = Line::parse_from(["serve"]);
        let (flags, room) = (line.settings.http.limits(), Limits::default());
        assert_eq!(format!("{flags:?}"), format!("{room:?}"));
        let (flags, room) = (line.settings.log.settings(), LogSettings::default());
        assert_eq!(format!("{flags:?}"), format!("{room:?}"));
        let (flags, room) = (line.settings.engine(), EngineSettings::default());
        assert_eq!(format!("{flags:?}"), format!("{room:?}"));
        assert_eq!(line.settings.threads.search(), SearchSettings::default());
    }

    #[test]
    fn a_model_config_file_is_checked_and_the_error_names_file_and_field() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let settings = ModelSettings { model_config: Some(file.path().to_owned()), models_max: 1 };
        std::fs::write(file.path(), r#"{"dim": 64}"#).expect("written");
        assert_eq!(settings.config().expect("valid").dim, 64);
        for (text, names) in [(r#"{"dim": 6}"#, "dim"), (r#"{"dimension": 64}"#, "dimension")] {
            std::fs::write(file.path(), text).expect("written");
            let error = format!("{:#}", settings.config().expect_err("refused"));
            assert!(error.contains("--model-config") && error.contains(names), "{error}");
        }
    }
}
