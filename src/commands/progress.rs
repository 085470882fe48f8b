//! What a person sees while it runs: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use shelfmark::feeds::ReadSoFar;
use shelfmark_client::SendObserver;

use super::{
    client::{Client, ClientError, Status},
    stats::{SendStats, grouped},
};

/// How much there is to do.
pub enum Whole {
    /// Bytes of files, and how far each was read; `None` when one has no known size.
    Bytes(Option<u64>, Vec<ReadSoFar>),
    /// The same of a file of vectors.
    Vectors(Option<u64>, Vec<ReadSoFar>),
    /// Events.
    Events(u64),
}

/// Shared by the sending and the watching side.
pub struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    whole: Whole,
    began: Instant,
    events: AtomicU64,
    position: AtomicU64,
    lag: AtomicU64,
    /// When waiting was last mentioned.
    mentioned: Mutex<Option<Instant>>,
}

impl SendObserver for Progress {
    fn sent(&self, stats: &SendStats) {
        self.events.store(stats.events, Ordering::Relaxed);
        self.position.fetch_max(stats.position, Ordering::Relaxed);
    }

    fn stands(&self, status: Status) {
        self.position.fetch_max(status.head, Ordering::Relaxed);
        self.lag.store(status.lag_records, Ordering::Relaxed);
    }

    /// Says, at most once in five seconds, that a request has to be repeated.
    fn waiting(&self, error: &ClientError) {
        let mut mentioned = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        if mentioned.is_none_or(|at| at.elapsed() > Self::PLAIN_EVERY) {
            *mentioned = Some(Instant::now());
            drop(mentioned);
            self.say(&format!("{error}; trying again"));
        }
    }
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(250);
    /// Pause between plain lines.
    const PLAIN_EVERY: Duration = Duration::from_secs(5);

    /// `quiet`: only bad lines and the summary.
    pub fn new(whole: Whole, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let length = match &whole {
                Whole::Bytes(bytes, _) | Whole::Vectors(bytes, _) => *bytes,
                Whole::Events(events) => Some(*events),
            };
            let style = "{bar:24.cyan/blue} {percent:>3}%  {msg}";
            let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let style = if length.is_some() { style } else { "{spinner} {msg}" };
            bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self {
            bar,
            quiet,
            whole,
            began: Instant::now(),
            events: AtomicU64::new(0),
            position: AtomicU64::new(0),
            lag: AtomicU64::new(0),
            mentioned: Mutex::new(None),
        }
    }

    /// Writes a line above the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Looks at the model and shows where things stand, until dropped.
    pub async fn watch(&self, client: &Client) -> std::convert::Infallible {
        let mut said = Instant::now();
        let mut before = (Instant::now(), 0);
        let mut rate = 0.0;
        loop {
            tokio::time::sleep(Self::EVERY).await;
            if self.quiet {
                continue;
            }
            if let Ok(status) = client.status().await {
                self.stands(status);
            }
            let events = self.events.load(Ordering::Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let now = (events - before.1) as f64 / before.0.elapsed().as_secs_f64().max(1e-3);
            // Smoothed, so that it can be read.
            rate = if rate == 0.0 { now } else { 0.7 * rate + 0.3 * now };
            before = (Instant::now(), events);
            if let Some(bar) = &self.bar {
                bar.set_position(self.done());
                bar.set_message(self.line(events, rate));
                bar.tick();
            } else if said.elapsed() >= Self::PLAIN_EVERY {
                said = Instant::now();
                self.say(&self.line(events, rate));
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn done(&self) -> u64 {
        match &self.whole {
            Whole::Bytes(_, files) | Whole::Vectors(_, files) => files.iter().map(ReadSoFar::bytes).sum(),
            Whole::Events(_) => self.events.load(Ordering::Relaxed),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "figures for people"
    )]
    fn line(&self, events: u64, rate: f64) -> String {
        let whole = match &self.whole {
            Whole::Bytes(bytes, _) | Whole::Vectors(bytes, _) => *bytes,
            Whole::Events(events) => Some(*events),
        };
        let done = self.done();
        let eta = whole.filter(|_| done > 0).map(|whole| {
            let left = whole.saturating_sub(done) as f64 / done as f64 * self.began.elapsed().as_secs_f64();
            format!("  {} s left", grouped(left.ceil() as u64))
        });
        let what = if matches!(self.whole, Whole::Vectors(..)) { "vectors" } else { "events" };
        format!(
            "{} {what}  {}/s{}  position {}  lag {}",
            grouped(events),
            grouped(rate as u64),
            eta.unwrap_or_default(),
            grouped(self.position.load(Ordering::Relaxed)),
            grouped(self.lag.load(Ordering::Relaxed)),
        )
    }
}
