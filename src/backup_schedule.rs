//! Backups by a running service, at fixed intervals.
//!
//! All processes of a database may have the same schedule, and no leader is needed: whoever finds the newest backup
//! older than the interval makes the next, and the lease in the store lets one of them do so.
//!
//! **Bounds.** One backup at a time. After a failure it is tried again in a minute, then in twice the time, at most in
//! the interval. A stop gives the lease back, for 4 s at most.

use std::time::Duration;

use metrics::{counter, gauge};
use shelfmark_backup::{BackupError, BackupOutcome, BackupSettings, Store, back_up, due_in, newest, time_of};
use shelfmark_metrics::{Label, MetricInfo, MetricSection};
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

const NEWEST: &str = "shelfmark_backup_newest_timestamp_seconds";
const BACKUPS: &str = "shelfmark_backups_total";
const SECONDS: &str = "shelfmark_backup_seconds";
const BYTES: &str = "shelfmark_backup_bytes";
const SENT_BYTES: &str = "shelfmark_backup_sent_bytes_total";

/// Metrics of backups.
pub const METRICS: MetricSection = MetricSection::new(
    "Backups",
    &[
        MetricInfo::gauge(NEWEST, "seconds", "Time of the newest backup in the store since 1970, whoever made it"),
        MetricInfo::counter(BACKUPS, "backups", "Backups that this process made, or failed to make")
            .labels(&[Label::one_of("outcome", &["done", "failed"])]),
        MetricInfo::gauge(SECONDS, "seconds", "Time that the last backup of this process took"),
        MetricInfo::gauge(BYTES, "bytes", "Size of the last backup of this process, shared objects included"),
        MetricInfo::counter(SENT_BYTES, "bytes", "Bytes of objects that this process sent to the store"),
    ],
)
.note("With `--backup-to` only.");

/// Pause after a failure, and while another process makes the backup.
const PAUSE: Duration = Duration::from_secs(60);
/// Longest time between two looks at the store.
const LOOK_MAX: Duration = Duration::from_secs(15 * 60);
/// Time after which the lease of a process that died ends.
const LEASE: Duration = Duration::from_secs(120);

/// Longest time in which a stop gives the lease back. A store that does not answer must not hold up the end.
const RELEASE_WAIT: Duration = Duration::from_secs(4);

/// When backups are made, and where to.
pub struct BackupSchedule {
    /// The store.
    pub store: Store,
    /// Time between two backups.
    pub every: Duration,
    /// Number of backups to keep; `None` keeps all.
    pub keep: Option<usize>,
    /// Address of the process, for whoever is refused meanwhile.
    pub address: String,
}

impl BackupSchedule {
    /// Makes backups until `stop`.
    pub async fn run(self, pool: PgPool, stop: CancellationToken) {
        let mut failures = 0_u32;
        loop {
            let made = tokio::select! {
                made = Box::pin(self.make_if_due(&pool, &stop)) => made,
                () = given_up(&stop) => return,
            };
            let next = match made {
                Ok(pause) => {
                    failures = 0;
                    pause
                }
                Err(BackupError::Stopped(_)) => {
                    tracing::info!("backup.stopped: the next one goes on with what was sent");
                    return;
                }
                Err(error @ BackupError::LeaseHeld { .. }) => {
                    tracing::info!(%error, "backup.busy: another process makes it");
                    PAUSE
                }
                // Another process made it between the look and the lease.
                Err(BackupError::NotDue { left }) => left.min(LOOK_MAX),
                Err(error) => {
                    counter!(BACKUPS, "outcome" => "failed").increment(1);
                    let pause = PAUSE.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(self.every);
                    failures += 1;
                    let seconds = pause.as_secs();
                    tracing::error!(error = %error, seconds, "backup.failed: tried again in {seconds} s");
                    pause
                }
            };
            if stop.run_until_cancelled(tokio::time::sleep(next)).await.is_none() {
                return;
            }
        }
    }

    /// Makes a backup if the newest is older than the interval. Returns the time until the next look.
    async fn make_if_due(&self, pool: &PgPool, stop: &CancellationToken) -> Result<Duration, BackupError> {
        let Some(newest) = stop.run_until_cancelled(newest(&self.store)).await else {
            return Err(BackupError::Stopped(self.store.name().to_owned()));
        };
        let newest = newest?;
        newest.into_iter().for_each(note_newest);
        let left = due_in(newest, self.every);
        if !left.is_zero() {
            return Ok(left.min(LOOK_MAX));
        }
        let settings = BackupSettings {
            keep: self.keep,
            lease: LEASE,
            owner: format!("the service at {}", self.address),
            after: Some(self.every),
        };
        let BackupOutcome { manifest, sent_objects, sent_bytes, took, removed } =
            Box::pin(back_up(pool, &self.store, &settings, &|_| {}, stop.cancelled())).await?;
        let bytes = manifest.summary().bytes;
        counter!(BACKUPS, "outcome" => "done").increment(1);
        counter!(SENT_BYTES).increment(sent_bytes);
        gauge!(SECONDS).set(took.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        gauge!(BYTES).set(bytes as f64);
        if let Some(newest) = time_of(&manifest.name) {
            note_newest(newest);
        }
        tracing::info!(
            backup = manifest.name,
            bytes,
            sent_objects,
            sent_bytes,
            removed = removed.backups,
            seconds = took.as_secs_f64(),
            "backup.made: {} at {}",
            manifest.name,
            self.store.name()
        );
        Ok(self.every.min(LOOK_MAX))
    }
}

/// Returns when a stop has waited for long enough.
async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(RELEASE_WAIT).await;
}

fn note_newest(newest: OffsetDateTime) {
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age fit a double")]
    gauge!(NEWEST).set(newest.unix_timestamp() as f64);
}
