//! `shelfmark learning`: how learning goes, and freezing and resuming it.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, count, deployment, figure, plain},
    table::{Align, Table, wrap},
};

/// Show how learning goes, freeze it or resume it. Without an action: show.
#[derive(Debug, Args)]
pub struct LearningArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the verdict on each table with its reason, lag and live quality.
    Show,
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
        None | Some(Action::Show) => return args.client.run(ApiRequest::get(&["learning"]), shown),
        Some(Action::Freeze(reason)) => ("freeze", reason),
        Some(Action::Resume(reason)) => ("resume", reason),
    };
    args.client.run(ApiRequest::post(&["learning", verb]).json(json!({ "reason": reason })), deployment)
}

/// Describes how learning goes.
fn shown(learning: &Value) -> anyhow::Result<String> {
    let mut text = String::new();
    let frozen = if learning["frozen"] == true { ", frozen" } else { "" };
    let because = format!("{}{frozen}: {}", plain(&learning["verdict"]), plain(&learning["because"]));
    writeln!(text, "{}", wrap(&because))?;
    let convergence = &learning["convergence"];
    let converged = format!("{}: {}", plain(&convergence["state"]), plain(&convergence["because"]));
    writeln!(text, "{}", wrap(&converged))?;
    let behind = count(&learning["lag_records"]);
    writeln!(text, "behind the log by {behind} records, {} ms", plain(&learning["lag_ms"]))?;

    let mut table = Table::new(&[
        ("live quality", Align::Left, 12),
        ("targets", Align::Right, 9),
        ("recall@20", Align::Right, 9),
        ("mrr@20", Align::Right, 9),
        ("new: recall@20", Align::Right, 14),
        ("mrr@20", Align::Right, 9),
    ]);
    for name in ["live", "served", "popularity"] {
        let quality = &learning["quality"][name];
        table.row([
            name.to_owned(),
            count(&quality["targets"]),
            figure(&quality["recall"]),
            figure(&quality["mrr"]),
            figure(&quality["novel_recall"]),
            figure(&quality["novel_mrr"]),
        ]);
    }
    writeln!(text, "\n{table}")?;

    let mut table = Table::new(&[
        ("table", Align::Left, 11),
        ("verdict", Align::Left, 9),
        ("rows/step", Align::Right, 9),
        ("gradient", Align::Right, 8),
        ("update", Align::Right, 8),
        ("because", Align::Left, 200),
    ]);
    for of in learning["tables"].as_array().into_iter().flatten() {
        table.wrapped_row([
            plain(&of["table"]),
            plain(&of["verdict"]),
            figure(&of["rows"]),
            figure(&of["gradient_norm"]),
            figure(&of["update_ratio"]),
            plain(&of["because"]),
        ]);
    }
    writeln!(text, "{table}update: length of an update over that of the rows it moved")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_fits_a_terminal_and_names_every_verdict() {
        let because = "the last 2048 targets had a mean loss of 4.21 nats, 0.61 times that of a random guess; 0% of \
                       steps were clipped";
        let table = json!({
            "table": "projections", "verdict": "healthy", "because": because, "rows": 12345.6,
            "gradient_norm": 0.000_123, "update_ratio": 1.25e-5
        });
        let quality = json!({"targets": 1000, "recall": 0.3125, "mrr": null, "novel_recall": 0.1, "novel_mrr": 0.05});
        let text = shown(&json!({
            "verdict": "healthy", "because": because, "frozen": true, "lag_records": 1234, "lag_ms": 7,
            "quality": {"live": quality, "served": quality, "popularity": quality}, "tables": [table]
        }))
        .expect("text");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("healthy, frozen: the last 2048 targets"), "{text}");
        assert!(text.contains("behind the log by 1,234 records, 7 ms"), "{text}");
        let row = text.lines().find(|line| line.starts_with("projections")).expect("a row");
        assert!(row.contains("healthy") && row.contains("1.2e-4") && row.contains("1.3e-5"), "{text}");
    }
}
