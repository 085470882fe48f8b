//! `shelfmark operations`: long work of a service, running and ended.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use shelfmark_client::ApiRequest;
use shelfmark_store::operations::{Operation, OperationId, OperationState};

use super::{client_command::ClientArgs, pipeline, poll};

/// List, show and cancel work of the service that takes longer than a request.
#[derive(Debug, clap::Args)]
pub struct OperationsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List operations, the newest first: those that run, and the newest that ended.
    List {
        /// Most operations that are listed.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show an operation and its result. Ends with status 1 when it failed or was cancelled.
    Show {
        /// Id of the operation.
        #[arg(value_parser = id)]
        id: OperationId,
        /// Wait until it has ended.
        #[arg(long)]
        wait: bool,
    },
    /// Cancel an operation and undo what it began. Ends with status 1 when it had ended before.
    Cancel {
        /// Id of the operation.
        #[arg(value_parser = id)]
        id: OperationId,
    },
}

fn id(text: &str) -> Result<OperationId, String> {
    OperationId::parse(text).ok_or_else(|| "must be the id of an operation, as `operations list` shows it".to_owned())
}

#[derive(Deserialize)]
struct OperationsPage {
    operations: Vec<Operation>,
}

/// Runs the command.
pub fn run(args: &OperationsArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(act(args))
}

async fn act(OperationsArgs { action, client: args }: &OperationsArgs) -> anyhow::Result<ExitCode> {
    let client = args.service.client()?;
    let failed = match action {
        Action::List { limit } => {
            let page = client.send(ApiRequest::get(&["operations"]).query("limit", limit)).await?;
            args.output.print(&page, list)?;
            false
        }
        Action::Show { id, wait } => {
            let operation = if *wait {
                poll::until_ended(&client, *id, args.output.json).await?
            } else {
                client.send(poll::request(*id)).await?
            };
            args.output.print(&json!(operation), |_| show(&operation))?;
            matches!(operation.state, OperationState::Failed | OperationState::Cancelled)
        }
        Action::Cancel { id } => {
            let operation: Operation = client.send(ApiRequest::delete(&["operations", &id.to_string()])).await?;
            args.output.print(&json!(operation), |_| show(&operation))?;
            matches!(operation.state, OperationState::Done | OperationState::Failed)
        }
    };
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(page: &Value) -> anyhow::Result<String> {
    let page: OperationsPage = serde_json::from_value(page.clone())?;
    if page.operations.is_empty() {
        return Ok("no operation runs, and none ended lately".to_owned());
    }
    Ok(page.operations.iter().map(|operation| poll::line(operation) + "\n").collect())
}

fn show(operation: &Operation) -> anyhow::Result<String> {
    let result = operation.result.as_ref().map(serde_json::to_string_pretty).transpose()?;
    Ok(format!("{}\n{}", poll::line(operation), result.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_said_in_words() {
        assert_eq!(list(&json!({"operations": []})).expect("text"), "no operation runs, and none ended lately");
    }
}
