//! `shelfmark keys`: API keys in the database.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use shelfmark::{
    app::Database,
    config::DatabaseSettings,
    telemetry::{self, TelemetrySettings},
};
use shelfmark_domain::{ModelName, Origin, Scope, Timestamp};
use shelfmark_store::{
    audit::{AuditLog, NewAuditEntry},
    keys::{KeyError, KeyStore, NewKey},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    database,
    table::{Align, Table},
};

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
        /// What the key may do.
        #[arg(long, value_enum)]
        scope: ScopeArg,
        /// Model that the key is for [default: all models]
        #[arg(long)]
        model: Option<String>,
        /// Time from which it is refused, such as 2027-01-31T00:00:00Z [default: never]
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// Origin of pages that may use a key of scope `ingest` or `recommend`, such as https://shop.example; may be
        /// given several times.
        #[arg(long, value_name = "ORIGIN")]
        origin: Vec<String>,
        /// Requests a second that a key of scope `ingest` or `recommend` may make [default: 50]
        #[arg(long, value_name = "N")]
        requests_per_second: Option<u32>,
    },
    /// List keys by name, scope, model, time of creation, expiry and origins. The keys themselves are not stored.
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
    /// Read the event log, lists of users and exports too.
    Export,
    /// Read as `read` does, and write events and items.
    Write,
    /// Everything: take versions, roll back, configure and erase too.
    Admin,
    /// Append events, and nothing else: for pages in browsers.
    Ingest,
    /// Ask for recommendations, and nothing else: for pages in browsers.
    Recommend,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Read => Self::Read,
            ScopeArg::Export => Self::Export,
            ScopeArg::Write => Self::Write,
            ScopeArg::Admin => Self::Admin,
            ScopeArg::Ingest => Self::Ingest,
            ScopeArg::Recommend => Self::Recommend,
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
    let audit = AuditLog::new(database.pool.clone());
    let acted = change(action, &keys, &audit).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    acted
}

/// Begins the audit entry of a change of keys: its actor is the user of the shell.
async fn begin(audit: &AuditLog, action: &str, name: &str, model: Option<String>) -> anyhow::Result<u64> {
    let actor = format!("command line, user {}", rustix::process::getuid().as_raw());
    let target = BTreeMap::from([("key".to_owned(), name.to_owned())]);
    Ok(audit.begin(&NewAuditEntry { actor, action: action.to_owned(), model, target, request_id: None }).await?)
}

/// Completes an audit entry with the outcome, as the status of a reply would say it. A key that was made must be shown,
/// so an entry that cannot be completed is told and stays without a status.
async fn end<T>(audit: &AuditLog, entry: u64, outcome: Result<T, KeyError>) -> anyhow::Result<T> {
    let status = match &outcome {
        Ok(_) => 200,
        Err(KeyError::Database(_)) => 503,
        Err(
            KeyError::Field(_)
            | KeyError::NameTaken(_)
            | KeyError::NotFound(_)
            | KeyError::TooMany(_)
            | KeyError::Last(_),
        ) => 422,
    };
    if let Err(error) = audit.end(entry, status).await {
        eprintln!("The entry {entry} of the audit log has no status: {error}");
    }
    Ok(outcome?)
}

async fn change(action: Action, keys: &KeyStore, audit: &AuditLog) -> anyhow::Result<()> {
    match action {
        Action::Create { name, scope, model, expires_at, origin, requests_per_second } => {
            let model = model.as_deref().map(ModelName::new).transpose()?;
            let expires_at = expires_at.as_deref().map(parse_time).transpose()?;
            let origins = origin.iter().map(|origin| Origin::new("origin", origin)).collect::<Result<_, _>>()?;
            let entry = begin(audit, "keys create", &name, model.as_ref().map(ToString::to_string)).await?;
            let new = NewKey { name, scope: scope.into(), model, expires_at, origins, requests_per_second };
            let created = keys.create(&new).await;
            let (secret, key) = end(audit, entry, created).await?;
            eprintln!("The key {:?} has scope {}; it is shown this once:", key.name, key.scope.name());
            println!("{}", secret.reveal());
        }
        Action::List => {
            let mut table = Table::new(&[
                ("key", Align::Left, 24),
                ("scope", Align::Left, 9),
                ("model", Align::Left, 16),
                ("made (UTC)", Align::Left, 10),
                ("expires", Align::Left, 20),
                ("origins", Align::Left, 24),
            ]);
            for key in keys.list().await? {
                let expires = match key.expires_at {
                    Some(expires_at) if key.is_expired(Timestamp::now()) => format!("expired {expires_at}"),
                    Some(expires_at) => expires_at.to_string(),
                    None => "never".to_owned(),
                };
                // Names are given back to `revoke`, so they are not cut.
                table.wrapped_row([
                    key.name,
                    key.scope.name().to_owned(),
                    key.model.unwrap_or_else(|| "(all models)".to_owned()),
                    key.created_at.to_string().chars().take(10).collect(),
                    expires,
                    key.origins.iter().map(Origin::as_str).collect::<Vec<_>>().join(" "),
                ]);
            }
            if !table.is_empty() {
                print!("{table}");
            }
        }
        Action::Revoke { name } => {
            let entry = begin(audit, "keys revoke", &name, None).await?;
            end(audit, entry, keys.revoke(&name).await).await?;
            eprintln!("The key {name:?} is revoked.");
        }
    }
    Ok(())
}

fn parse_time(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).with_context(|| format!("--expires-at {text:?} must be a time such as 2027-01-31T00:00:00Z"))
}
