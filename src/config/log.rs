//! Settings of the log: its queue, its database, and how far learning may be behind it.

use std::time::Duration;

use clap::Args;
use shelfmark_log::LogSettings;

use super::at_least_one;

/// Bounds of the log's queue.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Log")]
pub struct LogQueueSettings {
    /// Most records that wait to be committed; beyond it requests are refused with 429.
    #[arg(long, env = "SHELFMARK_LOG_QUEUE_RECORDS_MAX", default_value_t = 65_536, value_name = "N",
          value_parser = at_least_one)]
    pub log_queue_records_max: usize,
    /// Most bytes of records that wait to be committed.
    #[arg(long, env = "SHELFMARK_LOG_QUEUE_BYTES_MAX", default_value_t = 256 << 20, value_name = "BYTES",
          value_parser = at_least_one)]
    pub log_queue_bytes_max: usize,
    /// Seconds without an answer of Postgres after which /readyz says so.
    #[arg(long, env = "SHELFMARK_DATABASE_ANSWER_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub database_answer_seconds: u64,
    /// Learn appends that do not match their checksums as they are, with an error in the log for each. For a log that
    /// no backup can replace; without it the learner stops there.
    #[arg(long, env = "SHELFMARK_ACCEPT_DAMAGED_LOG")]
    pub accept_damaged_log: bool,
}

/// Bounds of the learner's lag.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Lag of learning")]
pub struct LagSettings {
    /// Most records that learning may be behind; beyond it events are refused with 429 (`learner_behind`), except those
    /// of imports (`bulk=true`). 0 for any number.
    #[arg(long, env = "SHELFMARK_LAG_RECORDS_MAX", default_value_t = 100_000, value_name = "N")]
    pub lag_records_max: u64,
    /// Most seconds that learning may be behind; beyond it events are refused in the same way. 0 for any time.
    #[arg(long, env = "SHELFMARK_LAG_SECONDS_MAX", default_value_t = 30, value_name = "SECONDS")]
    pub lag_seconds_max: u64,
}

impl LogQueueSettings {
    /// Returns the settings for the log.
    pub fn settings(&self) -> LogSettings {
        LogSettings {
            queue_records_max: self.log_queue_records_max,
            queue_bytes_max: self.log_queue_bytes_max,
            answer_max: Duration::from_secs(self.database_answer_seconds),
            accept_damaged: self.accept_damaged_log,
            ..LogSettings::default()
        }
    }
}
