//! `shelfmark evaluate`: test-then-train over files, beside simple methods.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use shelfmark_client::Origin;
use shelfmark_datasets::feeds::{BadLine, FeedBody, FeedOptions};
use shelfmark_datasets::vectors::ImportTargets;
use shelfmark_domain::{ModelConfig, RowVector};
use shelfmark_evaluation::{
    BaselineKind, Evaluated, Protocol, Report, Run, Stream,
    ablation::{Ablated, Reference, TERMS, Term, WITHOUT_SWITCH},
};

use super::{
    client_command::ServiceArgs,
    input::{EntrySink, FeedArgs, FormatChoice, InputFiles},
    model_log, pipeline,
    progress_bar::WorkProgress,
    stats::{ReadStats, SHOWN_MAX},
    targets_file::TargetsFile,
    vectors::VectorArgs,
};

/// Measure how well a model would have recommended, had it learned these files live.
///
/// Test-then-train: every basket or event is first ranked among all items met so far, and then learned, by the code
/// that serves. It reads what `shelfmark replay` reads, and needs no service and no database. Recall, MRR and NDCG of
/// the first 20 are counted over all targets, and over novel ones without the user's own items. See docs/LEARNING.md.
#[derive(Debug, clap::Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Baselines to compare with: all, none, or names out of popularity, recent, knn, stan, isgd,
    /// als, ease. A baseline with several settings counts with its best one.
    #[arg(long, default_value = "all", value_name = "NAMES", value_parser = baselines)]
    baselines: Baselines,
    /// Terms to switch off, each in a pass of its own: all, or names out of memory, tokens, context, modalities,
    /// values, cap, users, repeat, bias, dislikes, units, novel, popularity_gaps, entries, gaps, breaks.
    #[arg(long, value_name = "NAMES", value_parser = terms)]
    ablate: Option<Terms>,
    /// Write the report to standard output as JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// File for curves of recall over the stream, by method.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// File for the ranks of single targets by method, as JSON lines, for comparisons with methods that run elsewhere.
    #[arg(long, value_name = "FILE.ndjson")]
    targets: Option<PathBuf>,
    /// File for a page that shows the figures beside simple methods and says what they mean. It needs no network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

/// Options that say something about files, and nothing about a log.
const OF_FILES: [&str; 13] = [
    "files",
    "items",
    "items_from_events",
    "events_format",
    "columns",
    "separator",
    "no_header",
    "ts_unit",
    "kind",
    "encoding",
    "sort",
    "strict",
    "import",
];

/// Input of a measurement.
#[derive(Debug, Clone, clap::Args)]
pub struct InputArgs {
    /// Files of events and items, as `shelfmark replay` takes them.
    #[arg(required_unless_present = "log", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Measure on the log of a running service's model instead of files, with its configuration unless --config names
    /// one. The key needs scope `export`. Metadata and profiles count as known from the first event on.
    #[arg(long, conflicts_with_all = OF_FILES)]
    log: bool,
    #[command(flatten)]
    service: ServiceArgs,
    /// File of items. May be given several times.
    #[arg(long, value_name = "FILE")]
    items: Vec<PathBuf>,
    /// Make items from event rows that carry metadata (REES46).
    #[arg(long)]
    items_from_events: bool,
    /// Format of the files of events and items, as `shelfmark replay --format` takes it.
    #[arg(long, value_name = "FORMAT")]
    events_format: Option<FormatChoice>,
    #[command(flatten)]
    reading: FeedArgs,
    /// Learn events in order of time instead of lines.
    #[arg(long)]
    sort: bool,
    /// Stop with an error at the first bad line.
    #[arg(long)]
    strict: bool,
    /// Number of events to use, from the first on [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// JSON file with the model's configuration, as `serve --model-config` takes it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Number of values of an embedding [default: that of the configuration]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Number of records of an append, at least. Appends end where baskets end.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    append: u16,
    /// Share of the stream, from its beginning, that is learned but not counted.
    #[arg(long, default_value_t = 0.1, value_parser = part)]
    discard: f64,
    /// Rank all events of one timestamp before any of them is learned, as published protocols do with data that is
    /// dated to the day. Without it, only the events of one actor and timestamp are ranked together.
    #[arg(long)]
    whole_timestamps: bool,
    /// File of vectors to begin with, as `shelfmark import` takes it.
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
    #[command(flatten)]
    vectors: VectorArgs,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(part) if (0.0..1.0).contains(&part) => Ok(part),
        _ => Err("must be a number from 0 to below 1".to_owned()),
    }
}

#[derive(Debug, Clone)]
struct Baselines(Vec<BaselineKind>);

fn baselines(text: &str) -> Result<Baselines, String> {
    let kinds = match text {
        "all" => BaselineKind::ALL.to_vec(),
        "none" => Vec::new(),
        names => names
            .split(',')
            .map(|name| {
                BaselineKind::parse(name.trim()).ok_or_else(|| unknown(name, BaselineKind::ALL.map(BaselineKind::name)))
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(Baselines(kinds))
}

#[derive(Debug, Clone)]
struct Terms(Vec<Term>);

fn terms(text: &str) -> Result<Terms, String> {
    let terms = match text {
        "all" => TERMS.to_vec(),
        names => names
            .split(',')
            .map(|name| Term::parse(name.trim()).ok_or_else(|| unknown(name, TERMS.map(|term| term.name))))
            .collect::<Result<_, _>>()?,
    };
    Ok(Terms(terms))
}

fn unknown<const N: usize>(name: &str, known: [&str; N]) -> String {
    format!("{name:?} is not one of {}", known.join(", "))
}

impl InputArgs {
    /// Reads and checks the configuration.
    pub fn config(&self) -> anyhow::Result<ModelConfig> {
        let mut config = match &self.config {
            None if self.log => pipeline::runtime()?.block_on(model_log::config(&self.service.client()?))?,
            None => ModelConfig::default(),
            Some(path) => {
                let named = || format!("--config {}", path.display());
                let text = std::fs::read(path).with_context(named)?;
                serde_json::from_slice(&text).with_context(named)?
            }
        };
        config.dim = self.dim.unwrap_or(config.dim);
        config.check().context("the configuration")?;
        Ok(config)
    }

    /// Returns the names of the files, without their folders.
    fn title(&self) -> String {
        if self.log {
            return format!("the log of {}", self.service.model);
        }
        let names = self.files.iter().chain(&self.items).map(|path| path.file_name().unwrap_or(path.as_os_str()));
        names.map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>().join(", ")
    }

    /// Returns the protocol of the measurement.
    pub fn protocol(&self, baselines: Vec<BaselineKind>) -> Protocol {
        Protocol {
            append: usize::from(self.append),
            discard: self.discard,
            whole_timestamps: self.whole_timestamps,
            baselines,
            ..Protocol::default()
        }
    }

    /// Reads all files into a stream.
    pub fn stream(&self, config: &ModelConfig) -> anyhow::Result<Stream> {
        if self.log {
            return self.logged(config);
        }
        let input = InputFiles {
            items: self.items.clone(),
            files: self.files.clone(),
            options: FeedOptions {
                items_from_events: self.items_from_events,
                ..self.reading.options(self.events_format)
            },
            sort: self.sort,
            strict: self.strict,
        };
        let mut collector = StreamCollector {
            stream: Stream::default(),
            config,
            limit: self.limit.unwrap_or(usize::MAX),
            stats: ReadStats::default(),
        };
        input.read(input.open()?, &mut collector)?;
        let StreamCollector { mut stream, stats, .. } = collector;
        if stats.stopped {
            bail!("stopped at a bad line (--strict)");
        }
        if !self.quiet {
            if stats.bad > 0 {
                eprintln!("{} bad lines", HumanCount(stats.bad));
            }
            if stats.backwards > 0 {
                let count = HumanCount(stats.backwards);
                eprintln!(
                    "{count} events are earlier than the one before them in their file; --sort orders them by time"
                );
            }
        }
        if stream.events.is_empty() {
            bail!("there are no events to measure on");
        }
        if let Some(path) = &self.import {
            stream.vectors = self.imported(path, &stream, config)?;
        }
        Ok(stream)
    }

    fn logged(&self, config: &ModelConfig) -> anyhow::Result<Stream> {
        let (client, limit) = (self.service.client()?, self.limit.unwrap_or(usize::MAX));
        let log = pipeline::runtime()?.block_on(model_log::read(&client, config, limit, self.quiet))?;
        if !self.quiet {
            for (kind, count) in &log.left_out {
                eprintln!("{} records of type {kind} are left out", HumanCount(*count));
            }
        }
        if log.stream.events.is_empty() {
            bail!("the log has no events to measure on");
        }
        Ok(log.stream)
    }

    fn imported(&self, path: &Path, stream: &Stream, config: &ModelConfig) -> anyhow::Result<Vec<RowVector>> {
        let table = self.vectors.table();
        let targets = ImportTargets::new(table, stream.rows(table, config.words), false);
        let prepared = self.vectors.prepare((path, None), self.vectors.open(path, None)?, &targets, config.dim)?;
        let mut rows = Vec::new();
        prepared.hand_over(self.vectors.open(path, None)?, |_, row| {
            rows.push(row);
            anyhow::Ok(())
        })?;
        if !self.quiet {
            let stats = prepared.stats();
            eprintln!(
                "{}: {} of {} rows are for {} of {} {table}",
                path.display(),
                HumanCount(stats.matched),
                HumanCount(stats.rows),
                HumanCount(stats.matched),
                HumanCount(targets.len() as u64)
            );
        }
        Ok(rows)
    }
}

/// Sink that collects a stream.
struct StreamCollector<'a> {
    stream: Stream,
    config: &'a ModelConfig,
    limit: usize,
    stats: ReadStats,
}

impl EntrySink for StreamCollector<'_> {
    fn entry(&mut self, _: Origin, body: FeedBody) -> anyhow::Result<()> {
        match body {
            FeedBody::Item(item) => self.stream.item(item),
            FeedBody::Event(_) if self.stream.events.len() >= self.limit => {}
            FeedBody::Event(event) => {
                if !self.stream.event(event, self.config) {
                    bail!("at most {} events; use --limit", HumanCount(Stream::EVENTS_MAX as u64));
                }
            }
        }
        Ok(())
    }

    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()> {
        self.stats.bad += 1;
        if self.stats.bad <= SHOWN_MAX {
            eprintln!("{file}: {bad}");
        }
        Ok(())
    }

    fn stats(&mut self) -> &mut ReadStats {
        &mut self.stats
    }
}

/// Runs the command.
pub fn run(args: EvaluateArgs) -> anyhow::Result<ExitCode> {
    let title = args.input.title();
    let config = args.input.config()?;
    let stream = args.input.stream(&config)?;
    let quiet = args.input.quiet;
    let protocol = args.input.protocol(args.baselines.0);
    let evaluated = pass(&stream, config.clone(), &protocol, "testing", quiet, args.targets.as_deref())?;
    let mut report = Report::new(&stream, &protocol, &evaluated);
    let reference = Reference::new(&evaluated);
    drop(evaluated);
    if let Some(Terms(terms)) = args.ablate {
        // What is counted stays the same, whatever a pass learns from.
        let uncounted = Arc::new(stream.uncounted(&config));
        let alone = Protocol { baselines: Vec::new(), uncounted, ..protocol };
        for term in terms {
            let without = term.without(&config);
            let evaluated = pass(&stream, without, &alone, &format!("without {}", term.name), quiet, None)?;
            report.ablations.push(Ablated::new(term, &evaluated, &reference));
        }
        report.not_ablatable = WITHOUT_SWITCH.to_vec();
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, report.svg()).with_context(|| format!("--plot {}", path.display()))?;
    }
    if let Some(path) = &args.report {
        std::fs::write(path, report.html(&title)).with_context(|| format!("--report {}", path.display()))?;
    }
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(io::stdout(), "{report}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tests and learns the whole stream. Writes the single targets to a file if one is named.
pub fn pass(
    stream: &Stream,
    config: ModelConfig,
    protocol: &Protocol,
    label: &str,
    quiet: bool,
    targets: Option<&Path>,
) -> anyhow::Result<Evaluated> {
    let progress = WorkProgress::events(label, stream.events.len(), quiet);
    let mut run = Run::new(stream, config, protocol)?;
    let mut targets = targets.map(|path| TargetsFile::create(path, &mut run)).transpose()?;
    // Often enough for a bar, and seldom enough to cost nothing.
    let stride = (stream.events.len() / 1000).clamp(1, 1000);
    while run.done() < stream.events.len() {
        run.advance(run.done() + stride)?;
        if let Some(targets) = &mut targets {
            targets.write(&mut run)?;
        }
        progress.update(run.done(), || format!("recall {:.4}", run.methods()[0].stats.whole.all.recall()));
    }
    targets.map(TargetsFile::finish).transpose()?;
    progress.finish();
    Ok(run.finish())
}
