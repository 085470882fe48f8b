//! `shelfmark learning`: freezes learning and resumes it.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;
use shelfmark_client::ApiRequest;

use super::client_command::{ClientArgs, deployment};

/// Freeze learning of a model, or resume it.
#[derive(Debug, Args)]
pub struct LearningArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Stop learning. Events are still accepted and enter histories; nothing else changes.
    Freeze(ReasonArgs),
    /// Resume learning, with the events that come from now on.
    Resume(ReasonArgs),
}

#[derive(Debug, Args)]
struct ReasonArgs {
    /// Reason, kept in the deployment history.
    #[arg(long)]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(args: LearningArgs) -> anyhow::Result<ExitCode> {
    let (verb, ReasonArgs { reason }) = match args.action {
        Action::Freeze(reason) => ("freeze", reason),
        Action::Resume(reason) => ("resume", reason),
    };
    args.client.run(ApiRequest::post(&["learning", verb]).json(json!({ "reason": reason })), deployment)
}
