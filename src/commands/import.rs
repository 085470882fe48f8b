//! `shelfmark import`: vectors learned elsewhere into a running service's model.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde::Serialize;
use shelfmark::{
    domain::VectorTable,
    vectors::{ImportTargets, PreparedImport, SelectionStats},
};
use shelfmark_client::{ENTRIES_MAX, Origin};
use tokio::sync::oneshot;

use super::{
    client::{Client, ServiceArgs},
    exit_status::Taken,
    pipeline::{self, PipelineOutcome, Sending},
    progress::{Progress, Whole},
    stats::{SendStats, grouped},
    vectors::VectorArgs,
};

/// Starts a model's items or tokens from vectors learned elsewhere.
///
/// Formats: word2vec (binary and text), GloVe, npy, safetensors; each may be compressed with gzip. The file is read twice: first to
/// match its ids with the model's and to learn its mean and, if it has more values than the model, along which axes
/// they vary most; then to send what matched. Vectors are centred, turned at random (which keeps all angles) and scaled. Every
/// vector that is sent is a record of the model's log, undone by a rollback like any other.
///
/// Ends with status 0 when every vector that matched was taken, 1 when some were not finite or rejected (more than
/// --allow-bad), 2 when nothing matched or was taken, or it could not do its work.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// File of vectors.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    vectors: VectorArgs,
    #[command(flatten)]
    service: ServiceArgs,
    /// Make items that the model does not know yet.
    #[arg(long)]
    create: bool,
    /// Read and match only; send nothing.
    #[arg(long)]
    dry_run: bool,
    /// End with status 0 although so many vectors were not finite or rejected. Never when none was taken.
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_bad: u64,
    /// Vectors of a request.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch: u16,
    /// Seconds without a successful request until it gives up.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// Write the summary as JSON.
    #[arg(long)]
    json: bool,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// The last word of the command.
#[derive(Serialize)]
struct ImportSummary {
    file: String,
    format: &'static str,
    into: VectorTable,
    /// Values of a vector in the file, and in the model.
    file_dim: usize,
    dim: usize,
    /// Part of the vectors' variance that the model had room for.
    kept: f32,
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
    pipeline::runtime()?.block_on(import(args))
}

async fn import(args: ImportArgs) -> anyhow::Result<ExitCode> {
    if args.file.as_os_str() == "-" {
        bail!("the file is read twice, which standard input does not allow");
    }
    let began = Instant::now();
    let into = args.vectors.table();
    let (first, second) = (args.vectors.open(&args.file)?, args.vectors.open(&args.file)?);
    let (name, format, file_dim) = (first.name().to_owned(), first.format(), first.dim());
    let client = Client::new(&args.service)?;
    let (dim, ids) = client.importable(into).await?;
    let targets = ImportTargets::new(into, ids, args.create);
    if targets.is_empty() && !(args.create && into == VectorTable::Items) {
        bail!("the model has no {into} yet{}", if into == VectorTable::Items { "; --create makes them" } else { "" });
    }
    let bytes = first.bytes().map(|bytes| 2 * bytes);
    let progress = Progress::new(Whole::Vectors(bytes, vec![first.read_so_far(), second.read_so_far()]), args.quiet);
    if !args.quiet {
        progress.say(&format!(
            "{name}: {format}, {file_dim} values; the model: {} {into}, {dim} values",
            grouped(targets.len() as u64)
        ));
    }
    let sending = Sending {
        batch: usize::from(args.batch).min(ENTRIES_MAX),
        ahead: 2,
        rate: None,
        patience: Duration::from_secs(args.patience),
        wait_applied: true,
    };
    let (settings, dry_run) = (args.vectors.fit(), args.dry_run);
    let (tell, told) = oneshot::channel();
    let file: Arc<str> = Arc::from(name.as_str());
    let PipelineOutcome { sent, failure, .. } = pipeline::run(&client, &progress, &sending, move |intake| {
        let prepared = PreparedImport::read(first, &targets, dim, &settings)?;
        // The receiver waits until this has ended.
        let _ = tell.send((prepared.stats().clone(), prepared.fit().kept()));
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
    let (selection, kept) = told.await.context("the file was not read to its end")?;
    let SendStats { accepted, position, .. } = sent;
    let rejected = if dry_run { 0 } else { selection.matched + selection.created - accepted };
    let seconds = began.elapsed().as_secs_f64();
    let matched = selection.matched + selection.created;
    // Rows that match nothing are no fault of the file, unless all are.
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
        imported: accepted,
        selection,
        rejected,
        position,
        seconds,
    };
    if args.json {
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
        writeln!(f, "rows        {} of {} values ({})", grouped(selection.rows), self.file_dim, self.format)?;
        writeln!(f, "imported    {} {into} in {:.1} s", grouped(self.imported), self.seconds)?;
        if selection.created > 0 {
            writeln!(f, "new items   {}", grouped(selection.created))?;
        }
        writeln!(f, "unknown     {}{unknown}", grouped(selection.unknown))?;
        writeln!(f, "left over   {} {into} of the model without a vector", grouped(selection.left_over))?;
        writeln!(f, "duplicates  {}", grouped(selection.duplicates))?;
        writeln!(f, "zero        {}", grouped(selection.zero))?;
        writeln!(f, "not finite  {}", grouped(selection.not_finite))?;
        if self.kept < 1.0 {
            writeln!(f, "kept        {:.1}% of the variance in {} values", 100.0 * self.kept, self.dim)?;
        }
        if self.rejected > 0 {
            writeln!(f, "rejected    {}", grouped(self.rejected))?;
        }
        writeln!(f, "position    {}", grouped(self.position))
    }
}
