//! `shelfmark models` and `shelfmark fork`: which models a running service has, and how they come and go.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use shelfmark::domain::ModelName;

use super::{
    client::{Client, ServiceArgs},
    pipeline,
    stats::grouped,
    table::{Align, Table},
};

/// Lists, makes and deletes the models of a running service.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    reach: Reach,
}

/// Makes a model that begins as a version of another; its events train only it.
///
/// The fork's log begins at position 0 with the version's state, bit for bit. Run twice, it changes nothing the second time.
#[derive(Debug, Args)]
pub struct ForkArgs {
    /// What to fork: a model, and the number or label of its version. Without one, a version of its live state is taken.
    #[arg(long, value_name = "MODEL[@VERSION]", value_parser = From::parse)]
    from: From,
    /// The new model's name.
    #[arg(value_parser = ModelName::new)]
    name: ModelName,
    /// JSON file with the fields of the configuration that are to differ from the version's.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every model: where it stands, what it holds, where it comes from.
    List,
    /// Make an empty model.
    Create {
        /// Its name.
        #[arg(value_parser = ModelName::new)]
        name: ModelName,
        /// JSON file with its configuration; fields left out keep their defaults.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Delete a model with its log, its versions and the keys that are for it alone. There is no way back.
    Delete {
        /// Its name.
        #[arg(value_parser = ModelName::new)]
        name: ModelName,
    },
}

/// Where the service is, and how answers are printed.
#[derive(Debug, Args)]
struct Reach {
    /// The service, by http or https.
    #[arg(long, env = "SHELFMARK_URL", default_value = "http://127.0.0.1:8080", global = true)]
    url: Url,
    /// API key; to make and delete models with the scope `admin`, for all models. Better given by the environment than in a
    /// command line that others can see.
    #[arg(long, env = "SHELFMARK_KEY", hide_env_values = true, global = true)]
    key: Option<String>,
    /// Certificates of authorities in PEM that are trusted beside the system's, for https.
    #[arg(long, env = "SHELFMARK_CA_FILE", value_name = "FILE", global = true)]
    ca_file: Option<PathBuf>,
    /// Print the service's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

impl Reach {
    fn client(&self, model: &ModelName) -> anyhow::Result<Client> {
        let Self { url, key, ca_file, .. } = self;
        let (url, key, ca_file) = (url.clone(), key.clone(), ca_file.clone());
        Ok(Client::new(&ServiceArgs { url, model: model.clone(), key, ca_file })?)
    }

    fn print(&self, answer: &Value, text: impl FnOnce(&Value) -> String) {
        if self.json {
            println!("{answer:#}");
        } else {
            println!("{}", text(answer).trim_end());
        }
    }
}

/// What to fork, as on the command line.
#[derive(Debug, Clone)]
struct From {
    model: ModelName,
    version: Option<String>,
}

impl From {
    fn parse(text: &str) -> Result<Self, String> {
        let (model, version) = match text.split_once('@') {
            Some((model, version)) => (model, Some(version.to_owned())),
            None => (text, None),
        };
        Ok(Self { model: ModelName::new(model).map_err(|error| error.detail)?, version })
    }
}

/// Runs one action.
pub fn run(args: ModelsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(act(args.action, &args.reach))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(action: Action, reach: &Reach) -> anyhow::Result<()> {
    match action {
        Action::List => {
            let models = reach.client(&ModelName::new("default")?)?.models().await?;
            reach.print(&models, listed);
        }
        Action::Create { name, config } => {
            let body = json!({ "config": fields(config)? });
            let made = reach.client(&name)?.call(Method::PUT, &[], &[], Some(&body)).await?;
            reach.print(&made, |_| format!("model {name} is there"));
        }
        Action::Delete { name } => {
            let gone = reach.client(&name)?.call(Method::DELETE, &[], &[], None).await?;
            reach.print(&gone, |_| format!("model {name} is deleted"));
        }
    }
    Ok(())
}

/// Makes the fork.
pub fn fork(args: ForkArgs) -> anyhow::Result<ExitCode> {
    let ForkArgs { from: From { model, version }, name, config, reach } = args;
    let body = json!({ "fork": { "model": model.as_str(), "version": version }, "config": fields(config)? });
    let client = reach.client(&name)?;
    let made = pipeline::runtime()?.block_on(client.call(Method::PUT, &[], &[], Some(&body)))?;
    reach.print(&made, |made| {
        format!("model {name} is there, a fork of {}, version {}", model, made["fork"]["version"])
    });
    Ok(ExitCode::SUCCESS)
}

/// The fields of a configuration file; the service checks them.
fn fields(path: Option<PathBuf>) -> anyhow::Result<Map<String, Value>> {
    let Some(path) = path else { return Ok(Map::new()) };
    let named = || format!("--config {}", path.display());
    let text = std::fs::read(&path).with_context(named)?;
    serde_json::from_slice(&text).with_context(named)
}

/// One line a model.
fn listed(answer: &Value) -> String {
    let mut table = Table::new(&[
        ("MODEL", Align::Left, 24),
        ("POSITION", Align::Right, 14),
        ("LAG", Align::Right, 10),
        ("USERS", Align::Right, 11),
        ("ITEMS", Align::Right, 11),
        ("VERSIONS", Align::Right, 8),
        ("FORK OF", Align::Left, 30),
    ]);
    let number = |value: &Value| value.as_u64().map_or_else(String::new, grouped);
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
    fn what_to_fork_is_a_model_and_perhaps_a_version() {
        let from = From::parse("default@before-sale").expect("valid");
        assert_eq!((from.model.as_str(), from.version.as_deref()), ("default", Some("before-sale")));
        assert_eq!(From::parse("default").expect("valid").version, None);
        assert!(From::parse("Default@1").is_err() && From::parse("@1").is_err());
    }

    #[test]
    fn a_model_is_a_line_that_fits_a_terminal() {
        let model = json!({
            "model": "germany", "position": 1_234_567, "lag_records": 0,
            "counts": {"users": 52_000, "items": 3_500, "events": 1, "versions": 12},
            "fork": {"model": "default", "version": 12},
        });
        let text = listed(&json!({ "models": [model] }));
        assert!(text.contains("1,234,567") && text.contains("default@12"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= super::super::table::WIDTH), "{text}");
        assert_eq!(listed(&json!({ "models": [] })), "no model that this key may see");
    }
}
