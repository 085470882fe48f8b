//! `shelfmark versions`: versions of a running service's model, over HTTP.
//!
//! A file an action; what an answer says is printed as a table that fits 80 columns, or with `--json` as the service gave it.

mod diff;
mod export;
mod list;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};
use shelfmark::domain::VersionManifest;

use super::{
    client::{Client, ServiceArgs},
    pipeline,
};

/// Versions of a running service's model: kept states.
///
/// VERSION is a number or a label; where a state is compared or exported, also `live`.
#[derive(Debug, Args)]
pub struct VersionsArgs {
    #[command(subcommand)]
    action: Action,
}

/// What every action needs.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    service: ServiceArgs,
    /// Print the service's answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List versions, newest first.
    List {
        #[command(flatten)]
        common: Common,
        /// Most versions.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only versions before this number: what the page before ended with.
        #[arg(long)]
        before: Option<u32>,
    },
    /// Take a version of the live state.
    Take {
        #[command(flatten)]
        common: Common,
        /// Its name, unique within the model.
        #[arg(long)]
        label: Option<String>,
        /// Why it is taken.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say what a version is.
    Show {
        #[command(flatten)]
        common: Common,
        /// Its number or its name.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
    },
    /// Say what is different between two states: rows, neighbours, recommendations, settings, figures.
    Diff {
        #[command(flatten)]
        common: Common,
        from: String,
        #[arg(default_value = "live")]
        to: String,
        /// Entries of each list.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
        top: u16,
        /// Neighbours and recommendations compared.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
        k: u8,
    },
    /// Name a version, or with --none take its name away. A named version is never deleted.
    Label {
        #[command(flatten)]
        common: Common,
        /// Its number or its name.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
        /// The name.
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        label: Option<String>,
        /// Take the name away.
        #[arg(long)]
        none: bool,
        /// Also say why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Delete a version that nothing needs.
    Delete {
        #[command(flatten)]
        common: Common,
        /// Its number or its name.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
    },
    // Its arguments say the rest.
    Export(export::ExportArgs),
}

/// Runs one action.
pub fn run(args: VersionsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(act(args.action))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(action: Action) -> anyhow::Result<()> {
    match action {
        Action::List { common, limit, before } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(before.map(|before| ("cursor", before.to_string())));
            let page = Client::new(&common.service)?.call(Method::GET, &["versions"], &query, None).await?;
            tell(&common, &page, list::page)
        }
        Action::Take { common, label, reason } => {
            let body = json!({"label": label, "reason": reason});
            let taken = Client::new(&common.service)?.call(Method::POST, &["versions"], &[], Some(&body)).await?;
            tell(&common, &taken, one)
        }
        Action::Show { common, version } => {
            let path = ["versions", version.as_str()];
            let found = Client::new(&common.service)?.call(Method::GET, &path, &[], None).await?;
            tell(&common, &found, one)
        }
        Action::Diff { common, from, to, top, k } => {
            let path = ["versions", from.as_str(), "diff", to.as_str()];
            let query = [("top", top.to_string()), ("k", k.to_string())];
            let found = Client::new(&common.service)?.call(Method::GET, &path, &query, None).await?;
            tell(&common, &found, diff::text)
        }
        Action::Label { common, version, label, none: _, reason } => {
            let mut body = Map::from_iter([("label".to_owned(), label.map_or(Value::Null, Value::from))]);
            body.extend(reason.map(|reason| ("reason".to_owned(), Value::from(reason))));
            let path = ["versions", version.as_str()];
            let body = Value::Object(body);
            let named = Client::new(&common.service)?.call(Method::PATCH, &path, &[], Some(&body)).await?;
            tell(&common, &named, one)
        }
        Action::Delete { common, version } => {
            let path = ["versions", version.as_str()];
            let gone = Client::new(&common.service)?.call(Method::DELETE, &path, &[], None).await?;
            tell(&common, &gone, |_| Ok(format!("version {version} is deleted\n")))
        }
        Action::Export(args) => export::export(args).await,
    }
}

/// Prints an answer, as it is or as people read it.
fn tell(common: &Common, answer: &Value, text: impl FnOnce(&Value) -> anyhow::Result<String>) -> anyhow::Result<()> {
    if common.json {
        println!("{}", serde_json::to_string_pretty(answer)?);
    } else {
        print!("{}", text(answer)?);
    }
    Ok(())
}

fn one(answer: &Value) -> anyhow::Result<String> {
    let manifest: VersionManifest = serde_json::from_value(answer.clone())?;
    Ok(list::one(&manifest))
}
