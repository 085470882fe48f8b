//! `shelfmark replay`: files into a running service, in order, each event once.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use shelfmark::{
    domain::Id,
    feeds::{BadLine, Feed, FeedBody, FeedOptions},
};
use shelfmark_client::{ENTRIES_MAX, Origin};

use super::{
    client::{Client, ServiceArgs},
    exit_status::Taken,
    input::{EntrySink, InputFiles},
    pipeline::{self, Intake, PipelineOutcome, Sending},
    progress::{Progress, Whole},
    stats::{ReadStats, SendSummary, grouped},
};

/// Posts files of events and items.
///
/// Formats are recognised by content: our ndjson, MovieLens u.data, u.item, ratings.csv and movies.csv, RetailRocket
/// events.csv, REES46 csv; each may be compressed with gzip; `-` is standard input. Item files go first, whatever their place.
///
/// Events enter the log in the order of the lines: one request is under way at a time, and batches are read and
/// encoded ahead. Every event has an id made from the file's content, so that a replay that was broken off, or that is
/// run twice, doubles nothing.
///
/// Ends with status 0 when every line was taken, 1 when some were bad or rejected (more than --allow-bad), 2 when none
/// was taken or it could not do its work.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Files, in the order in which to send them.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArgs,
    /// Item metadata to send before everything else; may be given several times.
    #[arg(long, value_name = "FILE")]
    items: Vec<PathBuf>,
    /// Also make items from event rows that carry metadata (REES46), at the first sight of each.
    #[arg(long)]
    items_from_events: bool,
    /// Events of a request. Batches are cut between baskets (same user, same time, side by side).
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch: u16,
    /// Batches that wait encoded while one is under way.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    ahead: u8,
    /// Events a second, at most; as fast as the service takes them when left out.
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Send events in order of time, not of lines. Holds all events in memory, 10 million at most.
    #[arg(long)]
    sort: bool,
    /// Stop at the first bad line; lines before it are sent.
    #[arg(long)]
    strict: bool,
    /// End with status 0 although so many lines were bad or rejected. Never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "strict")]
    allow_bad: u64,
    /// Pass over what an earlier, broken-off run of the same command has sent, instead of sending it again and having it
    /// recognised. Do not use it after changing files or the model's kinds: it does not look for gaps.
    #[arg(long)]
    resume: bool,
    /// Send everything as new, even if the same file was sent before, ids in the file notwithstanding.
    #[arg(long, conflicts_with = "resume")]
    as_new: bool,
    /// What to wait for at the end: that all is durable, or that the live view holds it.
    #[arg(long, value_enum, default_value_t = WaitFor::Logged)]
    wait: WaitFor,
    /// Seconds without a successful request until it gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// No progress, only bad lines, rejections and the summary.
    #[arg(long)]
    quiet: bool,
}

/// What to wait for at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WaitFor {
    /// Everything is durable.
    Logged,
    /// The live view holds everything.
    Applied,
}

/// Reads a rate of events per second.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.01..=10_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("must be a number from 0.01 to 10,000,000".to_owned()),
    }
}

/// `--resume` asks for one event of this many.
const PROBE_EVERY: u64 = 10_000;

/// Runs the command.
pub fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(post(args))
}

async fn post(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.service)?;
    let began = Instant::now();
    let reading = InputFiles {
        items: args.items,
        files: args.files,
        options: FeedOptions {
            salt: args.as_new.then(|| uuid::Uuid::new_v4().to_string()),
            items_from_events: args.items_from_events,
        },
        sort: args.sort,
        strict: args.strict,
    };
    let skip = if args.resume { find_end(&client, &reading).await? } else { 0 };
    if skip > 0 && !args.quiet {
        eprintln!("going on behind event {}", grouped(skip));
    }
    let feeds = reading.open()?;
    let bytes = feeds.iter().map(Feed::bytes).sum::<Option<u64>>();
    let progress = Progress::new(Whole::Bytes(bytes, feeds.iter().map(Feed::read_so_far).collect()), args.quiet);
    if !args.quiet {
        for feed in &feeds {
            progress.say(&format!("{}: {}", feed.name(), feed.format()));
        }
    }
    let sending = Sending {
        batch: usize::from(args.batch).min(ENTRIES_MAX),
        ahead: usize::from(args.ahead),
        rate: args.rate,
        patience: Duration::from_secs(args.patience),
        wait_applied: args.wait == WaitFor::Applied,
    };
    let PipelineOutcome { read, sent, failure } = pipeline::run(&client, &progress, &sending, move |intake| {
        let mut sink = Posting { intake, skip };
        reading.read(feeds, &mut sink)
    })
    .await;
    for line in &sent.shown {
        eprintln!("{line}");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", SendSummary { read: &read, sent: &sent, from_files: true, seconds });
    if let Some(error) = failure {
        return Err(error);
    }
    let taken = sent.items + sent.accepted + sent.duplicates + read.skipped;
    Ok(Taken { taken, refused: read.bad + sent.rejected }.exit_code(args.allow_bad))
}

/// Puts entries into the pipeline, but the first `skip` events.
struct Posting<'a> {
    intake: &'a mut Intake,
    skip: u64,
}

impl EntrySink for Posting<'_> {
    fn entry(&mut self, origin: Origin, body: FeedBody) -> anyhow::Result<()> {
        if matches!(body, FeedBody::Event(_)) && self.intake.stats.skipped < self.skip {
            self.intake.stats.skipped += 1;
            return Ok(());
        }
        Ok(self.intake.entry(origin, body)?)
    }

    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()> {
        Ok(self.intake.bad(file, bad)?)
    }

    fn stats(&mut self) -> &mut ReadStats {
        &mut self.intake.stats
    }
}

/// Notes the id of every [`PROBE_EVERY`]th event.
#[derive(Default)]
struct Probes {
    ids: Vec<Id>,
    events: u64,
    stats: ReadStats,
}

impl EntrySink for Probes {
    fn entry(&mut self, _: Origin, body: FeedBody) -> anyhow::Result<()> {
        if let FeedBody::Event(event) = body {
            if self.events.is_multiple_of(PROBE_EVERY) {
                self.ids.push(event.event_id);
            }
            self.events += 1;
        }
        Ok(())
    }

    fn bad(&mut self, _: &Arc<str>, _: &BadLine) -> anyhow::Result<()> {
        Ok(())
    }

    fn stats(&mut self) -> &mut ReadStats {
        &mut self.stats
    }
}

/// How many events from the beginning the service certainly has, if an earlier run sent them in this order: a
/// binary search for the first probe it does not have. Everything from the last one it has is sent again.
async fn find_end(client: &Client, reading: &InputFiles) -> anyhow::Result<u64> {
    if reading.files.iter().any(|file| file.as_os_str() == "-") {
        bail!("--resume reads files twice, which standard input does not allow; without it nothing is doubled either");
    }
    let reading = reading.clone();
    let probes = tokio::task::spawn_blocking(move || {
        let mut probes = Probes::default();
        reading.read(reading.open()?, &mut probes)?;
        anyhow::Ok(probes.ids)
    })
    .await
    .context("the reading thread failed")??;
    let (mut has, mut lacks) = (0, probes.len());
    while has < lacks {
        let middle = has + (lacks - has) / 2;
        if client.has_event(&probes[middle]).await? { has = middle + 1 } else { lacks = middle }
    }
    Ok((has as u64).saturating_sub(1) * PROBE_EVERY)
}
