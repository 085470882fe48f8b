//! `shelfmark serving`: who is answered by which state.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::client_command::{ApiRequest, ClientArgs, decimal, deployment};

/// Say who is answered by which state of a running service's model, and split readers.
#[derive(Debug, Args)]
pub struct ServingArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is served, and what came of it by arm.
    Show {
        #[command(flatten)]
        common: ClientArgs,
    },
    /// Split readers over states, such as `12=10 live=90`; each keeps the arm. One arm of 100 ends a split.
    Split {
        #[command(flatten)]
        common: ClientArgs,
        /// A version's number or `live`, and its percent of the readers.
        #[arg(required = true, value_name = "STATE=PERCENT", value_parser = arm, num_args = 1..=8)]
        arms: Vec<Value>,
        /// Why.
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
        Action::Show { common } => common
            .ask(ApiRequest { method: Method::GET, path: &["serving"], body: None }, |answer| table(&answer["arms"])),
        Action::Split { common, arms, reason } => {
            let body = Some(json!({"split": arms, "reason": reason}));
            common.ask(ApiRequest { method: Method::PUT, path: &["serving"], body }, deployment)
        }
    }
}

fn table(arms: &Value) -> String {
    let head = format!(
        "{:<8} {:>7} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "state", "percent", "lists", "clicks", "ctr", "recall", "mrr", "targets"
    );
    let line = |arm: &Value| {
        let state = arm["version"].as_u64().map_or_else(|| "live".to_owned(), |version| version.to_string());
        let quality = &arm["quality"];
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        format!(
            "{state:<8} {:>7} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}",
            count(&arm["percent"]),
            count(&arm["lists"]),
            count(&arm["clicks"]),
            decimal(&arm["ctr"]),
            decimal(&quality["recall"]),
            decimal(&quality["mrr"]),
            count(&quality["targets"])
        )
    };
    let lines = arms.as_array().into_iter().flatten().map(line);
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
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
        assert!(text.ends_with("12            10         40         10   0.2500   0.3125   0.1000     1000"), "{text}");
    }
}
