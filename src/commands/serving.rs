//! `shelfmark serving`: which state answers readers, and traffic splits.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use indicatif::HumanCount;
use serde_json::{Value, json};
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, decimal, deployment},
    table::{Align, Table},
};

/// Show which state of a model answers readers, or split readers over several.
#[derive(Debug, Args)]
pub struct ServingArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is served, and the clicks and quality of each arm.
    Show,
    /// Split readers over states, as in `12=10 live=90`. A reader stays with an arm. One arm of 100 ends the split.
    Split {
        /// A version's number or `live`, and its percentage of the readers.
        #[arg(required = true, value_name = "STATE=PERCENT", value_parser = arm, num_args = 1..=8)]
        arms: Vec<Value>,
        /// Reason, kept in the deployment history.
        #[arg(long)]
        reason: Option<String>,
    },
}

fn arm(text: &str) -> Result<Value, String> {
    let usage = || "must be like 12=10 or live=90".to_owned();
    let (state, percent) = text.split_once('=').ok_or_else(usage)?;
    let percent: u8 = percent.parse().map_err(|_| usage())?;
    if state == "live" {
        return Ok(json!({"live": true, "percent": percent}));
    }
    let version: u32 = state.parse().map_err(|_| usage())?;
    Ok(json!({"version": version, "percent": percent}))
}

/// Runs the command.
pub fn run(args: ServingArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Show => args.client.run(ApiRequest::get(&["serving"]), |answer| Ok(table(&answer["arms"]))),
        Action::Split { arms, reason } => {
            args.client.run(ApiRequest::put(&["serving"]).json(json!({"split": arms, "reason": reason})), deployment)
        }
    }
}

fn table(arms: &Value) -> String {
    let right = |name| (name, Align::Right, 11);
    let mut table = Table::new(&[
        ("state", Align::Left, 8),
        right("percent"),
        right("lists"),
        right("clicks"),
        right("ctr"),
        right("recall"),
        right("mrr"),
        right("targets"),
    ]);
    for arm in arms.as_array().into_iter().flatten() {
        let quality = &arm["quality"];
        let count = |value: &Value| HumanCount(value.as_u64().unwrap_or(0)).to_string();
        table.row([
            arm["version"].as_u64().map_or_else(|| "live".to_owned(), |version| version.to_string()),
            count(&arm["percent"]),
            count(&arm["lists"]),
            count(&arm["clicks"]),
            decimal(&arm["ctr"]),
            decimal(&quality["recall"]),
            decimal(&quality["mrr"]),
            count(&quality["targets"]),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_read_and_shown_within_80_columns() {
        assert_eq!(arm("12=10"), Ok(json!({"version": 12, "percent": 10})));
        assert_eq!(arm("live=90"), Ok(json!({"live": true, "percent": 90})));
        assert!(["12", "12=", "=5", "label=5", "live=900"].into_iter().all(|text| arm(text).is_err()));
        let quality = json!({"recall": 0.3125, "mrr": 0.1, "targets": 1000});
        let arms = json!([{"version": 12, "percent": 10, "lists": 40, "clicks": 10, "ctr": 0.25, "quality": quality}]);
        let text = table(&arms);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let cells: Vec<&str> = text.lines().last().expect("a row").split_whitespace().collect();
        assert_eq!(cells, ["12", "10", "40", "10", "0.2500", "0.3125", "0.1000", "1,000"], "{text}");
    }
}
