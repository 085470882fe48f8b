//! Logs and metrics of the process: where they go. Crates and rooms describe their own metrics.
//!
//! Logs go to standard error, standard output is for what a command answers. Neither holds bodies, keys or user data.

mod model_recorder;

use std::{
    io::IsTerminal,
    sync::{Arc, OnceLock},
    time::Instant,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use model_recorder::ModelRecorder;
use shelfmark_metrics::{Label, MetricInfo, MetricSection};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Logs.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Logs")]
pub struct TelemetrySettings {
    /// Filter of log lines: a level, or levels by module, such as `info,shelfmark::http=debug`.
    #[arg(long, env = "RUST_LOG", default_value = "info,sqlx=warn", value_name = "FILTER", global = true)]
    pub log: String,
    /// Format of log lines.
    #[arg(long, env = "SHELFMARK_LOG_FORMAT", default_value = "text", value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

const UPTIME_SECONDS: &str = "shelfmark_uptime_seconds";
const BUILD_INFO: &str = "shelfmark_build_info";

/// Metrics of the process.
pub const METRICS: MetricSection = MetricSection::new(
    "Process",
    &[
        MetricInfo::gauge(BUILD_INFO, "always 1", "Version of the running binary").labels(&[Label::any("version")]),
        MetricInfo::gauge(UPTIME_SECONDS, "seconds", "Time since the process began"),
    ],
);

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

fn prometheus_recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .expect("there are buckets")
        .build_recorder()
}

/// The recorder of the process, as the one of `metrics` is.
static RECORDER: OnceLock<Arc<ModelRecorder>> = OnceLock::new();

/// Forgets the series of a model that is no more.
pub fn forget_model(model: &str) {
    if let Some(recorder) = RECORDER.get() {
        recorder.forget(model);
    }
}

/// Metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<ModelRecorder>,
    began: Instant,
}

impl Metrics {
    /// Installs the recorder, and gives it the help texts of all metrics. The process has one.
    pub fn install(sections: &[MetricSection]) -> anyhow::Result<Self> {
        let recorder = Arc::new(ModelRecorder::new(prometheus_recorder));
        metrics::set_global_recorder(Arc::clone(&recorder)).context("metrics go elsewhere already")?;
        let recorder = Arc::clone(RECORDER.get_or_init(|| recorder));
        sections.iter().for_each(MetricSection::describe);
        gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self { recorder, began: Instant::now() })
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        gauge!(UPTIME_SECONDS).set(self.began.elapsed().as_secs_f64());
        self.recorder.render()
    }

    /// Folds what histograms gathered into their buckets: without it their memory grows until somebody scrapes.
    pub fn upkeep(&self) {
        self.recorder.upkeep();
    }
}
