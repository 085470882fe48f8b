//! `shelfmark verify`: a check of a whole database.

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args;
use shelfmark::{
    app::Database,
    config::DatabaseSettings,
    engine::{self, Dependencies, EngineSettings, VerifiedModel, Verify},
    telemetry::{self, TelemetrySettings},
};
use shelfmark_domain::ModelConfig;
use shelfmark_log::{LogCheck, LogSettings};
use shelfmark_serving::{SearchSettings, Searcher};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    database,
    progress_bar::WorkProgress,
    table::{Align, Table},
};

/// Check every version of a database, and that the log leads from each to the next.
///
/// Needs no running service and changes nothing. Every append of the log is compared with its checksum, and every
/// manifest with its seal. Every version is read, decompressed and compared with its checksums and its digest. Then the
/// log is learned again from the beginning, and must arrive at the digest of each version in turn. That takes as long
/// as learning it took; --stored leaves it out. Ends with status 1 when something is wrong.
#[derive(Args)]
pub struct VerifyArgs {
    /// Check what is stored (checksums, chains and digests), and do not learn the log again.
    #[arg(long)]
    stored: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    database::drop_variables_of_libpq(&args.database)?;
    telemetry::start_log(&args.telemetry)?;
    let models = database::runtime()?.block_on(async {
        let database = database::open(&args.database, false).await?;
        let models = check(&database, !args.stored, args.quiet).await;
        database.close().await;
        models
    })?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&models)?);
    } else {
        models.iter().for_each(show);
    }
    let sound = models.iter().all(|model| model.problems.is_empty());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks every model of a database. `replay` learns the logs again.
pub async fn check(database: &Database, replay: bool, quiet: bool) -> anyhow::Result<Vec<VerifiedModel>> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let with = Dependencies {
        pool: database.pool.clone(),
        log: LogSettings::default(),
        engine: EngineSettings::default(),
        searcher: Searcher::start(SearchSettings { threads: 1, ..SearchSettings::default() })?,
        default_config: ModelConfig::default(),
        stop: stop.clone(),
        log_stop: stop.clone(),
        tasks: tasks.clone(),
        log_tasks: tasks.clone(),
    };
    let shown: Mutex<Option<(String, WorkProgress)>> = Mutex::default();
    let reached = move |model: &str, position: shelfmark_domain::Position, head: shelfmark_domain::Position| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        let all = usize::try_from(head.get()).unwrap_or(usize::MAX);
        if shown.as_ref().is_none_or(|(name, _)| name != model) {
            *shown = Some((model.to_owned(), WorkProgress::new(model, all, "records", quiet)));
        }
        if let Some((_, progress)) = &*shown {
            progress.update(usize::try_from(position.get()).unwrap_or(all), String::new);
            if position == head {
                progress.finish();
            }
        }
    };
    let checked = engine::verify(&with, &Verify { replay, reached: Arc::new(reached) }).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(checked?)
}

/// Prints what was found of a model.
pub fn show(model: &VerifiedModel) {
    let LogCheck { records, appends, checked_from, erased, .. } = &model.log;
    println!("model {}, log of {} records", model.model, model.head);
    println!("log: {records} records, {appends} appends; checksums from position {checked_from}");
    if *erased > 0 {
        println!("log: users were erased from {erased} appends since they were appended");
    }
    let mut table = Table::new(&[
        ("version", Align::Right, 9),
        ("position", Align::Right, 12),
        ("stored", Align::Left, 6),
        ("replayed", Align::Left, 8),
        ("detail", Align::Left, 200),
    ]);
    for version in &model.versions {
        let said = |sound: bool| if sound { "ok" } else { "WRONG" };
        table.wrapped_row([
            version.version.to_string(),
            version.position.to_string(),
            said(version.stored).to_owned(),
            version.replayed.map_or("-", said).to_owned(),
            version.detail.clone().unwrap_or_default(),
        ]);
    }
    if !table.is_empty() {
        print!("{table}");
    }
    match (model.problems.as_slice(), model.digest) {
        ([], Some(digest)) => println!("sound; the log leads to digest {digest}"),
        ([], None) => println!("sound"),
        (problems, _) => problems.iter().for_each(|problem| println!("WRONG: {problem}")),
    }
}
