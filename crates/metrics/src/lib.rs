//! Descriptions of metrics: for the help texts that Prometheus shows, and for docs/reference/metrics.md.
//!
//! A crate or room that counts something has one [`MetricSection`] beside the code that counts. Each of its rows, a
//! [`MetricInfo`], states the name, type, unit, labels and help text of a metric. The composition root (`src/app.rs`)
//! lists all sections. It describes them to the recorder at start, so that `/metrics` has a help text for each.
//!
//! ```
//! use shelfmark_metrics::{Label, MODEL, MetricInfo, MetricSection};
//!
//! const RETRIES: &str = "shelfmark_log_retries_total";
//!
//! pub const METRICS: MetricSection = MetricSection::new(
//!     "Retries",
//!     &[MetricInfo::counter(RETRIES, "requests", "Requests that were sent again")
//!         .labels(&[MODEL, Label::one_of("cause", &["lost", "refused"])])],
//! );
//!
//! METRICS.describe();
//! metrics::counter!(RETRIES, "model" => "default", "cause" => "lost").increment(1);
//! assert!(METRICS.markdown().contains("`cause` (`lost`, `refused`) | Requests that were sent again |"));
//! ```
//!
//! **Promises.** Descriptions are constants, and describing them again changes nothing. The page has every row of the
//! sections that it is given, in their order.
//!
//! **Must not know** any other crate of the workspace, what is counted, or how metrics leave the process.
//!
//! **Used by** log, serving, and the rooms of the service that count. `tests/it/metrics.rs` compares the sections with
//! the page, and with what a running service answers.

use std::fmt::Write as _;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

/// Beginning of the generated page.
const PAGE_HEAD: &str = "# Metrics

<!-- Generated from the tables beside the code that counts: change those, then run
`SHELFMARK_UPDATE_DOCS=1 cargo test --test it metrics`. -->

`GET /metrics` has them in Prometheus' text form. What is worth an alert is in [monitor with
Prometheus](../how-to/monitor-with-prometheus.md). A metric with the label `model` has a series for each model of the
process.
";

/// Label of metrics that each model has for itself.
pub const MODEL: Label = Label::any("model");

/// Type of a metric, as in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A count that only grows while the process runs.
    Counter,
    /// A figure that rises and falls.
    Gauge,
    /// A distribution of observations, in buckets. The names end with `_seconds`.
    Histogram,
    /// A distribution of observations, in quantiles. It is recorded by `histogram!`, like the other.
    Summary,
}

impl MetricKind {
    /// Returns the name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// Label of a metric. It has few values: ids of users and items are never labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Name of the label.
    pub name: &'static str,
    /// All values that it can have; empty if they are not known beforehand, like names of models.
    pub values: &'static [&'static str],
}

impl Label {
    /// Describes a label whose values are not known beforehand.
    pub const fn any(name: &'static str) -> Self {
        Self { name, values: &[] }
    }

    /// Describes a label with these values.
    pub const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values }
    }

    fn markdown(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| format!("`{value}`")).collect();
        if values.is_empty() { format!("`{}`", self.name) } else { format!("`{}` ({})", self.name, values.join(", ")) }
    }
}

/// Description of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricInfo {
    /// Name of the metric.
    pub name: &'static str,
    /// Type of the metric.
    pub kind: MetricKind,
    /// Unit of its values, in the plural.
    pub unit: &'static str,
    /// Labels of the metric.
    pub labels: &'static [Label],
    /// What it counts or measures, without a full stop.
    pub help: &'static str,
}

impl MetricInfo {
    /// Describes a counter without labels.
    pub const fn counter(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Counter, unit, labels: &[], help }
    }

    /// Describes a gauge without labels.
    pub const fn gauge(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Gauge, unit, labels: &[], help }
    }

    /// Describes a histogram without labels.
    pub const fn histogram(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Histogram, unit, labels: &[], help }
    }

    /// Describes a summary without labels.
    pub const fn summary(name: &'static str, unit: &'static str, help: &'static str) -> Self {
        Self { name, kind: MetricKind::Summary, unit, labels: &[], help }
    }

    /// Returns the description with labels.
    pub const fn labels(self, labels: &'static [Label]) -> Self {
        Self { labels, ..self }
    }

    fn describe(&self) {
        match self.kind {
            MetricKind::Counter => describe_counter!(self.name, self.help),
            MetricKind::Gauge => describe_gauge!(self.name, self.help),
            MetricKind::Histogram | MetricKind::Summary => describe_histogram!(self.name, self.help),
        }
        if self.kind == MetricKind::Counter && self.labels.is_empty() {
            // An alert on the increase of a counter does not see a first value above 0.
            counter!(self.name).increment(0);
        }
    }
}

/// Metrics of one part of the service, under one heading of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSection {
    /// Heading of the section.
    pub heading: &'static str,
    /// Markdown between the heading and the table; empty for none.
    pub note: &'static str,
    /// Rows of the table.
    pub metrics: &'static [MetricInfo],
}

impl MetricSection {
    /// Makes a section without a note.
    pub const fn new(heading: &'static str, metrics: &'static [MetricInfo]) -> Self {
        Self { heading, note: "", metrics }
    }

    /// Returns the section with a note.
    pub const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// Gives all help texts to the recorder, and begins counters without labels at 0. Install the recorder first.
    pub fn describe(&self) {
        self.metrics.iter().for_each(MetricInfo::describe);
    }

    /// Formats heading, note and table in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.heading);
        if !self.note.is_empty() {
            text += self.note;
            text += "\n\n";
        }
        text += "| metric | type | unit | labels | what |\n|---|---|---|---|---|\n";
        for MetricInfo { name, kind, unit, labels, help } in self.metrics {
            let labels: Vec<String> = labels.iter().map(Label::markdown).collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "| `{name}` | {} | {unit} | {} | {help} |", kind.name(), labels.join(", "));
        }
        text
    }
}

/// Formats docs/reference/metrics.md.
pub fn reference_page(sections: &[MetricSection]) -> String {
    let sections = sections.iter().map(|section| format!("\n{}", section.markdown()));
    sections.fold(PAGE_HEAD.to_owned(), |page, section| page + &section)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: MetricSection = MetricSection::new(
        "Doors",
        &[
            MetricInfo::counter("shelfmark_doors_total", "doors", "Doors opened")
                .labels(&[MODEL, Label::one_of("side", &["left", "right"])]),
            MetricInfo::gauge("shelfmark_open_ratio", "ratio", "Share of open doors"),
        ],
    );

    #[test]
    fn a_section_is_a_heading_a_note_and_a_row_for_each_metric() {
        let page = reference_page(&[SECTION, SECTION.note("See there.")]);
        let rows = "| metric | type | unit | labels | what |\n|---|---|---|---|---|\n\
                    | `shelfmark_doors_total` | counter | doors | `model`, `side` (`left`, `right`) | Doors opened |\n\
                    | `shelfmark_open_ratio` | gauge | ratio |  | Share of open doors |\n";
        assert!(page.starts_with("# Metrics\n"), "{page}");
        assert!(page.ends_with(&format!("\n## Doors\n\n{rows}\n## Doors\n\nSee there.\n\n{rows}")), "{page}");
    }
}
