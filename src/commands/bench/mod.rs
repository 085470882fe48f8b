//! `shelfmark bench`: how quick a running service is under a load that does not wait for it.
//!
//! Requests are due at fixed rates ([`schedule`]); bodies are made beforehand ([`request_bodies`]); senders with a connection each
//! ([`load`], [`connection`]) send what is due, and every request that was due is accounted for ([`record`]): answered,
//! refused, failed, or not sent because no connection was free. [`report`] and [`plot`] show it.
//!
//! Bounds: a connection and a request under way for each sender, 100,000 events in memory, histograms of fixed size.

mod connection;
mod display;
mod load;
mod monitor;
mod plot;
mod record;
mod report;
mod request_bodies;
mod schedule;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use hyper::Method;
use serde_json::Value;
use shelfmark::feeds::ShopSettings;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    connection::Endpoint,
    load::{Load, RequestTemplate},
    monitor::LoadMonitor,
    record::{PerKind, RequestKind},
    report::{LoadReport, StepReport},
    request_bodies::RequestBodies,
};
use super::client::{Client, ServiceArgs};

/// Connections of probes.
const PROBE_CONNECTIONS: usize = 2;
/// Pieces of the picture at most, and the shortest.
const PIECES_MAX: u32 = 200;
const PIECE_MIN: Duration = Duration::from_millis(250);
/// People that are asked for beforehand, to see whether the model knows them.
const SAMPLE: usize = 20;

/// Measures a running service under requests at fixed rates (open loop).
///
/// Sends recommendations and events at fixed rates, whether the service keeps up or not, and tells how long each took from the
/// time it was due: a stall is seen by all requests that it delays, as people would see it. Events are real: the model learns
/// them, so point it at a model of its own. Users and events come from files, as `shelfmark replay` reads them, or from the shop
/// that `shelfmark demo` posts with the same --items, --shoppers and --seed. Ends with status 1 when nothing was answered.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// Files of events whose users are asked for and whose events are sent, the first 100,000 round and round.
    #[arg(value_name = "FILE", conflicts_with_all = ["items", "shoppers", "seed"])]
    files: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArgs,
    /// Recommendations a second; 0 for none.
    #[arg(long, default_value = "500", value_parser = rate_or_none, value_name = "RATE")]
    recommendations: f64,
    /// Recommendations a second, one rate after the other, each for --duration: such as 100,200,400. Finds the highest that
    /// the service keeps up with.
    #[arg(long, value_delimiter = ',', value_parser = super::replay::rate, value_name = "RATES", conflicts_with = "recommendations")]
    steps: Vec<f64>,
    /// Events a second; 0 for none.
    #[arg(long, default_value = "50", value_parser = rate_or_none, value_name = "RATE")]
    events: f64,
    /// Events of a request.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000), value_name = "N")]
    batch: u16,
    /// Requests to /livez a second, for comparison: what HTTP, this client and the machine take by themselves; 0 for none.
    #[arg(long, default_value = "10", value_parser = rate_or_none, value_name = "RATE")]
    probes: f64,
    /// Seconds that count, of each step.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400), value_name = "SECONDS")]
    duration: u64,
    /// Seconds before counting begins, at the same rates, of each step.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=3600), value_name = "SECONDS")]
    warmup: u64,
    /// Connections for recommendations, and as many for events: each has one request under way at most.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096), value_name = "N")]
    connections: u16,
    /// A request that no connection was free for so many milliseconds after it was due is not sent, and counted as such.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=60_000), value_name = "MS")]
    late_ms: u64,
    /// A request without an answer after so many seconds has failed.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300), value_name = "SECONDS")]
    timeout: u64,
    /// Items of a recommendation.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000), value_name = "N")]
    limit: u16,
    /// Items of the generated shop.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(24..=1_000_000), value_name = "N")]
    items: u32,
    /// Its shoppers.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(16..=1_000_000), value_name = "N")]
    shoppers: u32,
    /// Its key of every draw.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Threads that send.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64), value_name = "N")]
    threads: u8,
    /// Write the report as JSON to standard output instead of a table.
    #[arg(long)]
    json: bool,
    /// Draw response times over time into this file.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// Reads a rate a second.
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
    /// Rates a second by step. Those of events are of requests.
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

    async fn content(&self) -> anyhow::Result<RequestBodies> {
        let (limit, batch) = (self.limit, usize::from(self.batch));
        let files = self.files.clone();
        let shop = ShopSettings {
            seed: self.seed,
            items: usize::try_from(self.items)?,
            shoppers: usize::try_from(self.shoppers)?,
            ..ShopSettings::default()
        };
        let make = move || {
            if files.is_empty() {
                RequestBodies::generated(shop, limit, batch)
            } else {
                RequestBodies::from_files(&files, limit, batch)
            }
        };
        tokio::task::spawn_blocking(make).await.context("the reading thread failed")?
    }

    fn load(&self, content: RequestBodies, steps: usize) -> anyhow::Result<Load> {
        let endpoint = Arc::new(Endpoint::new(&self.service, Duration::from_secs(self.timeout))?);
        let templates = |method, path, bodies| -> anyhow::Result<Arc<RequestTemplate>> {
            Ok(Arc::new(RequestTemplate { request: endpoint.request(method, path)?, bodies }))
        };
        let recommendations = templates(Method::POST, "recommendations", content.queries)?;
        let events = templates(Method::POST, "events", content.appends)?;
        let probes = templates(Method::GET, "/livez", vec![bytes::Bytes::new()])?;
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
        // Before the load, not after it, it is time to hear that this cannot be written.
        std::fs::write(path, "").with_context(|| format!("--plot {}", path.display()))?;
    }
    let client = Client::new(&args.service)?;
    client.status().await.context("the service does not answer as it should")?;
    let content = args.content().await?;
    if !args.quiet
        && let Some(warning) = strangers(&client, &content).await?
    {
        eprintln!("{warning}");
    }
    let mut report = LoadReport {
        url: args.service.url.to_string(),
        model: args.service.model.to_string(),
        source: content.source.clone(),
        events_per_request: usize::from(args.batch),
        connections: args.connections,
        interrupted: false,
        kept_up_with: None,
        steps: Vec::with_capacity(steps.len()),
    };
    let load = args.load(content, steps.len())?;
    let stop = CancellationToken::new();
    let mut signals = JoinSet::new();
    let interrupted = stop.clone();
    signals.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let mut watch = LoadMonitor::new(&client, &load, &steps, args.quiet);
    for (number, rates) in steps.iter().enumerate() {
        let step = load.step(rates);
        tokio::select! {
            ended = load.run(&step, &stop) => ended?,
            never = watch.over(&step, rates) => match never {},
        }
        let now = Instant::now();
        let elapsed = step.elapsed(now).min(load.duration);
        let due = PerKind::new(|kind| step.due(kind, now));
        let before = load.duration * u32::try_from(number)?;
        report.steps.push(StepReport::new(&step.record.lock(), rates, &due, (before, elapsed), watch.ended(rates)));
        if stop.is_cancelled() {
            report.interrupted = true;
            break;
        }
    }
    watch.finish();
    report.find_knee();
    if let Some(path) = &args.plot {
        std::fs::write(path, plot::svg(&report)).with_context(|| format!("--plot {}", path.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(if report.answered() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What there is to say when people who will be asked for are strangers to the model: they are answered with what is
/// popular, which costs no search.
async fn strangers(client: &Client, content: &RequestBodies) -> anyhow::Result<Option<String>> {
    let sample = content.queries.iter().step_by(content.queries.len().div_ceil(SAMPLE));
    let (mut asked, mut unknown) = (0, 0);
    for query in sample {
        let query: Value = serde_json::from_slice(query)?;
        let answer = client.call(Method::POST, &["recommendations"], &[], Some(&query)).await?;
        asked += 1;
        unknown += u32::from(!answer["fallback"].is_null());
    }
    let warning = format!(
        "{unknown} of {asked} sampled users are not known to the model and get what is popular, without a search: post the same \
         events first (shelfmark replay, or shelfmark demo with the same --items, --shoppers and --seed)"
    );
    Ok((unknown > 0).then_some(warning))
}
