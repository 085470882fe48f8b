//! `shelfmark size`: memory, disk and cores for a number of users, items and events.
//!
//! The formulas and figures are those of `docs/how-to/size-a-deployment.md`. They are estimates: a test holds the memory
//! of rows against a running service.

use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Args;
use indicatif::HumanCount;
use serde::Serialize;

use super::{
    progress_bar::whole,
    table::{Align, Table, wrap},
};

/// Bytes of a process besides rows: libtorch, buffers, stacks.
const PROCESS_BYTES: f64 = 0.3e9;
/// What a process really takes of what its rows count.
const ALLOCATED: f64 = 1.2;
/// Stored bytes of a full version, of its rows in memory.
const VERSION_STORED: f64 = 0.45;
/// Bytes of an event in the log, with its indexes, and of its write-ahead log.
const EVENT_BYTES: f64 = 303.0;
const EVENT_WAL_BYTES: f64 = 413.0;
/// Events that the learner of one model takes in a second.
const LEARNED_PER_SECOND: f64 = 20_000.0;
/// Events that one Postgres commits in a second, in batches.
const COMMITTED_PER_SECOND: f64 = 100_000.0;
/// Seconds of a core for a recommendation, besides the search, and of the search for each value of a vector.
const REQUEST_SECONDS: f64 = 70e-6;
const REQUEST_VALUE_SECONDS: f64 = 35e-12;
/// Share of its cores that a process should be busy with at its peak.
const BUSY: f64 = 0.5;

/// Estimate the memory, disk and cores that a deployment takes.
///
/// Nothing is asked or read: give the numbers that you expect. See docs/how-to/size-a-deployment.md for the formulas.
#[derive(Debug, Args)]
pub struct SizeArgs {
    /// Number of users that a model knows.
    #[arg(long)]
    users: u64,
    /// Number of items in the catalogue of a model.
    #[arg(long)]
    items: u64,
    /// Number of sessions without a user that a model knows.
    #[arg(long, default_value_t = 0)]
    sessions: u64,
    /// Number of different words, categories and circumstances [default: a half of the items].
    #[arg(long)]
    words: Option<u64>,
    /// Number of words and categories of an item.
    #[arg(long, default_value_t = 8)]
    words_per_item: u32,
    /// Number of values of the vectors that items bring along, all modalities together.
    #[arg(long, default_value_t = 0)]
    vector_values: u32,
    /// Number of values of an embedding (`config.dim`).
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1024))]
    dim: u32,
    /// Number of events that a user or session has made.
    #[arg(long, default_value_t = 20)]
    events_per_user: u32,
    /// Number of events a day, of one model.
    #[arg(long, default_value_t = 0)]
    events_per_day: u64,
    /// Number of recommendations a second that one process answers at its peak.
    #[arg(long, default_value_t = 0)]
    requests_per_second: u32,
    /// Rate of the busiest hour, as a multiple of the day's average.
    #[arg(long, default_value_t = 3.0, value_parser = at_least_one)]
    peak: f64,
    /// Number of such models in the database; every process holds them all.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    models: u16,
    /// Value of `serve --versions-in-memory`.
    #[arg(long, default_value_t = 4)]
    versions_in_memory: u16,
    /// Value of `serve --trace-states`.
    #[arg(long, default_value_t = 2)]
    trace_states: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn at_least_one(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if value.is_finite() && value >= 1.0 { Ok(value) } else { Err("not a number of at least 1".to_owned()) }
}

/// Estimates, in bytes, cores and events a second.
#[derive(Debug, Serialize)]
struct Estimate {
    /// Rows of one model.
    users_bytes: f64,
    sessions_bytes: f64,
    items_bytes: f64,
    words_bytes: f64,
    rows_bytes: f64,
    /// A process that holds all models: without copies, and with as many as there may be.
    process_bytes: f64,
    process_bytes_max: f64,
    /// Disk of Postgres, of all models.
    log_bytes_per_day: f64,
    wal_bytes_per_day: f64,
    version_bytes: f64,
    /// Peak of one model, and of all.
    learned_per_second: f64,
    committed_per_second: f64,
    /// Cores of a process at its peak: to learn and to answer.
    learning_cores: f64,
    answering_cores: f64,
    cores: f64,
}

#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn estimate(args: &SizeArgs) -> Estimate {
    let dim = f64::from(args.dim);
    let models = f64::from(args.models);
    let (users, sessions, items) = (args.users as f64, args.sessions as f64, args.items as f64);
    // A history keeps at most 2,125 events, the first four of them in the row.
    let kept_bytes = 20.0 * (f64::from(args.events_per_user).min(2125.0) - 4.0).max(0.0);
    let events_per_item = (users + sessions) * f64::from(args.events_per_user) / items.max(1.0);
    let words = args.words.map_or(items / 2.0, |words| words as f64);
    let users_bytes = users * (10.0 * dim + 270.0 + kept_bytes);
    let sessions_bytes = sessions * (250.0 + kept_bytes);
    let dense_bytes = if args.vector_values > 0 { 5.0 * dim + 30.0 + 4.0 * f64::from(args.vector_values) } else { 0.0 };
    // Metadata, words, and the items that followed it.
    let described_bytes = 640.0 + 16.0 * f64::from(args.words_per_item) + 12.0 * events_per_item.min(128.0);
    let items_bytes = items * (26.0 * dim + 710.0 + described_bytes + dense_bytes);
    let words_bytes = words * (10.0 * dim + 90.0) + f64::from(args.vector_values) * (10.0 * dim + 24.0);
    let rows_bytes = users_bytes + sessions_bytes + items_bytes + words_bytes;
    let process_bytes = ALLOCATED * rows_bytes * models + PROCESS_BYTES;
    let copies = f64::from(args.versions_in_memory) + f64::from(args.trace_states) + 1.0;
    let copy_bytes = 4.0 * dim * (users + 2.0 * items + words);
    let events_per_day = args.events_per_day as f64;
    let learned_per_second = args.peak * events_per_day / 86_400.0;
    let committed_per_second = learned_per_second * models;
    let learning_cores = committed_per_second / LEARNED_PER_SECOND;
    let answer_seconds = REQUEST_SECONDS + REQUEST_VALUE_SECONDS * items * dim;
    let answering_cores = f64::from(args.requests_per_second) * answer_seconds;
    Estimate {
        users_bytes,
        sessions_bytes,
        items_bytes,
        words_bytes,
        rows_bytes,
        process_bytes,
        process_bytes_max: process_bytes + copies * copy_bytes * models,
        log_bytes_per_day: events_per_day * models * EVENT_BYTES,
        wal_bytes_per_day: events_per_day * models * EVENT_WAL_BYTES,
        version_bytes: VERSION_STORED * rows_bytes * models,
        learned_per_second,
        committed_per_second,
        learning_cores,
        answering_cores,
        cores: ((learning_cores + answering_cores) / BUSY).ceil().max(2.0),
    }
}

impl Estimate {
    /// Names the bounds that are reached, and what to do.
    fn limits(&self) -> Vec<&'static str> {
        let reached = [
            (
                self.learned_per_second > LEARNED_PER_SECOND,
                "One learner does not keep up at the peak: about 20,000 events/s. Split the traffic over models, by \
                 country or shop, or leave out events of little worth.",
            ),
            (
                self.committed_per_second > COMMITTED_PER_SECOND,
                "One Postgres does not keep up at the peak: about 100,000 events/s. Give each group of models a \
                 database of its own.",
            ),
            (
                self.process_bytes_max > 64e9,
                "A process takes more than 64 GB. Choose fewer values of an embedding, drop idle users \
                 (`drop_idle_events`), or keep fewer copies (`--versions-in-memory 1 --trace-states 0`).",
            ),
            (
                self.log_bytes_per_day > 50e9,
                "The log grows by more than 50 GB a day, and all of it is kept. Plan for the disk, and for the time \
                 of a backup.",
            ),
        ];
        reached.into_iter().filter_map(|(reached, told)| reached.then_some(told)).collect()
    }
}

/// Runs the command.
pub fn run(args: &SizeArgs) -> anyhow::Result<ExitCode> {
    let estimate = estimate(args);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&estimate)?);
    } else {
        print!("{}", shown(args, &estimate));
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes for people")]
fn size(bytes: f64) -> String {
    ByteSize(bytes as u64).display().si().to_string()
}

fn shown(args: &SizeArgs, estimate: &Estimate) -> String {
    let mut table = Table::new(&[("", Align::Left, 44), ("estimate", Align::Right, 14)]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("rows of a model: users", size(estimate.users_bytes));
    row("  sessions", size(estimate.sessions_bytes));
    row("  items", size(estimate.items_bytes));
    row("  words, circumstances, modalities", size(estimate.words_bytes));
    row("  together", size(estimate.rows_bytes));
    row("memory of each process", size(estimate.process_bytes));
    row("  with all copies of versions and traces", size(estimate.process_bytes_max));
    row("log on the disk of Postgres, a day", size(estimate.log_bytes_per_day));
    row("  a year", size(365.0 * estimate.log_bytes_per_day));
    row("write-ahead log, a day", size(estimate.wal_bytes_per_day));
    row("a full version of all models", size(estimate.version_bytes));
    row("events a second at the peak, of a model", HumanCount(whole(estimate.learned_per_second)).to_string());
    row("cores of each process", HumanCount(whole(estimate.cores)).to_string());
    let mut text = table.to_string();
    if args.models > 1 {
        text.push_str(&format!("Every process holds all {} models.\n", args.models));
    }
    for limit in estimate.limits() {
        text.push_str(&wrap(limit));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        size: SizeArgs,
    }

    fn estimated(line: &str) -> Estimate {
        estimate(&Cli::try_parse_from(format!("size {line}").split(' ')).expect("arguments").size)
    }

    #[test]
    fn recorded_streams_take_what_was_counted() {
        // `memory` of models that learned REES46 (an excerpt), MovieLens 100k and Online Retail, d = 128.
        for (line, counted) in [
            ("--users 4504 --items 6493 --words 2477 --events-per-user 5", 43_542_583.0),
            ("--users 943 --items 1682 --words 2495 --events-per-user 106", 16_998_667.0),
            ("--users 3613 --items 3659 --words 2060 --events-per-user 74", 34_964_867.0),
        ] {
            let ratio = estimated(line).rows_bytes / counted;
            assert!((0.85..=1.15).contains(&ratio), "{line}: {ratio}");
        }
    }

    #[test]
    fn what_one_machine_cannot_do_is_named() {
        assert!(estimated("--users 100000 --items 10000 --events-per-day 10000000").limits().is_empty());
        let large = estimated("--users 10000000 --items 1000000 --events-per-day 8640000000 --peak 1");
        assert_eq!(large.limits().len(), 3, "{:?}", large.limits());
        let many = estimated("--users 1000 --items 1000 --events-per-day 200000000 --models 64");
        assert_eq!(many.limits().len(), 2, "{:?}", many.limits());
        assert!(Cli::try_parse_from(["size", "--users", "1", "--items", "1", "--peak", "0.5"]).is_err());
        assert!(Cli::try_parse_from(["size", "--users", "1", "--items", "1", "--models", "0"]).is_err());
    }
}
