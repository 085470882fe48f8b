//! `shelfmark bench`: latency of a running service at fixed rates of requests.
//!
//! The load itself is `crates/loadgen`. Here are its arguments, the events that it sends ([`events`]), its progress
//! ([`monitor`]), and its report as tables ([`display`]) and as curves ([`plot`]).

mod display;
mod events;
mod monitor;
mod plot;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::Value;
use shelfmark_client::{ApiRequest, Client};
use shelfmark_datasets::feeds::ShopSettings;
use shelfmark_loadgen::{
    Endpoint, Load, LoadReport, Method, PerKind, RequestBodies, RequestKind, RequestTemplate, StepReport,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{display::ReportTables, events::BenchEvents, monitor::LoadMonitor};
use super::client_command::ServiceArgs;

/// Connections of probes.
const PROBE_CONNECTIONS: usize = 2;
/// Most pieces that the report divides the time into.
const PIECES_MAX: u32 = 200;
/// Shortest piece.
const PIECE_MIN: Duration = Duration::from_millis(250);
/// Users that are asked for beforehand, to see whether the model knows them.
const SAMPLE: usize = 20;

/// Measure the latency of a running service under requests at fixed rates (open loop).
///
/// Sends recommendations and events at fixed rates, whether the service keeps up or not. Each time counts from the
/// time it was due, so a stall shows in every request that it delays. The model learns the events, so use a model of
/// its own. Users and events come from files, as `shelfmark replay` reads them, or from the shop that
/// `shelfmark demo` posts with the same --items, --shoppers and --seed. Ends with status 1 when nothing was answered.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// Files of events to send, and of users to ask for. The first 100,000 events are sent again and again.
    #[arg(value_name = "FILE", conflicts_with_all = ["items", "shoppers", "seed"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArgs,
    /// Recommendations per second; 0 for none.
    #[arg(long, default_value = "500", value_parser = rate_or_none, value_name = "RATE")]
    recommendations: f64,
    /// Rates of recommendations per second, one after the other, each for --duration, such as 100,200,400. Finds the
    /// highest rate that the service keeps up with.
    #[arg(long, value_delimiter = ',', value_parser = super::replay::rate, value_name = "RATES", conflicts_with = "recommendations")]
    steps: Vec<f64>,
    /// Events per second; 0 for none.
    #[arg(long, default_value = "50", value_parser = rate_or_none, value_name = "RATE")]
    events: f64,
    /// Number of events of a request.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000), value_name = "N")]
    batch: u16,
    /// Requests to /livez per second, which show what HTTP, this client and the machine take by themselves; 0 for
    /// none.
    #[arg(long, default_value = "10", value_parser = rate_or_none, value_name = "RATE")]
    probes: f64,
    /// Seconds of each step that count.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400), value_name = "SECONDS")]
    duration: u64,
    /// Seconds of each step before counting begins, at the same rates.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS")]
    warmup: u64,
    /// Number of connections for recommendations, and as many for events. Each has at most one request under way.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096), value_name = "N")]
    connections: u16,
    /// Milliseconds after which a request that is due, and had no free connection, is not sent but counted as such.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=60_000), value_name = "MS")]
    late_ms: u64,
    /// Seconds after which a request without an answer has failed.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300), value_name = "SECONDS")]
    timeout: u64,
    /// Number of items of a recommendation.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000), value_name = "N")]
    limit: u16,
    /// Number of items of the generated shop.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(24..=1_000_000), value_name = "N")]
    items: u32,
    /// Number of shoppers of the generated shop.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(16..=1_000_000), value_name = "N")]
    shoppers: u32,
    /// Seed of the generated shop.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Number of threads that send.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64), value_name = "N")]
    threads: u8,
    /// Write the report to standard output as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// File for curves of response times over time.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

/// Parses a rate per second.
fn rate_or_none(text: &str) -> Result<f64, String> {
    if text == "0" { Ok(0.0) } else { super::replay::rate(text) }
}

/// Runs the command.
pub fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(usize::from(args.threads)).enable_all().build();
    runtime.context("the async runtime cannot start")?.block_on(measure(args))
}

impl BenchArgs {
    /// Returns the rates per second of each step. Those of events count requests.
    fn rates(&self) -> anyhow::Result<Vec<PerKind<f64>>> {
        let steps = if self.steps.is_empty() { std::slice::from_ref(&self.recommendations) } else { &self.steps };
        let events = self.events / f64::from(self.batch);
        let rates = steps.iter().map(|recommendations| {
            PerKind::new(|kind| match kind {
                RequestKind::Recommendations => *recommendations,
                RequestKind::Events => events,
                RequestKind::Probes => self.probes,
            })
        });
        let rates: Vec<PerKind<f64>> = rates.collect();
        if rates.iter().all(|rates| rates[RequestKind::Recommendations] + rates[RequestKind::Events] <= 0.0) {
            bail!("--recommendations and --events are both 0: there is nothing to measure");
        }
        Ok(rates)
    }

    async fn source(&self) -> anyhow::Result<BenchEvents> {
        let files = self.files.clone();
        let shop = ShopSettings {
            seed: self.seed,
            items: usize::try_from(self.items)?,
            shoppers: usize::try_from(self.shoppers)?,
            ..ShopSettings::default()
        };
        let read = move || {
            if files.is_empty() { Ok(BenchEvents::generated(shop)) } else { BenchEvents::from_files(&files) }
        };
        tokio::task::spawn_blocking(read).await.context("the reading thread failed")?
    }

    fn load(&self, bodies: RequestBodies, steps: usize) -> anyhow::Result<Load> {
        let endpoint = Arc::new(Endpoint::new(&self.service.address(), Duration::from_secs(self.timeout))?);
        let template = |method, path, bodies| -> anyhow::Result<Arc<RequestTemplate>> {
            Ok(Arc::new(RequestTemplate { request: endpoint.request(method, path)?, bodies }))
        };
        let recommendations = template(Method::POST, "recommendations", bodies.queries)?;
        let events = template(Method::POST, "events", bodies.appends)?;
        let probes = template(Method::GET, "/livez", vec![bytes::Bytes::new()])?;
        let duration = Duration::from_secs(self.duration);
        let all = duration * u32::try_from(steps)?;
        Ok(Load {
            endpoint,
            templates: PerKind::new(|kind| match kind {
                RequestKind::Recommendations => Arc::clone(&recommendations),
                RequestKind::Events => Arc::clone(&events),
                RequestKind::Probes => Arc::clone(&probes),
            }),
            connections: PerKind::new(|kind| match kind {
                RequestKind::Recommendations | RequestKind::Events => usize::from(self.connections),
                RequestKind::Probes => PROBE_CONNECTIONS,
            }),
            late_max: Duration::from_millis(self.late_ms),
            warmup: Duration::from_secs(self.warmup),
            duration,
            piece: (all / PIECES_MAX).max(PIECE_MIN),
        })
    }
}

async fn measure(args: BenchArgs) -> anyhow::Result<ExitCode> {
    let steps = args.rates()?;
    if let Some(path) = &args.plot {
        // Fail before the load, not after it, when the file cannot be written.
        std::fs::write(path, "").with_context(|| format!("--plot {}", path.display()))?;
    }
    let client = args.service.client()?;
    client.status().await.context("the service does not answer as it should")?;
    let BenchEvents { events, source } = args.source().await?;
    let bodies = RequestBodies::new(&events, args.limit, usize::from(args.batch))?;
    drop(events);
    if !args.quiet
        && let Some(warning) = unknown_users(&client, &bodies).await?
    {
        eprintln!("{warning}");
    }
    let mut report = LoadReport {
        url: args.service.server.url.to_string(),
        model: args.service.model.to_string(),
        source,
        events_per_request: usize::from(args.batch),
        connections: args.connections,
        interrupted: false,
        kept_up_with: None,
        steps: Vec::with_capacity(steps.len()),
    };
    let load = args.load(bodies, steps.len())?;
    let stop = CancellationToken::new();
    let mut signals = JoinSet::new();
    let interrupted = stop.clone();
    signals.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let mut monitor = LoadMonitor::new(&client, &load, &steps, args.quiet);
    for (number, rates) in steps.iter().enumerate() {
        let step = load.step(rates);
        tokio::select! {
            ended = load.run(&step, &stop) => ended?,
            never = monitor.run(&step, rates) => match never {},
        }
        let now = Instant::now();
        let elapsed = step.elapsed(now).min(load.duration);
        let due = PerKind::new(|kind| step.due(kind, now));
        let before = load.duration * u32::try_from(number)?;
        report.steps.push(StepReport::new(&step.record.lock(), rates, &due, (before, elapsed), monitor.ended(rates)));
        if stop.is_cancelled() {
            report.interrupted = true;
            break;
        }
    }
    monitor.finish();
    report.find_knee();
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::svg(&report)).with_context(|| format!("--plot {}", path.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", ReportTables(&report));
    }
    Ok(if report.answered() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns a warning when the model does not know some of the users. They get popular items, which costs no search.
async fn unknown_users(client: &Client, bodies: &RequestBodies) -> anyhow::Result<Option<String>> {
    let sample = bodies.queries.iter().step_by(bodies.queries.len().div_ceil(SAMPLE));
    let (mut asked, mut unknown) = (0, 0);
    for query in sample {
        let query: Value = serde_json::from_slice(query)?;
        let answer: Value = client.send(ApiRequest::post(&["recommendations"]).json(query)).await?;
        asked += 1;
        unknown += u32::from(!answer["fallback"].is_null());
    }
    let warning = format!(
        "{unknown} of {asked} sampled users are not known to the model and get what is popular, without a search: post the same \
         events first (shelfmark replay, or shelfmark demo with the same --items, --shoppers and --seed)"
    );
    Ok((unknown > 0).then_some(warning))
}
