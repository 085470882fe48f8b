//! How far a computation on this machine is: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::stats::grouped;

/// Pause between plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Progress over a known number of events, or of something else.
pub struct WorkProgress {
    bar: Option<ProgressBar>,
    quiet: bool,
    events: u64,
    unit: &'static str,
    label: String,
    began: Instant,
    said: Instant,
}

impl WorkProgress {
    /// `quiet`: shows nothing.
    pub fn new(label: &str, events: usize, quiet: bool) -> Self {
        Self::of(label, events, "events", quiet)
    }

    /// The same over things of another name.
    pub fn of(label: &str, events: usize, unit: &'static str, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{bar:24.cyan/blue} {percent:>3}%  {msg}  {eta} left");
            ProgressBar::new(events as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self { bar, quiet, events: events as u64, unit, label: label.to_owned(), began: now, said: now }
    }

    /// Notes how many events are done; `note` says what a person may want to know by now.
    pub fn at(&mut self, events: usize, note: impl FnOnce() -> String) {
        let due = if self.bar.is_some() { Duration::from_millis(200) } else { PLAIN_EVERY };
        if self.quiet || self.said.elapsed() < due {
            return;
        }
        self.said = Instant::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rate for people"
        )]
        let rate = (events as f64 / self.began.elapsed().as_secs_f64().max(1e-3)) as u64;
        let line = format!("{}  {} {}  {}/s  {}", self.label, grouped(events as u64), self.unit, grouped(rate), note());
        match &self.bar {
            Some(bar) => {
                bar.set_position(events as u64);
                bar.set_message(line);
            }
            None => eprintln!("{line}  of {}", grouped(self.events)),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
