//! `shelfmark learning`: freezing learning and letting it go on.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use super::client_command::{ApiRequest, ClientArgs, deployment};

/// Freeze learning of a running service's model, and let it go on.
#[derive(Debug, Args)]
pub struct LearningArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Stop learning: events are taken, histories go on, nothing else moves.
    Freeze(SwitchArgs),
    /// Learn again, from the events that come from now on.
    Resume(SwitchArgs),
}

#[derive(Debug, Args)]
struct SwitchArgs {
    #[command(flatten)]
    common: ClientArgs,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: LearningArgs) -> anyhow::Result<ExitCode> {
    let (path, SwitchArgs { common, reason }): (&'static [&'static str], _) = match args.action {
        Action::Freeze(switch) => (&["learning", "freeze"], switch),
        Action::Resume(switch) => (&["learning", "resume"], switch),
    };
    common.ask(ApiRequest { method: Method::POST, path, body: Some(json!({"reason": reason})) }, deployment)
}
