//! What came of a run, as tables that fit a terminal.

use std::fmt;

use super::{
    record::RequestKind,
    report::{Lag, LoadReport, Quantiles, StepReport},
};
use crate::commands::{
    stats::grouped,
    table::{Align, Table},
};

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.interrupted {
            let seconds: f64 = self.steps.iter().map(|step| step.seconds).sum();
            writeln!(f, "interrupted: what follows is of {seconds:.1} s")?;
        }
        if let [step] = self.steps.as_slice() {
            return self.one(f, step);
        }
        let right = |name| (name, Align::Right, 10);
        let mut table =
            Table::new(&["asked/s", "answered", "refused", "lost", "p50 ms", "p99", "p99.9", "max", "lag"].map(right));
        for step in &self.steps {
            let Some(requests) = &step.recommendations else { continue };
            let [p50, _, p99, p999, max] = cells(requests.response_ms.as_ref());
            let lost = requests.failed + requests.unsent + requests.unfinished;
            table.row([
                whole(requests.asked_per_second),
                whole(requests.answered_per_second),
                per_second(requests.refused, step.seconds),
                per_second(lost, step.seconds),
                p50,
                p99,
                p999,
                max,
                step.lag.records_max.map_or_else(|| "-".to_owned(), grouped),
            ]);
        }
        write!(f, "{table}")?;
        match self.kept_up_with {
            Some(rate) => writeln!(f, "99% were answered at up to {} recommendations a second", whole(rate)),
            None => writeln!(f, "at no rate were 99% answered"),
        }
    }
}

impl LoadReport {
    /// A single step, by kind.
    fn one(&self, f: &mut fmt::Formatter<'_>, step: &StepReport) -> fmt::Result {
        let right = |name, max| (name, Align::Right, max);
        let mut table = Table::new(&[
            ("", Align::Left, 18),
            right("requests", 11),
            right("a second", 9),
            right("p50 ms", 7),
            right("p90", 7),
            right("p99", 7),
            right("p99.9", 7),
            right("max", 7),
        ]);
        let mut row = |name: &str, count: u64, quantiles: Option<&Quantiles>| {
            let counts = [name.to_owned(), grouped(count), per_second(count, step.seconds)];
            table.row(counts.into_iter().chain(cells(quantiles)));
        };
        let mut errors = String::new();
        for kind in RequestKind::ALL {
            let Some(requests) = step.of(kind) else { continue };
            row(kind.name(), requests.due, None);
            row("  answered", requests.answered, requests.response_ms.as_ref());
            row("  since sent", requests.answered, requests.service_ms.as_ref());
            for (name, count, quantiles) in [
                ("  refused", requests.refused, requests.refusal_ms.as_ref()),
                ("  failed", requests.failed, None),
                ("  not sent", requests.unsent, None),
                ("  unfinished", requests.unfinished, None),
            ] {
                if count > 0 {
                    row(name, count, quantiles);
                }
            }
            for (why, count) in &requests.errors {
                errors += &format!("{}: {} times {why}\n", kind.name(), grouped(*count));
            }
        }
        write!(f, "{table}{errors}")?;
        if self.events_per_request > 1 && step.events.is_some() {
            writeln!(f, "a request had {} events", self.events_per_request)?;
        }
        if let Lag { records_max: Some(most), records_last: Some(last) } = step.lag {
            writeln!(f, "lag: at most {} records, {} at the end", grouped(most), grouped(last))?;
        }
        let delay = RequestKind::ALL.iter().filter_map(|kind| step.of(*kind)?.delay_ms);
        if let Some(delay) = delay.max_by(|one, other| one.p99.total_cmp(&other.p99)) {
            writeln!(f, "sent late by {} ms (p50), {} ms (p99)", short(delay.p50), short(delay.p99))?;
        }
        Ok(())
    }
}

fn cells(quantiles: Option<&Quantiles>) -> [String; 5] {
    quantiles.map_or_else(Default::default, |q| [q.p50, q.p90, q.p99, q.p999, q.max].map(short))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, seconds: f64) -> String {
    whole(count as f64 / seconds.max(1e-3))
}

/// A rate for people: whole, with a decimal when it is small.
fn whole(rate: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are positive and small")]
    let text = if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { grouped(rate.round() as u64) };
    text
}

/// Milliseconds in at most six characters, up to a quarter of an hour.
pub fn short(ms: f64) -> String {
    let decimals = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.decimals$}")
}
