//! Progress of sending: what was read and answered, and how far learning is behind.

use std::{
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::HumanCount;
use shelfmark_client::{Client, ClientError, ModelStatus, Observer, SendStats};
use shelfmark_datasets::feeds::ReadSoFar;

use super::progress_bar::{ProgressDisplay, whole};

/// Pause between two readings of the model's status.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Pause between two lines about requests that have to be repeated.
const RETRY_LINE_EVERY: Duration = Duration::from_secs(5);

/// Amount of work.
pub enum Work {
    /// Files of events: their bytes, if all sizes are known, and how far each is read.
    Events(Option<u64>, Vec<ReadSoFar>),
    /// Files of vectors, likewise.
    Vectors(Option<u64>, Vec<ReadSoFar>),
    /// A number of generated events.
    Generated(u64),
}

/// Progress that the sending side and the polling side share.
pub struct SendProgress {
    display: ProgressDisplay,
    quiet: bool,
    work: Work,
    events: AtomicU64,
    position: AtomicU64,
    lag: AtomicU64,
    /// Time of the last line about a retry.
    retry_line: Mutex<Option<Instant>>,
}

impl SendProgress {
    /// Makes a display of the work. A `quiet` one shows bad lines and retries alone.
    pub fn new(work: Work, quiet: bool) -> Self {
        let total = match &work {
            Work::Events(bytes, _) | Work::Vectors(bytes, _) => *bytes,
            Work::Generated(events) => Some(*events),
        };
        Self {
            display: ProgressDisplay::new(total, quiet),
            quiet,
            work,
            events: AtomicU64::new(0),
            position: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            retry_line: Mutex::new(None),
        }
    }

    /// Writes a line above the bar.
    pub fn println(&self, line: &str) {
        self.display.println(line);
    }

    /// Reads the status of the model and shows it, until dropped.
    pub async fn poll(&self, client: &Client) -> Infallible {
        let mut before = (Instant::now(), 0);
        let mut rate = 0.0;
        loop {
            tokio::time::sleep(POLL_EVERY).await;
            if self.quiet {
                continue;
            }
            if let Ok(status) = client.status().await {
                self.on_status(status);
            }
            let events = self.events.load(Ordering::Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let now = (events - before.1) as f64 / before.0.elapsed().as_secs_f64().max(1e-3);
            // Smoothed, so that it can be read.
            rate = if rate == 0.0 { now } else { 0.7 * rate + 0.3 * now };
            before = (Instant::now(), events);
            let done = self.done();
            self.display.update(done, || self.line(events, rate, done));
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.display.finish();
    }

    fn done(&self) -> u64 {
        match &self.work {
            Work::Events(_, files) | Work::Vectors(_, files) => files.iter().map(ReadSoFar::bytes).sum(),
            Work::Generated(_) => self.events.load(Ordering::Relaxed),
        }
    }

    fn line(&self, events: u64, rate: f64, done: u64) -> String {
        format!(
            "{} {}  {}/s{}  position {}  lag {}",
            HumanCount(events),
            if matches!(self.work, Work::Vectors(..)) { "vectors" } else { "events" },
            HumanCount(whole(rate)),
            self.display.time_left(done),
            HumanCount(self.position.load(Ordering::Relaxed)),
            HumanCount(self.lag.load(Ordering::Relaxed)),
        )
    }
}

impl Observer for SendProgress {
    fn on_sent(&self, stats: &SendStats) {
        self.events.store(stats.events, Ordering::Relaxed);
        self.position.fetch_max(stats.position, Ordering::Relaxed);
    }

    fn on_status(&self, status: ModelStatus) {
        self.position.fetch_max(status.head, Ordering::Relaxed);
        self.lag.store(status.lag_records, Ordering::Relaxed);
    }

    fn on_retry(&self, error: &ClientError) {
        let mut retry_line = self.retry_line.lock().unwrap_or_else(PoisonError::into_inner);
        if retry_line.is_none_or(|at| at.elapsed() > RETRY_LINE_EVERY) {
            *retry_line = Some(Instant::now());
            drop(retry_line);
            self.println(&format!("{error}; trying again"));
        }
    }
}
