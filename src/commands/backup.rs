//! `shelfmark backup` and `shelfmark backups`: backups of a database, and what a store holds of them.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use shelfmark::{
    config::{BackupStoreSettings, DatabaseSettings, duration},
    telemetry::{self, TelemetrySettings},
};
use shelfmark_backup::{
    BackedModel, BackupOutcome, BackupSettings, BackupSummary, Store, StoreAddress, back_up, check, list, read,
};

use super::{
    client_command::count,
    database, ending, exit_status, pipeline,
    progress_bar::ProgressDisplay,
    table::{Align, Table},
};

/// Back up a database into an object store or a folder, while it is in use.
///
/// Only what the store does not hold yet is sent. The backup is the database at one moment, and is listed once it is
/// whole. Keys of clouds come from the variables of the environment: AWS_*, AZURE_*, GOOGLE_*. `shelfmark restore`
/// brings it back.
#[derive(Args)]
pub struct BackupArgs {
    /// Where to: s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER.
    #[arg(long, value_name = "URL")]
    to: StoreAddress,
    /// Number of backups to keep. Older ones are removed, and then what no backup needs [default: all are kept]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keep: Option<u32>,
    /// Go on, and begin a backup in this interval: 15m, 1h, 1d. Failures are reported, and the next one is made in
    /// time.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    every: Option<Duration>,
    /// Time for which a backup that died keeps others off.
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = duration)]
    lease: Duration,
    /// Print what was done as JSON, a line for each backup.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    store: BackupStoreSettings,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

/// List the backups of a store, newest last, or check whether they are whole.
#[derive(Args)]
pub struct BackupsArgs {
    /// Where they are: s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER.
    #[arg(long, value_name = "URL")]
    at: StoreAddress,
    /// Read every object of every backup, and compare it with its SHA-256. Ends with status 1 when one is damaged.
    #[arg(long)]
    check: bool,
    /// Print the list as JSON.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    store: BackupStoreSettings,
}

/// Runs `backup`.
pub fn run(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    database::drop_variables_of_libpq(&args.database)?;
    telemetry::start_log(&args.telemetry)?;
    let stop = CancellationToken::new();
    // Ended in order, a backup gives its lease back, so that the next one need not wait for the lease's end.
    database::runtime()?.block_on(ending::in_order(make(args, &stop), &stop))
}

/// Makes a backup, or one in each interval until it is stopped.
async fn make(args: &BackupArgs, stop: &CancellationToken) -> anyhow::Result<ExitCode> {
    let store = Store::open(&args.to, &args.store.store())?;
    let Some(every) = args.every else {
        return Box::pin(once(args, &store, stop)).await.map(|()| ExitCode::SUCCESS);
    };
    let mut timer = tokio::time::interval(every);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    while stop.run_until_cancelled(timer.tick()).await.is_some() {
        if let Err(error) = Box::pin(once(args, &store, stop)).await {
            eprintln!("shelfmark: {error:#}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn once(args: &BackupArgs, store: &Store, stop: &CancellationToken) -> anyhow::Result<()> {
    let database = database::open(&args.database, false).await?;
    let settings = BackupSettings {
        keep: args.keep.map(|keep| keep as usize),
        lease: args.lease,
        owner: format!("process {} of `shelfmark backup`", std::process::id()),
        after: None,
    };
    let progress = ProgressDisplay::new(None, args.quiet);
    let reached = |what: &str| progress.update(0, || what.to_owned());
    let backed_up = Box::pin(back_up(&database.pool, store, &settings, &reached, stop.cancelled())).await;
    progress.finish();
    database.close().await;
    report(args, store, &backed_up?)
}

fn report(args: &BackupArgs, store: &Store, done: &BackupOutcome) -> anyhow::Result<()> {
    let BackupOutcome { manifest, sent_objects, sent_bytes, took, removed } = done;
    let summary = manifest.summary();
    if args.json {
        let seconds = took.as_secs_f64();
        let line = json!({
            "backup": summary, "sent_objects": sent_objects, "sent_bytes": sent_bytes, "seconds": seconds,
            "removed": removed,
        });
        println!("{line}");
        return Ok(());
    }
    println!("backup {} at {}", summary.name, store.name());
    println!(
        "{} in {} objects, of which {} in {sent_objects} were new; {:.1} s",
        HumanBytes(summary.bytes),
        summary.objects,
        HumanBytes(*sent_bytes),
        took.as_secs_f64()
    );
    print!("{}", models(&summary.models));
    if args.keep.is_some() {
        println!("removed {} backups and {} objects", removed.backups, removed.objects);
    }
    Ok(())
}

/// Table of the models of a backup.
pub fn models(models: &[BackedModel]) -> Table {
    let mut table = Table::new(&[
        ("model", Align::Left, 24),
        ("position", Align::Right, 14),
        ("version", Align::Right, 8),
        ("at", Align::Right, 14),
        ("digest", Align::Left, 34),
    ]);
    for model in models {
        let version = model.version.as_ref();
        table.row([
            model.name.clone(),
            count(&json!(model.position)),
            version.map_or_else(|| "-".to_owned(), |version| version.number.to_string()),
            version.map_or_else(|| "-".to_owned(), |version| count(&json!(version.position))),
            version.map_or_else(|| "-".to_owned(), |version| version.digest.clone()),
        ]);
    }
    table
}

/// Runs `backups`.
pub fn list_all(args: &BackupsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(Box::pin(listed(args)))
}

async fn listed(args: &BackupsArgs) -> anyhow::Result<ExitCode> {
    let store = Store::open(&args.at, &args.store.store())?;
    let mut found: Vec<(BackupSummary, Vec<shelfmark_backup::Damage>)> = Vec::new();
    let mut unreadable = Vec::new();
    for name in list(&store).await.context("the backups cannot be listed")? {
        let manifest = match read(&store, Some(&name)).await {
            Ok(manifest) => manifest,
            Err(error) => {
                unreadable.push(format!("{name}: {error}"));
                continue;
            }
        };
        let summary = manifest.summary();
        let mut damages = Vec::new();
        if args.check {
            let progress = ProgressDisplay::new(Some(summary.bytes), args.quiet);
            let reached = |bytes| progress.update(bytes, || format!("{name}  {}", HumanBytes(bytes)));
            damages = check(&store, &manifest, &reached).await?;
            progress.finish();
        }
        found.push((summary, damages));
    }
    let damaged = !unreadable.is_empty() || found.iter().any(|(_, damages)| !damages.is_empty());
    if args.json {
        let list: Vec<_> =
            found.iter().map(|(backup, damages)| json!({"backup": backup, "damages": damages})).collect();
        println!("{:#}", json!({"backups": list, "unreadable": unreadable}));
    } else {
        print!("{}", backups(&found));
        for (backup, damages) in &found {
            for damage in damages {
                println!("WRONG: {}: {}: {}", backup.name, damage.object, damage.detail);
            }
        }
        unreadable.iter().for_each(|text| println!("WRONG: {text}"));
    }
    Ok(if damaged { ExitCode::from(exit_status::NO) } else { ExitCode::SUCCESS })
}

fn backups(found: &[(BackupSummary, Vec<shelfmark_backup::Damage>)]) -> Table {
    let mut table = Table::new(&[
        ("backup", Align::Left, 22),
        ("size", Align::Right, 12),
        ("objects", Align::Right, 9),
        ("models", Align::Right, 8),
        ("records", Align::Right, 16),
    ]);
    for (backup, _) in found {
        let records: i64 = backup.models.iter().map(|model| model.position).sum();
        table.row([
            backup.name.clone(),
            HumanBytes(backup.bytes).to_string(),
            count(&json!(backup.objects)),
            count(&json!(backup.models.len())),
            count(&json!(records)),
        ]);
    }
    table
}
