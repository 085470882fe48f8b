//! `shelfmark versions export`: the rows of a version as a file.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use indicatif::HumanCount;
use serde_json::json;
use shelfmark_client::{ApiRequest, Download};

use super::super::{
    client_command::{OutputArgs, ServiceArgs},
    progress_bar::{ProgressDisplay, rate},
};

/// Longest time of a download.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// Longest pause within one.
const PAUSE_MAX: Duration = Duration::from_secs(90);

/// Export the learned rows of a version, or of the live state, to a file that other programs read.
///
/// `shelfmark import` reads items and tokens back, in every form. The file appears under its name once it is whole.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Number or label of the version, or live.
    #[arg(id = "number-or-label", value_name = "VERSION")]
    version: String,
    /// Format of the file.
    #[arg(long, value_enum, default_value_t = ExportFormatArg::Safetensors)]
    format: ExportFormatArg,
    /// Table whose rows are exported.
    #[arg(long, value_enum, default_value_t = ExportTableArg::Items)]
    table: ExportTableArg,
    /// Add the content vectors of words, categories and dense vectors to those of items: for searching, not for
    /// importing.
    #[arg(long)]
    content: bool,
    /// File to write, or - for standard output.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    /// Show neither progress nor summary.
    #[arg(long)]
    quiet: bool,
}

/// Format on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormatArg {
    /// One tensor, with ids in the metadata.
    Safetensors,
    /// NumPy arrays `vectors` and `ids`.
    Npz,
    /// Text form of word2vec.
    Word2vec,
    /// A JSON object a line.
    Jsonl,
    /// vectors.tsv and metadata.tsv of the TensorFlow Embedding Projector, in a zip.
    Projector,
    /// Columns id and values, a list of floats.
    Parquet,
}

/// Table on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportTableArg {
    /// Item vectors.
    Items,
    /// Users' own vectors.
    Users,
    /// Token vectors.
    Tokens,
}

/// Runs the command.
pub async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
    let format = name(args.format.to_possible_value()).context("a format has a name")?;
    let table = name(args.table.to_possible_value()).context("a table has a name")?;
    let request = ApiRequest::get(&["versions", &args.version, "export"])
        .query("format", format)
        .query("table", table)
        .query("content", args.content);
    let answer = args.service.client()?.download(request, TIME_MAX).await?;
    let position: u64 = answer
        .header("shelfmark-position")
        .and_then(|value| value.parse().ok())
        .context("the answer has no position: is this the service?")?;
    let written = if args.out.as_os_str() == "-" {
        read(answer, &mut std::io::stdout().lock(), args.quiet).await?
    } else {
        into_file(answer, &args.out, args.quiet).await?
    };
    if args.output.json {
        say(&args.out, &json!({"bytes": written, "position": position, "file": args.out}).to_string());
    } else if !args.quiet {
        let text = format!(
            "{} at position {} in {}",
            ByteSize(written).display().si(),
            HumanCount(position),
            args.out.display()
        );
        say(&args.out, &text);
    }
    Ok(())
}

/// Prints beside the rows, when those are on standard output.
fn say(out: &Path, text: &str) {
    if out.as_os_str() == "-" { eprintln!("{text}") } else { println!("{text}") }
}

/// Writes to `FILE.part` and renames it at the end, so that a file under its name is complete.
async fn into_file(answer: Download, out: &Path, quiet: bool) -> anyhow::Result<u64> {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let told = || format!("{} cannot be written", part.display());
    let mut file = std::io::BufWriter::new(std::fs::File::create(&part).with_context(told)?);
    let written = match read(answer, &mut file, quiet).await {
        Ok(written) => written,
        Err(error) => {
            drop(file);
            // A part is of no use.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
    };
    file.flush().with_context(told)?;
    std::fs::rename(&part, out).with_context(|| format!("{} cannot be written", out.display()))?;
    Ok(written)
}

/// Copies the answer, and returns its number of bytes.
async fn read(mut answer: Download, out: &mut impl Write, quiet: bool) -> anyhow::Result<u64> {
    let total = answer.content_length();
    let progress = ProgressDisplay::new(total, quiet);
    let began = Instant::now();
    let mut written = 0;
    loop {
        let Ok(piece) = tokio::time::timeout(PAUSE_MAX, answer.chunk()).await else {
            bail!("no more came for {} seconds", PAUSE_MAX.as_secs());
        };
        let Some(piece) = piece.context("the service broke off")? else { break };
        out.write_all(&piece)?;
        written += piece.len() as u64;
        progress.update(written, || {
            let (size, speed) = (ByteSize(written), ByteSize(rate(written, began.elapsed())));
            format!("{}  {}/s{}", size.display().si(), speed.display().si(), progress.time_left(written))
        });
    }
    progress.finish();
    Ok(written)
}
