//! `shelfmark operations`: long work of a service, running and ended.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use shelfmark_client::ApiRequest;
use shelfmark_store::operations::{Operation, OperationId, OperationState};

use super::{
    client_command::ClientArgs,
    pipeline, poll,
    table::{Align, Table, wrap},
};

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
    let mut table = Table::new(&[
        ("operation", Align::Left, 36),
        ("kind", Align::Left, 9),
        ("state", Align::Left, 9),
        ("done", Align::Right, 4),
        ("by", Align::Left, 20),
    ]);
    for operation in &page.operations {
        table.row([
            operation.id.to_string(),
            operation.kind.clone(),
            operation.state.name().to_owned(),
            format!("{:.0}%", 100.0 * operation.progress),
            operation.actor.clone(),
        ]);
    }
    Ok(table.to_string())
}

/// Formats an operation, a line for each of its facts, and its result.
fn show(operation: &Operation) -> anyhow::Result<String> {
    let mut lines = vec![
        ("operation", operation.id.to_string()),
        ("kind", operation.kind.clone()),
        ("state", operation.state.name().to_owned()),
        ("done", format!("{:.0}%", 100.0 * operation.progress)),
        ("by", operation.actor.clone()),
        ("began", operation.created_at.to_string()),
    ];
    lines.extend(operation.eta_s.map(|eta_s| ("left", format!("{eta_s:.0} s"))));
    lines.extend(operation.finished_at.map(|at| ("ended", at.to_string())));
    lines.extend(operation.error.as_ref().map(|error| ("error", error.clone())));
    let mut text: String = lines.into_iter().map(|(name, value)| wrap(&format!("{name:<12}{value}")) + "\n").collect();
    if let Some(result) = &operation.result {
        text.push_str(&serde_json::to_string_pretty(result)?);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_said_in_words() {
        assert_eq!(list(&json!({"operations": []})).expect("text"), "no operation runs, and none ended lately");
    }

    #[test]
    fn operations_take_a_line_each_and_one_takes_a_line_a_fact() {
        let operation = json!({
            "id": "0190b6b0-5c1e-7c3a-9f0e-0123456789ab", "kind": "replay", "state": "failed", "progress": 0.5,
            "error": "the version could not be stored, because the connection to Postgres was closed meanwhile",
            "actor": "a-key-with-a-long-name", "created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-01-05T08:00:01Z",
            "finished_at": "2026-01-05T08:00:01Z"
        });
        let text = list(&json!({"operations": [operation]})).expect("text");
        assert_eq!(text.lines().count(), 2, "{text}");
        let one = show(&serde_json::from_value(operation).expect("an operation")).expect("text");
        assert!(one.contains("error       the version") && one.contains("done        50%"), "{one}");
        assert!(text.lines().chain(one.lines()).all(|line| line.chars().count() <= 80), "{text}{one}");
    }
}
