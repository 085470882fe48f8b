//! `shelfmark replay`: files into a running service, in order, each event once.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use indicatif::HumanCount;
use shelfmark_client::{Client, ENTRIES_MAX, Origin};
use shelfmark_datasets::feeds::{BadLine, Feed, FeedBody, FeedOptions};
use shelfmark_domain::Id;

use super::{
    client_command::ServiceArgs,
    dry_run,
    exit_status::Taken,
    input::{EntrySink, FeedArgs, FormatChoice, InputFiles},
    pipeline::{self, Intake, PipelineOutcome, SendSettings},
    send_progress::{SendProgress, Work},
    stats::{ReadStats, SendSummary},
};

/// Post files of events and items to a running service, in order, each event once.
///
/// Formats are recognised by content: Shelfmark's ndjson, MovieLens u.data, u.item, ratings and movies (.dat and .csv),
/// RetailRocket events.csv, REES46 csv, Yoochoose, Diginetica, RecBole atomic files, Amazon Personalize, Segment,
/// Google Analytics 4, Google Merchant, and tables in Parquet. Each may be compressed with gzip, zstd or bzip2; `-` is standard input, and
/// `archive.zip:member` a file in an archive. Any other table of events is read with --columns. The first rows are
/// shown as they were understood; --dry-run sends nothing. Item files are sent first, wherever they are in the list.
///
/// Events enter the log in the order of the lines: one request is under way at a time, and batches are read and
/// encoded ahead. Every event has an id made from the content of the file, so a replay that was interrupted, or that
/// is run twice, sends no event twice.
///
/// Ends with status 0 when every line was taken, 1 when some were bad or rejected (more than --allow-bad), 2 when none
/// was taken or when the command failed.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// Files of events or items, in the order in which they are sent.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    service: ServiceArgs,
    /// File of items to send before everything else. May be given several times.
    #[arg(long, value_name = "FILE")]
    items: Vec<PathBuf>,
    /// Make items from event rows that carry metadata (REES46, Google Analytics 4), at the first row of each item.
    #[arg(long)]
    items_from_events: bool,
    /// Format of the files [default: recognised by content]: ndjson, ndjson-events or ndjson-items (every line is one),
    /// movielens-data and so on, or table.
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatChoice>,
    #[command(flatten)]
    reading: FeedArgs,
    /// Number of events of a request. Batches are cut between baskets: events of one user at one time.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch: u16,
    /// Number of encoded batches that wait while one is under way.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    ahead: u8,
    /// Highest rate, in events per second [default: as fast as the service takes them]
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// Send events in order of time instead of lines. Holds all events in memory, at most 10 million.
    #[arg(long)]
    sort: bool,
    /// Read the files, show how they are understood and what would be sent, and send nothing.
    #[arg(long, conflicts_with_all = ["resume", "as_new", "wait"])]
    dry_run: bool,
    /// Stop at the first bad line. The lines before it are sent.
    #[arg(long)]
    strict: bool,
    /// End with status 0 although up to N lines were bad or rejected, but never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "strict")]
    allow_bad: u64,
    /// Skip the events that an earlier run of the same command has sent, instead of sending them again. It looks for
    /// the end of that run and not for gaps: do not use it after a change of the files or of the model's kinds.
    #[arg(long)]
    resume: bool,
    /// Give every event a new id, so that all are new to the service, even if the file was sent before or holds ids.
    #[arg(long, conflicts_with = "resume")]
    as_new: bool,
    /// Send as an import: events are taken however far learning is behind. The key needs scope `admin`. Without it the
    /// service takes events as fast as it learns them, once it is behind by --lag-records-max.
    #[arg(long)]
    bulk: bool,
    /// State to wait for at the end.
    #[arg(long, value_enum, default_value_t = WaitFor::Logged)]
    wait: WaitFor,
    /// Seconds without a successful request after which the command gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// Show bad lines, rejections and the summary, but no progress.
    #[arg(long)]
    quiet: bool,
}

/// State that a command waits for at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WaitFor {
    /// Every event is durable in the log.
    Logged,
    /// The live view holds every event.
    Applied,
}

/// Parses a rate per second.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.01..=10_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("must be a number from 0.01 to 10,000,000".to_owned()),
    }
}

/// Rows of a file that are shown as they were understood.
const PREVIEW_ROWS: usize = 2;
/// Events between two that `--resume` asks the service for.
const PROBE_EVERY: u64 = 10_000;

/// Runs the command.
pub fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(post(args))
}

async fn post(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let client = args.service.client()?.bulk(args.bulk);
    let began = Instant::now();
    let input = InputFiles {
        items: args.items,
        files: args.files,
        options: FeedOptions {
            salt: args.as_new.then(|| uuid::Uuid::new_v4().to_string()),
            items_from_events: args.items_from_events,
            ..args.reading.options(args.format)
        },
        sort: args.sort,
        strict: args.strict,
    };
    let skip = if args.resume { find_end(&client, &input).await? } else { 0 };
    if skip > 0 && !args.quiet {
        eprintln!("resuming after event {}", HumanCount(skip));
    }
    let mut feeds = input.open()?;
    let bytes = feeds.iter().map(Feed::bytes).sum::<Option<u64>>();
    let progress = SendProgress::new(Work::Events(bytes, feeds.iter().map(Feed::read_so_far).collect()), args.quiet);
    if !args.quiet {
        for feed in &mut feeds {
            progress.println(&format!("{}: {}", feed.name(), feed.format()));
            for entry in feed.preview(PREVIEW_ROWS) {
                progress.println(&format!("  line {}: {}", entry.line, entry.body));
            }
        }
    }
    if args.dry_run {
        progress.finish();
        return dry_run::run(&input, feeds, args.allow_bad);
    }
    let settings = SendSettings {
        batch: usize::from(args.batch).min(ENTRIES_MAX),
        ahead: usize::from(args.ahead),
        rate: args.rate,
        patience: Duration::from_secs(args.patience),
        wait_applied: args.wait == WaitFor::Applied,
    };
    let PipelineOutcome { read, sent, failure } = pipeline::run(&client, &progress, &settings, move |intake| {
        let mut sink = Posting { intake, skip };
        input.read(feeds, &mut sink)
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

/// Sink that passes entries to the pipeline, without the first `skip` events.
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

/// Sink that keeps the id of every [`PROBE_EVERY`]th event.
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

/// Finds how many events from the beginning the service has for certain, if an earlier run sent them in this order.
/// Searches by halves for the first probe that the service lacks. Everything from the last probe that it has is sent
/// again.
async fn find_end(client: &Client, input: &InputFiles) -> anyhow::Result<u64> {
    if input.files.iter().any(|file| file.as_os_str() == "-") {
        bail!(
            "--resume reads files twice, which standard input does not allow. Leave it out: no event is sent twice without it either"
        );
    }
    let input = input.clone();
    let probes = tokio::task::spawn_blocking(move || {
        let mut probes = Probes::default();
        input.read(input.open()?, &mut probes)?;
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
