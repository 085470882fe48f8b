//! `shelfmark versions export`: rows of a version into a file.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::super::{
    client::{Client, ServiceArgs},
    stats::grouped,
    table::size,
};

/// Longest time of a download.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// Longest pause within one.
const PAUSE_MAX: Duration = Duration::from_secs(90);

/// Write the learned rows of a version, or of the live state, into a file that other programs read.
///
/// `shelfmark import` reads safetensors and word2vec back. The file appears under its name once it is whole.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Number or label of a version, or live.
    #[arg(id = "number-or-label", value_name = "VERSION")]
    version: String,
    /// Form of the file.
    #[arg(long, value_enum, default_value_t = ExportFormatArg::Safetensors)]
    format: ExportFormatArg,
    /// Which rows.
    #[arg(long, value_enum, default_value_t = ExportTableArg::Items)]
    table: ExportTableArg,
    /// Write items' vectors with what their words, categories and dense vectors add: for searching, not for importing.
    #[arg(long)]
    content: bool,
    /// The file; - for standard output.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Write the summary as JSON.
    #[arg(long)]
    json: bool,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// As on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormatArg {
    /// One tensor; ids in the metadata.
    Safetensors,
    /// Numpy arrays: vectors and ids.
    Npz,
    /// Word2vec's text form.
    Word2vec,
    /// A line of JSON for each row.
    Jsonl,
}

/// As on the command line.
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
    let query = [("format", format), ("table", table), ("content", args.content.to_string())];
    let path = ["versions", args.version.as_str(), "export"];
    let answer = Client::new(&args.service)?.download(&path, &query, TIME_MAX).await?;
    let position: u64 = answer
        .headers()
        .get("shelfmark-position")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .context("the answer does not say its position")?;
    let written = if args.out.as_os_str() == "-" {
        read(answer, &mut std::io::stdout().lock(), args.quiet).await?
    } else {
        into_file(answer, &args.out, args.quiet).await?
    };
    if args.json {
        // Beside the rows, when those are on standard output.
        say(&args.out, &json!({"bytes": written, "position": position, "file": args.out}).to_string());
    } else if !args.quiet {
        let text = format!("{} at position {} in {}", size(written), grouped(position), args.out.display());
        say(&args.out, &text);
    }
    Ok(())
}

fn say(out: &Path, text: &str) {
    if out.as_os_str() == "-" { eprintln!("{text}") } else { println!("{text}") }
}

/// Writes beside the file first: what stands under its name is whole.
async fn into_file(answer: reqwest::Response, out: &Path, quiet: bool) -> anyhow::Result<u64> {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let told = || format!("{} cannot be written", part.display());
    let mut file = std::io::BufWriter::new(std::fs::File::create(&part).with_context(told)?);
    let written = match read(answer, &mut file, quiet).await {
        Ok(written) => written,
        Err(error) => {
            drop(file);
            // What is left of it says nothing.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
    };
    file.flush().with_context(told)?;
    std::fs::rename(&part, out).with_context(|| format!("{} cannot be written", out.display()))?;
    Ok(written)
}

async fn read(mut answer: reqwest::Response, out: &mut impl Write, quiet: bool) -> anyhow::Result<u64> {
    let bar = (!quiet && std::io::stderr().is_terminal()).then(|| bar(answer.content_length()));
    let mut written = 0;
    loop {
        let Ok(piece) = tokio::time::timeout(PAUSE_MAX, answer.chunk()).await else {
            bail!("no more came for {} seconds", PAUSE_MAX.as_secs());
        };
        let Some(piece) = piece.context("the service broke off")? else { break };
        out.write_all(&piece)?;
        written += piece.len() as u64;
        if let Some(bar) = &bar {
            bar.set_position(written);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(written)
}

fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, style) = match bytes {
        Some(bytes) => {
            (ProgressBar::new(bytes), "{bar:24.cyan/blue} {percent:>3}%  {bytes}  {bytes_per_sec}  {eta} left")
        }
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {bytes_per_sec}"),
    };
    bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
