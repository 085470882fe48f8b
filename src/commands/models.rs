//! `shelfmark models` and `shelfmark fork`: the models of a running service, and how they are made and deleted.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::HumanCount;
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;
use shelfmark_domain::ModelName;

use super::{
    client_command::{OutputArgs, ServerArgs},
    pipeline,
    table::{Align, Table},
};

/// List, make and delete models. Needs a key of scope `admin` for all models, except to list.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Make a model that begins as a version of another. Needs a key of scope `admin` for all models.
///
/// The new model's log begins at position 0 with the state of the version, bit for bit. Its events train only it.
/// Running the command again changes nothing.
#[derive(Debug, Args)]
pub struct ForkArgs {
    /// Model to fork, and the number or label of its version [default version: a new one of the live state]
    #[arg(long, value_name = "MODEL[@VERSION]", value_parser = ForkSource::parse)]
    from: ForkSource,
    /// Name of the new model.
    #[arg(value_parser = ModelName::new)]
    name: ModelName,
    /// JSON file with the fields of the configuration that differ from the version's.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List models: position, lag, number of users, items and versions, and what each is a fork of.
    List,
    /// Make an empty model.
    Create {
        /// Name of the model.
        #[arg(value_parser = ModelName::new)]
        name: ModelName,
        /// JSON file with the configuration; fields left out keep their defaults.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Delete a model with its log, its versions and the keys for it alone. This cannot be undone.
    Delete {
        /// Name of the model.
        #[arg(value_parser = ModelName::new)]
        name: ModelName,
    },
}

/// A model and perhaps a version of it, on the command line.
#[derive(Debug, Clone)]
struct ForkSource {
    model: ModelName,
    version: Option<String>,
}

impl ForkSource {
    fn parse(text: &str) -> Result<Self, String> {
        let (model, version) = match text.split_once('@') {
            Some((model, version)) => (model, Some(version.to_owned())),
            None => (text, None),
        };
        Ok(Self { model: ModelName::new(model).map_err(|error| error.detail)?, version })
    }
}

/// Runs `shelfmark models`.
pub fn run(args: ModelsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(act(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(ModelsArgs { action, server, output }: ModelsArgs) -> anyhow::Result<()> {
    match action {
        Action::List => {
            let models = server.client(&ModelName::new("default")?)?.models().await?;
            output.print(&models, |models| Ok(table(models)))
        }
        Action::Create { name, config } => {
            let request = ApiRequest::put(&[]).json(json!({ "config": fields(config)? }));
            let made = server.client(&name)?.send(request).await?;
            output.print(&made, |_| Ok(format!("model {name} is there")))
        }
        Action::Delete { name } => {
            let deleted = server.client(&name)?.send(ApiRequest::delete(&[])).await?;
            output.print(&deleted, |_| Ok(format!("model {name} is deleted")))
        }
    }
}

/// Runs `shelfmark fork`.
pub fn fork(args: ForkArgs) -> anyhow::Result<ExitCode> {
    let ForkArgs { from: ForkSource { model, version }, name, config, server, output } = args;
    let mut fork = json!({ "model": model.as_str() });
    if let Some(version) = version {
        fork["version"] = version.into();
    }
    let body = json!({ "fork": fork, "config": fields(config)? });
    let client = server.client(&name)?;
    let made = pipeline::runtime()?.block_on(client.send(ApiRequest::put(&[]).json(body)))?;
    output.print(&made, |made| {
        Ok(format!("model {name} is there, a fork of {model}, version {}", made["fork"]["version"]))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the fields of a configuration file. The service checks them.
fn fields(path: Option<PathBuf>) -> anyhow::Result<Map<String, Value>> {
    let Some(path) = path else { return Ok(Map::new()) };
    let named = || format!("--config {}", path.display());
    let text = std::fs::read(&path).with_context(named)?;
    serde_json::from_slice(&text).with_context(named)
}

/// Formats a list of models, a line each.
fn table(answer: &Value) -> String {
    let mut table = Table::new(&[
        ("model", Align::Left, 24),
        ("position", Align::Right, 14),
        ("lag", Align::Right, 10),
        ("users", Align::Right, 11),
        ("items", Align::Right, 11),
        ("versions", Align::Right, 8),
        ("fork of", Align::Left, 30),
    ]);
    let number = |value: &Value| value.as_u64().map_or_else(String::new, |count| HumanCount(count).to_string());
    for model in answer["models"].as_array().into_iter().flatten() {
        let (counts, fork) = (&model["counts"], &model["fork"]);
        let origin = fork["model"].as_str().map(|base| format!("{base}@{}", fork["version"]));
        table.row([
            model["model"].as_str().unwrap_or_default().to_owned(),
            number(&model["position"]),
            number(&model["lag_records"]),
            number(&counts["users"]),
            number(&counts["items"]),
            number(&counts["versions"]),
            origin.unwrap_or_default(),
        ]);
    }
    if table.is_empty() {
        return "no model that this key may see".to_owned();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_names_a_model_and_perhaps_a_version() {
        let from = ForkSource::parse("default@before-sale").expect("valid");
        assert_eq!((from.model.as_str(), from.version.as_deref()), ("default", Some("before-sale")));
        assert_eq!(ForkSource::parse("default").expect("valid").version, None);
        assert!(ForkSource::parse("Default@1").is_err() && ForkSource::parse("@1").is_err());
    }

    #[test]
    fn models_take_a_line_each_of_80_columns() {
        let model = json!({
            "model": "germany", "position": 1_234_567, "lag_records": 0,
            "counts": {"users": 52_000, "items": 3_500, "events": 1, "versions": 12},
            "fork": {"model": "default", "version": 12},
        });
        let text = table(&json!({ "models": [model] }));
        assert!(text.contains("1,234,567") && text.contains("default@12"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(table(&json!({ "models": [] })), "no model that this key may see");
    }
}
