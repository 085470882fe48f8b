//! `shelfmark forget`: the erasure of a user.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use shelfmark_client::ApiRequest;
use shelfmark_store::operations::{Operation, OperationState};

use super::{
    client_command::{ClientArgs, count, plain},
    pipeline, poll,
    table::{Align, Table},
};

/// Forget a user everywhere: in the log, in every version, in memory. This cannot be undone.
///
/// A salted hash takes the place of the id. The receipt that is printed names nobody, and the service keeps it. Needs
/// a key of scope `admin`. Ends with status 1 when it failed or was cancelled.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// Id of the user.
    user: String,
    /// Then learn the log again without the user, so that nothing in the live state was learned from them.
    #[arg(long)]
    replay: bool,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Deserialize)]
struct Begun {
    operation: Operation,
}

/// Runs the command.
pub fn run(args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(forget(args))
}

async fn forget(args: &ForgetArgs) -> anyhow::Result<ExitCode> {
    let client = args.client.service.client()?;
    let unlearn = if args.replay { "replay" } else { "rows" };
    let request = ApiRequest::delete(&["users", &args.user]).query("unlearn", unlearn);
    let Begun { operation } = client.send(request).await?;
    let output = args.client.output;
    let ended = poll::until_ended(&client, operation.id, output.json).await?;
    match (ended.state, &ended.result) {
        (OperationState::Done, Some(result)) => output.print(result, receipt)?,
        (OperationState::Done | OperationState::Running | OperationState::Failed | OperationState::Cancelled, _) => {
            return Ok(poll::unsuccessful(&ended, output.json));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Describes what was taken out of where.
fn receipt(result: &Value) -> anyhow::Result<String> {
    let receipt = &result["receipt"];
    let mut text = format!("forgotten at position {}, {}\n\n", count(&receipt["position"]), plain(&receipt["at"]));
    let mut table = Table::new(&[
        ("log of", Align::Left, 24),
        ("records", Align::Right, 11),
        ("first", Align::Right, 14),
        ("forgotten at", Align::Right, 14),
    ]);
    for log in receipt["logs"].as_array().into_iter().flatten() {
        table.row([plain(&log["model"]), count(&log["records"]), count(&log["first"]), count(&log["position"])]);
    }
    write!(text, "{table}")?;
    let mut table = Table::new(&[
        ("version of", Align::Left, 24),
        ("version", Align::Right, 9),
        ("digest before", Align::Left, 18),
        ("since", Align::Left, 18),
    ]);
    for version in receipt["versions"].as_array().into_iter().flatten() {
        table.row([
            plain(&version["model"]),
            plain(&version["version"]),
            plain(&version["before"]),
            plain(&version["after"]),
        ]);
    }
    if table.is_empty() {
        text.push_str("no version held the user\n");
    } else {
        write!(text, "\n{table}")?;
    }
    if let Some(number) = result["deployment"]["number"].as_u64() {
        writeln!(text, "\nlearned again without the user: deployment {number}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_receipt_names_logs_and_versions_within_80_columns() {
        let digest = "0123456789abcdef0123456789abcdef";
        let version = json!({"model": "shop", "version": 12, "before": digest, "after": digest});
        let log = json!({"model": "shop", "position": 900, "records": 1234, "first": 5});
        let mut result = json!({
            "receipt": {"position": 900, "at": "2026-01-05T08:00:00Z", "logs": [log], "versions": [version]},
            "deployment": {"number": 7}
        });
        let text = receipt(&result).expect("text");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("forgotten at position 900, 2026-01-05T08:00:00Z\n"), "{text}");
        assert!(text.contains("1,234") && text.ends_with("deployment 7\n"), "{text}");
        result["receipt"]["versions"] = json!([]);
        assert!(receipt(&result).expect("text").contains("no version held the user"));
    }
}
