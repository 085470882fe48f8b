//! Settings of stores for backups.

use std::time::Duration;

use clap::Args;
use shelfmark_backup::{StoreAddress, StoreSettings};

/// Connections to the store of backups.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Store")]
pub struct BackupStoreSettings {
    /// Longest time of one request to the store. Errors are repeated for at most twice as long.
    #[arg(long, env = "SHELFMARK_STORE_TIMEOUT", default_value = "2m", value_name = "TIME", value_parser = duration)]
    pub store_timeout: Duration,
}

impl BackupStoreSettings {
    /// Returns the settings of the store.
    #[must_use]
    pub const fn store(&self) -> StoreSettings {
        StoreSettings { timeout: self.store_timeout }
    }
}

/// Backups that the service makes by itself.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Backups")]
pub struct BackupScheduleSettings {
    /// Where backups go: s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER [default: none
    /// are made]
    #[arg(long, env = "SHELFMARK_BACKUP_TO", value_name = "URL")]
    pub backup_to: Option<StoreAddress>,
    /// Time between two backups: 15m, 1h, 1d. Several processes with the same store make one each time.
    #[arg(long, env = "SHELFMARK_BACKUP_EVERY", default_value = "1h", value_name = "TIME", value_parser = duration)]
    pub backup_every: Duration,
    /// Number of backups to keep. Older ones are removed, and then what no backup needs [default: all are kept]
    #[arg(long, env = "SHELFMARK_BACKUP_KEEP", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub backup_keep: Option<u32>,
    /// Connections to the store.
    #[command(flatten)]
    pub store: BackupStoreSettings,
}

/// Longest time that can be given: a year.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Reads a time with its unit: `30s`, `15m`, `1h` or `1d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let unreadable = || "a number with a unit is expected, such as 30s, 15m, 1h or 1d".to_owned();
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().ok_or_else(unreadable)?.len_utf8());
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(unreadable()),
    };
    let number: u32 = number.parse().map_err(|_| unreadable())?;
    let duration = Duration::from_secs(u64::from(number) * seconds);
    if duration.is_zero() || duration > DURATION_MAX {
        return Err("a time from 1s to 366d is expected".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("1h", 3600), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "h", "30", "0s", "-1s", "1.5h", "400d", "1 h", "5µ"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
