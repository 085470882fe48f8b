//! Counts of reading, and the summary that a command ends with.

use std::fmt;

use indicatif::HumanCount;
use shelfmark_client::SendStats;
use shelfmark_datasets::feeds::BadLine;

use super::{progress_bar::whole, table::wrap};

/// Bad lines that are listed one by one; the others are only counted.
pub const SHOWN_MAX: u64 = 20;

/// Counts of the reading side.
#[derive(Debug, Clone, Default)]
pub struct ReadStats {
    /// Lines read, over all files.
    pub lines: u64,
    /// Lines that could not be used.
    pub bad: u64,
    /// Records that were understood and say nothing of an event or item.
    pub passed_over: u64,
    /// Events whose time is before that of the event before them in the same file.
    pub backwards: u64,
    /// Events passed over because the service has them (`--resume`).
    pub skipped: u64,
    /// Whether reading stopped early (`--strict`).
    pub stopped: bool,
}

impl ReadStats {
    /// Counts a bad line, and returns what is said of it if it is one of the first.
    pub fn count_bad(&mut self, file: &str, bad: &BadLine) -> Option<String> {
        self.bad += 1;
        let more = if self.bad == SHOWN_MAX { " (further bad lines are only counted)" } else { "" };
        (self.bad <= SHOWN_MAX).then(|| format!("{file}:{}: bad line: {}{more}", bad.line, bad.detail))
    }
}

impl fmt::Display for ReadStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "lines       {}", HumanCount(self.lines))?;
        write!(f, "bad lines   {}", HumanCount(self.bad))?;
        if self.passed_over > 0 {
            write!(f, "\npassed over {} (they say nothing of an event or item)", HumanCount(self.passed_over))?;
        }
        Ok(())
    }
}

/// Summary of a command that sends.
pub struct SendSummary<'a> {
    /// Counts of reading.
    pub read: &'a ReadStats,
    /// Counts of sending.
    pub sent: &'a SendStats,
    /// Whether there are lines of files to count.
    pub from_files: bool,
    /// Duration in seconds.
    pub seconds: f64,
}

impl fmt::Display for SendSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, sent, from_files, seconds } = self;
        if *from_files {
            writeln!(f, "{read}")?;
        }
        writeln!(f, "items       {}", HumanCount(sent.items))?;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = whole(sent.events as f64 / seconds.max(1e-3));
        writeln!(f, "events      {} in {seconds:.1} s, {} a second", HumanCount(sent.events), HumanCount(rate))?;
        if read.skipped > 0 {
            writeln!(f, "skipped     {} (there from an earlier run)", HumanCount(read.skipped))?;
        }
        writeln!(f, "accepted    {}", HumanCount(sent.accepted))?;
        writeln!(f, "duplicates  {}", HumanCount(sent.duplicates))?;
        let reasons: Vec<String> =
            sent.reasons.iter().map(|(code, count)| format!("{code}: {}", HumanCount(*count))).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        writeln!(f, "{}", wrap(&format!("rejected    {}{reasons}", HumanCount(sent.rejected))))?;
        if sent.retries > 0 {
            writeln!(f, "retries     {}", HumanCount(sent.retries))?;
        }
        write!(f, "position    {}", HumanCount(sent.position))?;
        if read.backwards > 0 {
            let told = format!(
                "{} events are earlier than the one before them in their file: the order of lines was kept; \
                 --sort sends them in order of time",
                HumanCount(read.backwards)
            );
            write!(f, "\n{}", wrap(&told))?;
        }
        Ok(())
    }
}
