//! `shelfmark versions`: the versions of a running service's model.
//!
//! Answers are printed as tables that fit 80 columns, or with `--json` as the service gave them.

mod diff;
mod export;
mod list;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;
use shelfmark_domain::VersionManifest;

use super::{client_command::ClientArgs, pipeline};

/// List, take, show, compare, label, delete and export versions: stored states of a model.
///
/// VERSION is a number or a label. A command that compares or exports a state also takes `live`.
#[derive(Debug, Args)]
pub struct VersionsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List versions, the newest first.
    List {
        #[command(flatten)]
        client: ClientArgs,
        /// Most versions that are listed.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// List only versions before this number, which the end of the page before names.
        #[arg(long)]
        before: Option<u32>,
    },
    /// Take a version of the live state.
    Take {
        #[command(flatten)]
        client: ClientArgs,
        /// Label of the version, unique within the model. A labelled version is never deleted.
        #[arg(long)]
        label: Option<String>,
        /// Reason, kept with the version.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Show what is known of a version.
    Show {
        #[command(flatten)]
        client: ClientArgs,
        /// Number or label of the version.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
    },
    /// Compare two states: rows, neighbours, recommendations, settings and figures.
    Diff {
        #[command(flatten)]
        client: ClientArgs,
        /// Number or label of a version, or live.
        from: String,
        /// Number or label of a version, or live.
        #[arg(default_value = "live")]
        to: String,
        /// Length of each list.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
        top: u16,
        /// Number of neighbours and recommendations that are compared.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
        k: u8,
    },
    /// Set the label of a version, or remove it with --none. A labelled version is never deleted.
    Label {
        #[command(flatten)]
        client: ClientArgs,
        /// Number or label of the version.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
        /// The new label.
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        label: Option<String>,
        /// Remove the label.
        #[arg(long)]
        none: bool,
        /// Set the reason too.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Delete a version that nothing needs.
    Delete {
        #[command(flatten)]
        client: ClientArgs,
        /// Number or label of the version.
        #[arg(id = "number-or-label", value_name = "VERSION")]
        version: String,
    },
    // Its arguments describe it.
    Export(export::ExportArgs),
}

/// Runs one action.
pub fn run(args: VersionsArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::List { client, limit, before } => {
            let mut request = ApiRequest::get(&["versions"]).query("limit", limit);
            if let Some(before) = before {
                request = request.query("cursor", before);
            }
            client.run(request, list::page)
        }
        Action::Take { client, label, reason } => {
            client.run(ApiRequest::post(&["versions"]).json(json!({"label": label, "reason": reason})), one)
        }
        Action::Show { client, version } => client.run(ApiRequest::get(&["versions", &version]), one),
        Action::Diff { client, from, to, top, k } => {
            let request = ApiRequest::get(&["versions", &from, "diff", &to]).query("top", top).query("k", k);
            client.run(request, diff::text)
        }
        Action::Label { client, version, label, none: _, reason } => {
            let mut body = Map::from_iter([("label".to_owned(), label.map_or(Value::Null, Value::from))]);
            body.extend(reason.map(|reason| ("reason".to_owned(), Value::from(reason))));
            client.run(ApiRequest::patch(&["versions", &version]).json(Value::Object(body)), one)
        }
        Action::Delete { client, version } => {
            client.run(ApiRequest::delete(&["versions", &version]), |_| Ok(format!("version {version} is deleted")))
        }
        Action::Export(args) => {
            pipeline::runtime()?.block_on(export::export(args))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn one(answer: &Value) -> anyhow::Result<String> {
    let manifest: VersionManifest = serde_json::from_value(answer.clone())?;
    Ok(list::one(&manifest))
}
