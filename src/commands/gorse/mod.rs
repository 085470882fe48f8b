//! `shelfmark import --from gorse`: users, items, feedback and configuration of Gorse.

mod config;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use serde_json::{Value, json};
use shelfmark_client::{ApiRequest, Client, ClientError, GorseServer, Url, retry};
use tokio::fs::File;

use super::{
    client_command::{OutputArgs, ServiceArgs},
    table::wrap,
};
use config::Settings;

/// Entries of a page.
const PAGE: usize = 1000;
/// Tables, in the order in which they are moved: feedback would make users and items without labels.
const TABLES: [&str; 3] = ["users", "items", "feedback"];

/// A move from Gorse.
pub struct Move {
    /// An address, a dump or a configuration.
    pub from: PathBuf,
    /// Key of the running Gorse.
    pub from_key: Option<String>,
    pub service: ServiceArgs,
    pub dry_run: bool,
    /// How long a request is repeated that may succeed later.
    pub patience: Duration,
    pub output: OutputArgs,
    pub quiet: bool,
}

impl Move {
    /// Moves, and prints what was done.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let from = self.from.to_string_lossy().into_owned();
        let client = self.service.client()?;
        let done = if from.ends_with(".toml") {
            self.configure(&client).await?
        } else {
            self.check_model(&client).await?;
            match Url::parse(&from) {
                Ok(url) if ["http", "https"].contains(&url.scheme()) => self.copy(&client, &url).await?,
                Ok(_) | Err(_) => self.restore(&client).await?,
            }
        };
        self.output.print(&done, |done| Ok(text(done)))?;
        Ok(ExitCode::SUCCESS)
    }

    /// The Gorse-compatible surface writes into the model of the key.
    async fn check_model(&self, client: &Client) -> anyhow::Result<()> {
        let model = self.service.model.as_str();
        let seen = client.models().await?;
        let names: Vec<&str> =
            seen["models"].as_array().into_iter().flatten().filter_map(|seen| seen["name"].as_str()).collect();
        if model != "default" && names != [model] {
            bail!("--model {model}: give the key of that model alone (--key), which says where it is written to");
        }
        Ok(())
    }

    /// Reads a running Gorse page by page.
    async fn copy(&self, client: &Client, url: &Url) -> anyhow::Result<Value> {
        let gorse = GorseServer::new(url, self.from_key.clone(), self.service.server.ca_file.as_deref())?;
        let mut done = json!({});
        for table in TABLES {
            let (mut cursor, mut count) = (String::new(), 0);
            loop {
                let read = async || gorse.page(table, PAGE, &cursor).await;
                let (entries, next) = self.patiently(read).await.with_context(|| format!("{table} of {url}"))?;
                if !entries.is_empty() && !self.dry_run {
                    let send = async || client.post_gorse(table, &entries).await;
                    self.patiently(send).await.with_context(|| format!("{table} after {count} were taken"))?;
                }
                count += entries.len();
                if next.is_empty() || next == cursor {
                    break;
                }
                cursor = next;
            }
            if !self.quiet {
                eprintln!("{table}: {}", HumanCount(count as u64));
            }
            done[table] = count.into();
        }
        Ok(done)
    }

    async fn patiently<T>(&self, send: impl AsyncFnMut() -> Result<T, ClientError>) -> Result<T, ClientError> {
        retry(self.patience, send, |_| {}).await.map_err(|(error, _)| error)
    }

    /// Sends a dump as it is read.
    async fn restore(&self, client: &Client) -> anyhow::Result<Value> {
        let file = File::open(&self.from).await.with_context(|| self.from.display().to_string())?;
        if self.dry_run {
            bail!("--dry-run: a dump is read by the service alone");
        }
        let stats = client.restore_gorse(file).await?;
        Ok(json!({ "users": stats["Users"], "items": stats["Items"], "feedback": stats["Feedback"] }))
    }

    /// Gives kinds of events the weights that a configuration means.
    async fn configure(&self, client: &Client) -> anyhow::Result<Value> {
        let written = tokio::fs::read_to_string(&self.from).await.with_context(|| self.from.display().to_string())?;
        let settings = Settings::read(&written).with_context(|| self.from.display().to_string())?;
        if !self.dry_run && !settings.kinds.is_empty() {
            let body = json!({ "config": { "kinds": settings.kinds } });
            client.send::<Value>(ApiRequest::patch(&[]).json(body)).await?;
        }
        Ok(json!({ "kinds": settings.kinds, "settings": settings.said }))
    }
}

/// Describes what was done.
fn text(done: &Value) -> String {
    let settings = done["settings"].as_object();
    let lines = settings
        .into_iter()
        .flatten()
        .map(|(name, said)| wrap(&format!("{name}: {}", said.as_str().unwrap_or_default())));
    let counts = TABLES
        .iter()
        .filter_map(|table| done[*table].as_u64().map(|count| format!("{table:<9} {}", HumanCount(count))));
    lines.chain(counts).collect::<Vec<_>>().join("\n")
}
