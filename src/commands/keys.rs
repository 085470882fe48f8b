//! `shelfmark keys`: API keys in the database.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use shelfmark::{
    app::Database,
    config::DatabaseSettings,
    telemetry::{self, TelemetrySettings},
};
use shelfmark_domain::{ModelName, Scope};
use shelfmark_store::keys::KeyStore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::database;

/// Make, list and revoke API keys.
#[derive(Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    database: GlobalDatabase,
    #[command(flatten)]
    telemetry: TelemetrySettings,
}

/// Database of the keys, as for `serve`.
#[derive(Args)]
struct GlobalDatabase {
    #[command(flatten)]
    settings: DatabaseSettings,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key and print it. It is not shown again. A running service accepts it within seconds.
    Create {
        /// Name of the key, shown as the actor of versions and rollbacks.
        #[arg(long)]
        name: String,
        /// What the key may do. Each scope includes the ones before it.
        #[arg(long, value_enum)]
        scope: ScopeArg,
        /// Model that the key is for [default: all models]
        #[arg(long)]
        model: Option<String>,
    },
    /// List keys by name, scope, model and time. The keys themselves are not stored.
    List,
    /// Revoke a key. A running service refuses it within seconds.
    Revoke {
        /// Name of the key.
        #[arg(long)]
        name: String,
    },
}

/// Scope on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum ScopeArg {
    /// Read recommendations, embeddings, versions and health.
    Read,
    /// Write events and items too.
    Write,
    /// Take versions, roll back, configure and erase too.
    Admin,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Read => Self::Read,
            ScopeArg::Write => Self::Write,
            ScopeArg::Admin => Self::Admin,
        }
    }
}

/// Runs the command.
pub fn run(args: KeysArgs) -> anyhow::Result<ExitCode> {
    database::drop_variables_of_libpq(&args.database.settings)?;
    telemetry::start_log(&args.telemetry)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("the async runtime cannot start")?;
    runtime.block_on(act(args.action, &args.database.settings))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(action: Action, settings: &DatabaseSettings) -> anyhow::Result<()> {
    let create_tables = matches!(action, Action::Create { .. });
    let database = database::open(settings, create_tables).await?;
    let acted = with_keys(action, &database).await;
    database.close().await;
    acted
}

async fn with_keys(action: Action, database: &Database) -> anyhow::Result<()> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let keys = KeyStore::open(database.pool.clone(), stop.clone(), &tasks).await?;
    let acted = change(action, &keys).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    acted
}

async fn change(action: Action, keys: &KeyStore) -> anyhow::Result<()> {
    match action {
        Action::Create { name, scope, model } => {
            let model = model.as_deref().map(ModelName::new).transpose()?;
            let (secret, key) = keys.create(&name, scope.into(), model.as_ref()).await?;
            eprintln!("The key {:?} has scope {}; it is shown this once:", key.name, key.scope.name());
            println!("{}", secret.reveal());
        }
        Action::List => {
            for key in keys.list().await? {
                println!(
                    "{}\t{}\t{}\t{}",
                    key.name,
                    key.scope.name(),
                    key.model.as_deref().unwrap_or("(all models)"),
                    key.created_at
                );
            }
        }
        Action::Revoke { name } => {
            keys.revoke(&name).await?;
            eprintln!("The key {name:?} is revoked.");
        }
    }
    Ok(())
}
