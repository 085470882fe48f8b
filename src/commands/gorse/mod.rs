//! `shelfmark import --from gorse`: users, items, feedback and configuration of Gorse.

mod by_time;
mod config;
mod source;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use serde_json::{Value, json};
use shelfmark_client::{ApiRequest, Client, GorseServer, Url, retry};
use shelfmark_evaluation::{BaselineKind, Protocol, Report, Stream};

use super::{
    client_command::{OutputArgs, ServiceArgs},
    evaluate,
    model_log::{self, ModelLog},
    progress_bar::WorkProgress,
    table::wrap,
};
use by_time::ByTime;
use config::Settings;
use source::{Entries, PAGE, Source};

/// Tables, in the order in which they are moved: feedback would make users and items without labels.
const TABLES: [&str; 3] = ["users", "items", FEEDBACK];
const FEEDBACK: &str = "feedback";

/// A move from Gorse.
pub struct Move {
    /// An address, a dump or a configuration.
    pub from: PathBuf,
    /// Key of the running Gorse.
    pub from_key: Option<String>,
    pub service: ServiceArgs,
    pub dry_run: bool,
    /// Whether recall is measured at the end.
    pub evaluate: bool,
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
            let source = match Url::parse(&from) {
                Ok(url) if ["http", "https"].contains(&url.scheme()) => {
                    let ca_file = self.service.server.ca_file.as_deref();
                    Source::server(GorseServer::new(&url, self.from_key.clone(), ca_file)?, url, self.patience)
                }
                Ok(_) | Err(_) => Source::dump(&self.from)?,
            };
            let mut done = self.copy(&client, source).await?;
            if self.evaluate && !self.dry_run && done[FEEDBACK] != 0 {
                match self.measure(&client).await {
                    Ok(report) => done["recall"] = recall(&report),
                    // What was moved stays moved.
                    Err(error) => eprintln!("The recall on the log is not measured: {error:#}"),
                }
            }
            done
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

    /// Moves table by table, feedback in order of time.
    async fn copy(&self, client: &Client, mut source: Source) -> anyhow::Result<Value> {
        let mut done = json!({});
        for table in TABLES {
            let (mut count, mut by_time) = (0, ByTime::default());
            loop {
                let (entries, last) = source.page(table).await?;
                count += entries.len();
                if table == FEEDBACK {
                    by_time.add(entries)?;
                    if last || by_time.is_full() {
                        self.send(client, table, &by_time.take()).await?;
                    }
                } else {
                    self.send(client, table, &entries).await?;
                }
                if last {
                    break;
                }
            }
            if !self.quiet {
                eprintln!("{table}: {}", HumanCount(count as u64));
            }
            done[table] = count.into();
        }
        source.finish()?;
        Ok(done)
    }

    async fn send(&self, client: &Client, table: &str, entries: &Entries) -> anyhow::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let progress = WorkProgress::new(table, entries.len(), "entries", self.quiet || entries.len() <= PAGE);
        for (number, page) in entries.chunks(PAGE).enumerate() {
            let send = async || client.post_gorse(table, page).await;
            let sent = retry(self.patience, send, |_| {}).await.map_err(|(error, _)| error);
            sent.with_context(|| format!("{table}: {} of {} entries were sent", number * PAGE, entries.len()))?;
            progress.update(number * PAGE, String::new);
        }
        progress.finish();
        Ok(())
    }

    /// Measures how well the log would have been recommended from, had it been learned live.
    async fn measure(&self, client: &Client) -> anyhow::Result<Report> {
        let config = model_log::config(client).await?;
        let ModelLog { stream, .. } = model_log::read(client, &config, Stream::EVENTS_MAX, self.quiet).await?;
        let baselines = vec![BaselineKind::Popularity, BaselineKind::Cooccurrence];
        let protocol = Protocol { baselines, ..Protocol::default() };
        let quiet = self.quiet;
        tokio::task::spawn_blocking(move || {
            let evaluated = evaluate::pass(&stream, config, &protocol, "testing", quiet, None)?;
            Ok(Report::new(&stream, &protocol, &evaluated))
        })
        .await?
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
    let recall = done["recall"]["methods"].as_array();
    let title = done["recall"]["k"]
        .as_u64()
        .map(|k| format!("\nrecall@{k} on the log, each event tested before it is learned: all, and new to the user"));
    let recall = recall.into_iter().flatten().map(|method| {
        let figure = |name: &str| method[name].as_f64().unwrap_or_default();
        format!("{:<12} {:.4} {:.4}", method["name"].as_str().unwrap_or_default(), figure("all"), figure("novel"))
    });
    lines.chain(counts).chain(title).chain(recall).collect::<Vec<_>>().join("\n")
}

/// Gives the recall of the model and of the baselines.
fn recall(report: &Report) -> Value {
    let methods = report.methods.iter().map(
        |method| json!({ "name": method.name, "all": method.whole.all.recall(), "novel": method.whole.novel.recall() }),
    );
    json!({ "k": report.k, "targets": report.data.targets, "methods": methods.collect::<Vec<_>>() })
}
