//! `shelfmark restore`: a backup becomes a database.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::HumanBytes;
use serde_json::json;
use shelfmark::{
    app::Database,
    config::{BackupStoreSettings, DatabaseSettings},
    engine::{self, VerifiedModel},
    telemetry::{self, TelemetrySettings},
};
use shelfmark_backup::{Erasure, Manifest, Store, StoreAddress, load, read};

use super::{backup, database, exit_status, progress_bar::ProgressDisplay, verify};

/// Restore a backup into an empty database.
///
/// The database is that of --database-url, which must be empty, or a new one in --data-dir. Every object is compared
/// with its SHA-256 before its rows are taken. All of it is one transaction: cut off, it leaves no row, and a service
/// refuses the new folder until a restore into it is whole. What was restored is then verified as by `shelfmark verify --stored`. Ends with status 1 when that finds something wrong.
#[derive(Args)]
pub struct RestoreArgs {
    /// Where the backups are: s3://BUCKET/PREFIX, az://CONTAINER/PREFIX, gs://BUCKET/PREFIX or file:///FOLDER.
    #[arg(long, value_name = "URL")]
    from: StoreAddress,
    /// Name of the backup, as `shelfmark backups` lists it [default: the newest]
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// Learn the log again as well, as `shelfmark verify` does, and print the digest that it leads to.
    #[arg(long)]
    replay: bool,
    /// Print what was restored as JSON.
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

/// Runs the command.
pub fn run(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    database::drop_variables_of_libpq(&args.database)?;
    telemetry::start_log(&args.telemetry)?;
    database::runtime()?.block_on(async {
        let store = Store::open(&args.from, &args.store.store())?;
        // Before a cluster is made for it.
        let manifest = read(&store, args.backup.as_deref()).await?;
        let database = Database::create(&args.database).await?;
        let restored = Box::pin(restore(args, &store, &manifest, &database)).await;
        database.close().await;
        let verified = restored.map_err(|error| unfinished(&args.database, error))?;
        report(args, &manifest, &verified)?;
        let sound = verified.iter().all(|model| model.problems.is_empty());
        Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(exit_status::NO) })
    })
}

/// Says what a failed restore leaves in a new data folder.
fn unfinished(settings: &DatabaseSettings, error: anyhow::Error) -> anyhow::Error {
    let folder = if settings.database_url().is_none() { settings.data_dir().ok() } else { None };
    match folder.filter(|folder| shelfmark_postgres::require_restored(folder).is_err()) {
        Some(folder) => error.context(format!(
            "nothing was restored into {}, and no service starts on it: repeat the restore, or remove the folder",
            folder.display()
        )),
        None => error,
    }
}

async fn restore(
    args: &RestoreArgs,
    store: &Store,
    manifest: &Manifest,
    database: &Database,
) -> anyhow::Result<Vec<VerifiedModel>> {
    let bytes = manifest.summary().bytes;
    let progress = ProgressDisplay::new(Some(bytes), args.quiet);
    let reached = |loaded| {
        progress.update(loaded, || {
            let left = progress.time_left(loaded);
            format!("loading {}  {} of {}{left}", manifest.name, HumanBytes(loaded), HumanBytes(bytes))
        });
    };
    let loaded = Box::pin(load(&database.pool, store, manifest, &reached)).await;
    progress.finish();
    let mut loaded = loaded?;
    let erasures = std::mem::take(&mut loaded.erasures);
    let mut users = Vec::with_capacity(erasures.len());
    for Erasure { model, position, forgotten } in &erasures {
        let forgotten = serde_json::from_str(forgotten)
            .with_context(|| format!("the erasure at position {position} of model {model} cannot be read"))?;
        users.push((*model, forgotten));
    }
    let erased = Box::pin(engine::forget_again(&mut loaded.transaction, &users)).await?;
    if !users.is_empty() {
        eprintln!("{} users who were forgotten since are forgotten again, in {erased} events", users.len());
    }
    loaded.commit().await?;
    database.restored();
    Box::pin(verify::check(database, args.replay, args.quiet)).await
}

fn report(args: &RestoreArgs, manifest: &Manifest, verified: &[VerifiedModel]) -> anyhow::Result<()> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(&json!({"backup": manifest.summary(), "verified": verified}))?);
        return Ok(());
    }
    println!("restored {}", manifest.name);
    print!("{}", backup::models(&manifest.models));
    verified.iter().for_each(verify::show);
    Ok(())
}
