//! Logs and metrics of the process: where they go. Each room names its own metrics.
//!
//! Logs go to standard error, standard output is for what a command answers. Neither holds bodies, keys or user data.

use std::{io::IsTerminal, time::Instant};

use clap::{Args, ValueEnum};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Logs.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Logs")]
pub struct TelemetrySettings {
    /// What is logged: a level, or levels by part such as `info,shelfmark::http=debug`
    #[arg(long, env = "RUST_LOG", default_value = "info,sqlx=warn", value_name = "FILTER", global = true)]
    pub log: String,
    /// How log lines look
    #[arg(long, env = "SHELFMARK_LOG_FORMAT", default_value = "text", value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Seconds since the process began.
pub const UPTIME_SECONDS: &str = "shelfmark_uptime_seconds";
/// Always 1; the label `version` says which binary.
pub const BUILD_INFO: &str = "shelfmark_build_info";

/// Upper ends of the latency buckets, in seconds: from what a view answers in to the longest wait.
const SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Starts the log. A second call (tests) does nothing.
pub fn start_log(settings: &TelemetrySettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| anyhow::anyhow!("--log {:?} is not a filter: {error}", settings.log))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.log_format {
        LogFormat::Text => {
            // Colours are for people at a terminal, not for files and journals.
            let colours = std::io::stderr().is_terminal();
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
            registry.with(layer.with_target(false)).try_init()
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            registry.with(layer.json().flatten_event(true)).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("the log runs already");
    }
    Ok(())
}

/// Type of a metric, as Prometheus has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets of observations.
    Histogram,
}

/// Description of one metric: for the HELP line that Prometheus shows, and for docs/reference/metrics.md.
#[derive(Debug, Clone, Copy)]
pub struct MetricInfo {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: MetricKind,
    /// Its labels, in Markdown; empty without any.
    pub labels: &'static str,
    /// What it counts or measures, with its unit where the name does not say it.
    pub help: &'static str,
}

impl MetricInfo {
    /// Describes a metric.
    pub const fn new(name: &'static str, kind: MetricKind, labels: &'static str, help: &'static str) -> Self {
        Self { name, kind, labels, help }
    }

    /// Tells the recorder what the metric is.
    pub fn describe(&self) {
        match self.kind {
            MetricKind::Counter => describe_counter!(self.name, self.help),
            MetricKind::Gauge => describe_gauge!(self.name, self.help),
            MetricKind::Histogram => describe_histogram!(self.name, self.help),
        }
    }

    /// Returns the name of its type.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        }
    }
}

/// Returns a table of metrics in Markdown.
pub fn metrics_page(metrics: &[MetricInfo]) -> String {
    let mut page = "| metric | type | labels | what |\n|---|---|---|---|\n".to_owned();
    for metric in metrics {
        let MetricInfo { name, labels, help, .. } = metric;
        let labels = if labels.is_empty() { " ".to_owned() } else { format!(" {labels} ") };
        page += &format!("| `{name}` | {} |{labels}| {help} |\n", metric.kind_name());
    }
    page
}

/// Metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    began: Instant,
}

impl Metrics {
    /// Installs the recorder; the process has one.
    pub fn install() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
            .install_recorder()?;
        describe_gauge!(UPTIME_SECONDS, Unit::Seconds, "Seconds since the process began");
        describe_gauge!(BUILD_INFO, Unit::Count, "Which binary this is");
        gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { handle, began: Instant::now() })
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        gauge!(UPTIME_SECONDS).set(self.began.elapsed().as_secs_f64());
        self.handle.render()
    }

    /// Folds what histograms gathered into their buckets: without it their memory grows until somebody scrapes.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}
