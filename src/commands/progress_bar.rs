//! Progress on standard error: a bar on a terminal, a line every five seconds elsewhere.

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Pause between updates of a bar.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// Pause between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Display of how far something is.
pub struct ProgressDisplay {
    bar: Option<ProgressBar>,
    quiet: bool,
    total: Option<u64>,
    began: Instant,
    updated: Mutex<Instant>,
}

impl ProgressDisplay {
    /// Makes a display of `total` units, or of an unknown number. A `quiet` one shows nothing but [`Self::println`].
    pub fn new(total: Option<u64>, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let (bar, style) = match total {
                Some(total) => (ProgressBar::new(total), "{bar:24.cyan/blue} {percent:>3}%  {msg}"),
                None => (ProgressBar::new_spinner(), "{spinner} {msg}"),
            };
            bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self { bar, quiet, total, began: now, updated: Mutex::new(now) }
    }

    /// Shows the position and a message, unless the last update was a moment ago.
    pub fn update(&self, position: u64, message: impl FnOnce() -> String) {
        if self.quiet {
            return;
        }
        let pause = if self.bar.is_some() { BAR_EVERY } else { LINE_EVERY };
        {
            let mut updated = self.updated.lock().unwrap_or_else(PoisonError::into_inner);
            if updated.elapsed() < pause {
                return;
            }
            *updated = Instant::now();
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(position);
                bar.set_message(message());
                bar.tick();
            }
            None => eprintln!("{}", message()),
        }
    }

    /// Estimates the time left at this position, as in `  12 s left`; empty while there is nothing to go by.
    pub fn time_left(&self, position: u64) -> String {
        let Some(total) = self.total.filter(|_| position > 0) else { return String::new() };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let left = total.saturating_sub(position) as f64 / position as f64 * self.began.elapsed().as_secs_f64();
        format!("  {} s left", HumanCount(whole(left.ceil())))
    }

    /// Writes a line above the bar.
    pub fn println(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Progress of a computation on this machine over a known number of events, or of other units.
pub struct WorkProgress {
    display: ProgressDisplay,
    label: String,
    unit: &'static str,
    total: u64,
}

impl WorkProgress {
    /// Makes a display for so many events.
    pub fn events(label: &str, events: usize, quiet: bool) -> Self {
        Self::new(label, events, "events", quiet)
    }

    /// Makes a display for so many units of this name.
    pub fn new(label: &str, total: usize, unit: &'static str, quiet: bool) -> Self {
        let total = total as u64;
        Self { display: ProgressDisplay::new(Some(total), quiet), label: label.to_owned(), unit, total }
    }

    /// Shows how many units are done, with their rate and a note.
    pub fn update(&self, done: usize, note: impl FnOnce() -> String) {
        let done = done as u64;
        self.display.update(done, || {
            format!(
                "{}  {} of {} {}  {}/s{}  {}",
                self.label,
                HumanCount(done),
                HumanCount(self.total),
                self.unit,
                HumanCount(rate(done, self.display.began.elapsed())),
                self.display.time_left(done),
                note()
            )
        });
    }

    /// Removes the display.
    pub fn finish(&self) {
        self.display.finish();
    }
}

/// Returns a count per second, as a whole number.
pub fn rate(count: u64, time: Duration) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = count as f64 / time.as_secs_f64().max(1e-3);
    whole(rate)
}

/// Cuts the decimals of a positive number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive figures for people")]
pub fn whole(number: f64) -> u64 {
    number as u64
}
