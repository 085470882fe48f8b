//! What was read, sent and answered.

use std::fmt;

pub use shelfmark_client::{SHOWN_MAX, SendStats};

/// Counts of the reading side.
#[derive(Debug, Clone, Default)]
pub struct ReadStats {
    /// Lines read, over all files.
    pub lines: u64,
    /// Lines that could not be used.
    pub bad: u64,
    /// Events whose time is before that of the event before them in the same file.
    pub backwards: u64,
    /// Events passed over because the service has them (`--resume`).
    pub skipped: u64,
    /// Whether reading stopped early (`--strict`).
    pub stopped: bool,
}

/// A whole number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The last word of a command.
pub struct SendSummary<'a> {
    /// Reading.
    pub read: &'a ReadStats,
    /// Sending.
    pub sent: &'a SendStats,
    /// Whether lines mean something (not for generated events).
    pub from_files: bool,
    /// Seconds it took.
    pub seconds: f64,
}

impl fmt::Display for SendSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, sent, from_files, seconds } = self;
        if *from_files {
            writeln!(f, "lines       {}", grouped(read.lines))?;
            writeln!(f, "bad lines   {}", grouped(read.bad))?;
        }
        writeln!(f, "items       {}", grouped(sent.items))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rate for people"
        )]
        let rate = (sent.events as f64 / seconds.max(1e-3)) as u64;
        writeln!(f, "events      {} in {seconds:.1} s, {} a second", grouped(sent.events), grouped(rate))?;
        if read.skipped > 0 {
            writeln!(f, "skipped     {} (there from an earlier run)", grouped(read.skipped))?;
        }
        writeln!(f, "accepted    {}", grouped(sent.accepted))?;
        writeln!(f, "duplicates  {}", grouped(sent.duplicates))?;
        write!(f, "rejected    {}", grouped(sent.rejected))?;
        for (place, (code, count)) in sent.reasons.iter().enumerate() {
            let before = if place == 0 { " (" } else { ", " };
            write!(f, "{before}{code}: {}", grouped(*count))?;
        }
        writeln!(f, "{}", if sent.reasons.is_empty() { "" } else { ")" })?;
        if sent.retries > 0 {
            writeln!(f, "retries     {}", grouped(sent.retries))?;
        }
        write!(f, "position    {}", grouped(sent.position))?;
        if read.backwards > 0 {
            write!(
                f,
                "\n{} events are earlier than the one before them in their file: the order of lines was kept; \
                 --sort sends them in order of time",
                grouped(read.backwards)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
