//! Reports of a load as tables.

use std::fmt;

use indicatif::HumanCount;
use shelfmark_loadgen::{Lag, LoadReport, Quantiles, RequestKind, StepReport};

use crate::commands::{
    progress_bar::whole,
    table::{Align, Table},
};

/// Text form of a report.
pub struct ReportTables<'a>(pub &'a LoadReport);

impl fmt::Display for ReportTables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        if report.interrupted {
            let seconds: f64 = report.steps.iter().map(|step| step.seconds).sum();
            writeln!(f, "interrupted: what follows is of {seconds:.1} s")?;
        }
        if let [step] = report.steps.as_slice() {
            return self.one(f, step);
        }
        let right = |name| (name, Align::Right, 10);
        let mut table =
            Table::new(&["asked/s", "answered", "refused", "lost", "p50 ms", "p99", "p99.9", "max", "lag"].map(right));
        for step in &report.steps {
            let Some(requests) = &step.recommendations else { continue };
            let [p50, _, p99, p999, max] = cells(requests.response_ms.as_ref());
            let lost = requests.failed + requests.unsent + requests.unfinished;
            table.row([
                rate(requests.asked_per_second),
                rate(requests.answered_per_second),
                per_second(requests.refused, step.seconds),
                per_second(lost, step.seconds),
                p50,
                p99,
                p999,
                max,
                step.lag.records_max.map_or_else(|| "-".to_owned(), count),
            ]);
        }
        write!(f, "{table}")?;
        match report.kept_up_with {
            Some(kept) => writeln!(f, "99% were answered at up to {} recommendations a second", rate(kept)),
            None => writeln!(f, "at no rate were 99% answered"),
        }
    }
}

impl ReportTables<'_> {
    /// Writes a single step, by kind.
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
            let counts = [name.to_owned(), HumanCount(count).to_string(), per_second(count, step.seconds)];
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
                errors += &format!("{}: {} times {why}\n", kind.name(), HumanCount(*count));
            }
        }
        write!(f, "{table}{errors}")?;
        if self.0.events_per_request > 1 && step.events.is_some() {
            writeln!(f, "a request had {} events", self.0.events_per_request)?;
        }
        if let Lag { records_max: Some(most), records_last: Some(last) } = step.lag {
            writeln!(f, "lag: at most {} records, {} at the end", HumanCount(most), HumanCount(last))?;
        }
        let delay = RequestKind::ALL.iter().filter_map(|kind| step.of(*kind)?.delay_ms);
        if let Some(delay) = delay.max_by(|one, other| one.p99.total_cmp(&other.p99)) {
            writeln!(f, "sent late by {} ms (p50), {} ms (p99)", short(delay.p50), short(delay.p99))?;
        }
        Ok(())
    }
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

fn cells(quantiles: Option<&Quantiles>) -> [String; 5] {
    quantiles.map_or_else(Default::default, |q| [q.p50, q.p90, q.p99, q.p999, q.max].map(short))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(count: u64, seconds: f64) -> String {
    rate(count as f64 / seconds.max(1e-3))
}

/// Formats a rate: a whole number, with a decimal when it is small.
fn rate(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { count(whole(rate.round())) }
}

/// Formats milliseconds in at most six characters, up to a quarter of an hour.
pub fn short(ms: f64) -> String {
    let decimals = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
    format!("{ms:.decimals$}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use shelfmark_loadgen::{PerKind, Record, RequestOutcome, Times};

    use super::*;

    fn text(report: &LoadReport) -> String {
        ReportTables(report).to_string()
    }

    fn report(rates: &[f64]) -> LoadReport {
        let step = |rate: &f64| {
            let begin = Instant::now();
            let at = |ms| begin + Duration::from_millis(ms);
            let mut record = Record::new(begin, Duration::from_millis(250), 4);
            // The service answers 100 of them and refuses the others.
            for number in 0..1000 {
                let times = Times { due: at(number), sent: at(number + 1), ended: at(number + 3) };
                let refused = RequestOutcome::Refused("503 overloaded".to_owned());
                let outcome = if number % 10 == 0 || *rate < 500.0 { RequestOutcome::Answered } else { refused };
                record.ended(RequestKind::Recommendations, times, outcome);
            }
            let rates = PerKind::new(|kind| if kind == RequestKind::Recommendations { *rate } else { 0.0 });
            let lag = Lag { records_max: Some(1234), records_last: Some(0) };
            let times = (Duration::ZERO, Duration::from_secs(1));
            StepReport::new(&record, &rates, &PerKind::new(|_| 1003), times, lag)
        };
        let mut report = LoadReport {
            url: "http://h".to_owned(),
            model: "default".to_owned(),
            source: "generated".to_owned(),
            events_per_request: 1,
            connections: 64,
            interrupted: false,
            kept_up_with: None,
            steps: rates.iter().map(step).collect(),
        };
        report.find_knee();
        report
    }

    #[test]
    fn the_tables_fit_80_columns_and_say_what_was_not_answered() {
        let one = text(&report(&[1000.0]));
        assert!(one.lines().all(|line| line.chars().count() <= 80), "{one}");
        for said in
            ["recommendations", "answered", "refused", "unfinished", "900 times 503 overloaded", "lag: at most 1,234"]
        {
            assert!(one.contains(said), "{said}: {one}");
        }
        let steps = text(&report(&[100.0, 400.0, 1_000_000.0]));
        assert!(steps.lines().all(|line| line.chars().count() <= 80), "{steps}");
        assert!(steps.ends_with("99% were answered at up to 400 recommendations a second\n"), "{steps}");
        assert!(text(&report(&[900.0, 901.0])).ends_with("at no rate were 99% answered\n"));
    }

    #[test]
    fn what_is_due_is_the_sum_of_what_became_of_it() {
        let report = serde_json::to_value(report(&[1000.0])).expect("JSON");
        let requests = &report["steps"][0]["recommendations"];
        let of = |name: &str| requests[name].as_u64().expect("a count");
        let sum: u64 = ["answered", "refused", "failed", "unsent", "unfinished"].into_iter().map(of).sum();
        assert_eq!((of("due"), of("unfinished"), sum), (1003, 3, 1003), "{requests}");
        assert_eq!(requests["response_ms"]["p50"], 3.001, "three digits: 3 ms to 3.001");
        let answered = |piece: usize| report["steps"][0]["pieces"][piece]["recommendations"]["answered"].clone();
        assert_eq!([0, 1, 2, 3].map(answered), [25, 25, 25, 25]);
    }
}
