//! `shelfmark guard`: the automatic rollback of a model.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;

use super::client_command::{ClientArgs, decimal, plain};

/// Set, show, rearm or remove the guard of a model, which rolls it back when its quality falls.
#[derive(Debug, Args)]
pub struct GuardArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what the guard measures, and what it did.
    Show,
    /// Set the guard and arm it. Do so while the model is healthy.
    Set {
        /// Metric that is compared between the live state and a version.
        #[arg(long, value_enum)]
        metric: MetricArg,
        /// Action at an alarm.
        #[arg(long, value_enum)]
        action: ActionArg,
        /// Fall of the live state below the version that raises an alarm, as a share of it [default: 0.3]
        #[arg(long)]
        drop: Option<f64>,
        /// Number of samples within which a fall has to show [default: 2000]
        #[arg(long)]
        window: Option<u64>,
        /// Number of samples before the first alarm [default: 100]
        #[arg(long)]
        min_samples: Option<u64>,
        /// Highest rate of false alarms, per sample [default: 0.000001]
        #[arg(long)]
        false_alarms: Option<f64>,
        /// Number or label of the version to compare with and return to [default: the newest that is older than the
        /// window]
        #[arg(long)]
        reference: Option<String>,
    },
    /// Arm the guard again after it acted.
    Rearm,
    /// Remove the guard.
    Clear,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MetricArg {
    /// Share of sampled targets among the first 20.
    Recall,
    /// Mean reciprocal rank among the first 20.
    Mrr,
    /// Click-through rate of recommended lists, in a traffic split.
    Ctr,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActionArg {
    /// Freeze learning.
    Freeze,
    /// Serve the version; learning goes on.
    Pin,
    /// Make the version the live state.
    Restore,
}

/// Runs the command.
pub fn run(args: GuardArgs) -> anyhow::Result<ExitCode> {
    let client = args.client;
    match args.action {
        Action::Show => client.run(ApiRequest::get(&["guard"]), shown),
        Action::Rearm => client.run(ApiRequest::post(&["guard", "rearm"]), shown),
        Action::Clear => client.run(ApiRequest::delete(&["guard"]), |_| Ok("the guard is removed".to_owned())),
        Action::Set { metric, action, drop, window, min_samples, false_alarms, reference } => {
            let mut body = Map::from_iter([("metric".to_owned(), name(metric)), ("action".to_owned(), name(action))]);
            for (field, value) in [
                ("drop", drop.map(Value::from)),
                ("window", window.map(Value::from)),
                ("min_samples", min_samples.map(Value::from)),
                ("false_alarms", false_alarms.map(Value::from)),
                ("reference", reference.map(Value::from)),
            ] {
                body.extend(value.map(|value| (field.to_owned(), value)));
            }
            client.run(ApiRequest::put(&["guard"]).json(Value::Object(body)), shown)
        }
    }
}

/// Returns the name of a value on the command line, which is its name in the API too.
fn name(value: impl ValueEnum) -> Value {
    value.to_possible_value().map_or(Value::Null, |value| json!(value.get_name()))
}

/// Describes a guard: its rule, its figures and its last action.
fn shown(guard: &Value) -> anyhow::Result<String> {
    let mut text = format!(
        "{}: {} at a fall of {} by more than {:.0}% below version {}",
        plain(&guard["state"]),
        plain(&guard["action"]),
        plain(&guard["metric"]),
        100.0 * guard["drop"].as_f64().unwrap_or(0.0),
        plain(&guard["measured_against"])
    );
    if let Some(figures) = guard["figures"].as_object() {
        write!(
            text,
            "\n  {} samples; over the newest {}: live {}, version {}; evidence {} of 1",
            figures["samples"],
            figures["window_samples"],
            decimal(&figures["live"]),
            decimal(&figures["reference"]),
            decimal(&figures["evidence"])
        )?;
    }
    if let Some(acted) = guard["acted"].as_object() {
        let since = &acted["details"]["guard"]["since"];
        write!(
            text,
            "\n  acted at {} (deployment {}): live {}, version {} over {} samples",
            plain(&acted["at"]),
            acted["deployment"],
            decimal(&since["live"]),
            decimal(&since["reference"]),
            plain(&since["samples"])
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_shows_its_figures_and_its_last_action() {
        let mut guard = json!({
            "state": "watching", "action": "pin", "metric": "recall", "drop": 0.3, "measured_against": 4,
            "figures": {"samples": 900, "window_samples": 500, "live": 0.31, "reference": 0.3, "evidence": 0.0},
            "acted": null
        });
        assert_eq!(
            shown(&guard).expect("text"),
            "watching: pin at a fall of recall by more than 30% below version 4\n  900 samples; over the newest 500: \
             live 0.3100, version 0.3000; evidence 0.0000 of 1"
        );
        guard["figures"] = Value::Null;
        guard["acted"] = json!({"at": "2026-01-05T08:00:00Z", "deployment": 3,
            "details": {"guard": {"since": {"samples": 60, "live": 0.1, "reference": 0.3}}}});
        assert!(
            shown(&guard)
                .expect("text")
                .ends_with("acted at 2026-01-05T08:00:00Z (deployment 3): live 0.1000, version 0.3000 over 60 samples")
        );
    }
}
