//! `shelfmark import`: vectors learned elsewhere, for a running service's model.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use serde::Serialize;
use shelfmark_client::{ENTRIES_MAX, Origin, SendStats};
use shelfmark_datasets::vectors::{ImportTargets, SelectionStats};
use shelfmark_domain::VectorTable;
use tokio::sync::oneshot;

use super::{
    client_command::{OutputArgs, ServiceArgs},
    exit_status::Taken,
    gorse,
    pipeline::{self, PipelineOutcome, SendSettings},
    send_progress::{SendProgress, Work},
    table::wrap,
    vectors::VectorArgs,
};

/// Options that say something about vectors, and nothing about another recommender's data.
const VECTORS_ONLY: [&str; 11] =
    ["into", "format", "ids", "tensor", "scale", "keep_mean", "lenient", "create", "limit", "allow_bad", "batch"];

/// Import vectors learned elsewhere, as the start of a model's items or tokens.
///
/// Formats: word2vec (binary and text), GloVe, npy, npz, safetensors and lines of JSON, among them all that `shelfmark
/// versions export` writes. Each may be compressed with gzip, zstd or bzip2. The file is read twice. The first pass
/// matches its ids with the model's and computes the mean. If its vectors are longer than the model's, it also finds
/// the axes along which they vary most. What cannot be read rightly is refused in that pass. The second pass sends the
/// vectors that matched: centred, rotated at random (which keeps all angles) and scaled. Each is a record of the
/// model's log, which a rollback undoes like any other.
///
/// Ends with status 0 when every vector that matched was taken, 1 when some were not finite or rejected (more than
/// --allow-bad), 2 when nothing matched or was taken, or when the command failed.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// File of vectors; with --from, a file or an address of what is moved.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Move from another recommender instead. `gorse`: FILE is the address of a running Gorse, which is read page by
    /// page, a dump of it, or its configuration (.toml), whose kinds of feedback get their weights. Data goes into the
    /// model that the key is for, or default. At the end the recall on the log stands beside that of simple methods,
    /// if the key has scope `export`.
    #[arg(long, value_enum, value_name = "RECOMMENDER", conflicts_with_all = VECTORS_ONLY)]
    from: Option<Recommender>,
    /// API key of the running Gorse.
    #[arg(long, requires = "from", env = "SHELFMARK_FROM_KEY", hide_env_values = true, value_name = "KEY")]
    from_key: Option<String>,
    /// Do not measure, at the end of a move, how well the log would have been recommended from.
    #[arg(long, requires = "from")]
    no_evaluation: bool,
    #[command(flatten)]
    vectors: VectorArgs,
    #[command(flatten)]
    service: ServiceArgs,
    /// Make items that the model does not have yet.
    #[arg(long)]
    create: bool,
    /// Number of rows to read. The rows behind them are not looked at.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Read and match the file, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// End with status 0 although up to N vectors were not finite or rejected, but never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_bad: u64,
    /// Number of vectors of a request.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch: u16,
    /// Seconds without a successful request after which the command gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    #[command(flatten)]
    output: OutputArgs,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

/// Another recommender.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Recommender {
    /// Gorse 0.4 and 0.5.
    Gorse,
}

/// Summary of an import.
#[derive(Serialize)]
struct ImportSummary {
    file: String,
    format: &'static str,
    into: VectorTable,
    /// Number of values of a vector in the file.
    file_dim: usize,
    /// Number of values of a vector in the model.
    dim: usize,
    /// Share of the vectors' variance that fits the model.
    kept: f32,
    /// Part of the ten nearest rows, of a sample, that are the same in the file and in the model.
    neighbours_kept: Option<f32>,
    /// Vectors that the service took.
    imported: u64,
    #[serde(flatten)]
    selection: SelectionStats,
    /// Vectors that the service refused, or whose row was gone when they came.
    rejected: u64,
    /// Position that holds all of them.
    position: u64,
    seconds: f64,
}

/// Runs the command.
pub fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let moved = match args.from {
        None => return pipeline::runtime()?.block_on(import(args)),
        Some(Recommender::Gorse) => gorse::Move {
            from: args.file,
            from_key: args.from_key,
            service: args.service,
            dry_run: args.dry_run,
            evaluate: !args.no_evaluation,
            patience: Duration::from_secs(args.patience),
            output: args.output,
            quiet: args.quiet,
        },
    };
    pipeline::runtime()?.block_on(moved.run())
}

async fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    if args.file.as_os_str() == "-" {
        bail!("the file is read twice, which standard input does not allow");
    }
    let began = Instant::now();
    let into = args.vectors.table();
    let open = || args.vectors.open(&args.file, args.limit);
    let (first, second) = (open()?, open()?);
    let (name, format, file_dim) = (first.name().to_owned(), first.format(), first.dim());
    let client = args.service.client()?;
    let (dim, ids) = client.importable(into).await?;
    let targets = ImportTargets::new(into, ids, args.create);
    if targets.is_empty() && !(args.create && into == VectorTable::Items) {
        bail!("the model has no {into} yet{}", if into == VectorTable::Items { "; --create makes them" } else { "" });
    }
    let bytes = first.bytes().map(|bytes| 2 * bytes);
    let progress = SendProgress::new(Work::Vectors(bytes, vec![first.read_so_far(), second.read_so_far()]), args.quiet);
    if !args.quiet {
        progress.println(&format!(
            "{name}: {format}, {file_dim} values; the model: {} {into}, {dim} values",
            HumanCount(targets.len() as u64)
        ));
    }
    let settings = SendSettings {
        batch: usize::from(args.batch).min(ENTRIES_MAX),
        ahead: 2,
        rate: None,
        patience: Duration::from_secs(args.patience),
        wait_applied: true,
    };
    let (vectors, path, limit, dry_run) = (args.vectors.clone(), args.file.clone(), args.limit, args.dry_run);
    let (tell, told) = oneshot::channel();
    let file: Arc<str> = Arc::from(name.as_str());
    let PipelineOutcome { sent, failure, .. } = pipeline::run(&client, &progress, &settings, move |intake| {
        let prepared = vectors.prepare((&path, limit), first, &targets, dim)?;
        // The receiver waits until this has ended.
        let _ = tell.send((prepared.stats().clone(), prepared.fit().kept(), prepared.neighbours_kept()));
        if dry_run {
            return Ok(());
        }
        prepared.hand_over(second, |line, row| {
            let origin = Origin { file: Arc::clone(&file), line };
            intake.vector(origin, &row).map_err(anyhow::Error::from)
        })
    })
    .await;
    for line in &sent.shown {
        eprintln!("{line}");
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let (selection, kept, neighbours_kept) = told.await.context("the file was not read to its end")?;
    let SendStats { accepted, position, .. } = sent;
    let rejected = if dry_run { 0 } else { selection.matched + selection.created - accepted };
    let seconds = began.elapsed().as_secs_f64();
    let matched = selection.matched + selection.created;
    // Rows without a match are usual in a file of vectors, unless all are.
    let outcome = match (matched, if dry_run { matched } else { accepted }) {
        (0, _) => Taken { taken: 0, refused: selection.rows.max(1) },
        (_, taken) => Taken { taken, refused: rejected + selection.not_finite },
    };
    let summary = ImportSummary {
        file: name,
        format: format.name(),
        into,
        file_dim,
        dim,
        kept,
        neighbours_kept,
        imported: accepted,
        selection,
        rejected,
        position,
        seconds,
    };
    if args.output.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        print!("{summary}");
    }
    Ok(outcome.exit_code(args.allow_bad))
}

impl std::fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { into, selection, .. } = self;
        let unknown = match selection.unknown_first.join(", ") {
            none if none.is_empty() => none,
            first => format!(" ({first}{})", if selection.unknown > 10 { ", ..." } else { "" }),
        };
        writeln!(f, "rows        {} of {} values ({})", HumanCount(selection.rows), self.file_dim, self.format)?;
        writeln!(f, "imported    {} {into} in {:.1} s", HumanCount(self.imported), self.seconds)?;
        if selection.created > 0 {
            writeln!(f, "new items   {}", HumanCount(selection.created))?;
        }
        writeln!(f, "{}", wrap(&format!("unknown     {}{unknown}", HumanCount(selection.unknown))))?;
        writeln!(f, "left over   {} {into} of the model without a vector", HumanCount(selection.left_over))?;
        writeln!(f, "duplicates  {}", HumanCount(selection.duplicates))?;
        writeln!(f, "zero        {}", HumanCount(selection.zero))?;
        writeln!(f, "not finite  {}", HumanCount(selection.not_finite))?;
        if selection.outliers > 0 {
            writeln!(f, "outliers    {} left out", HumanCount(selection.outliers))?;
        }
        if let Some(kept) = self.neighbours_kept {
            writeln!(f, "neighbours  {:.1}% of the ten nearest are those of the file, in a sample", 100.0 * kept)?;
        }
        if self.kept < 1.0 {
            writeln!(f, "kept        {:.1}% of the variance in {} values", 100.0 * self.kept, self.dim)?;
        }
        if self.rejected > 0 {
            writeln!(f, "rejected    {}", HumanCount(self.rejected))?;
        }
        writeln!(f, "position    {}", HumanCount(self.position))
    }
}
