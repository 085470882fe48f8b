//! `shelfmark guard`: the automatic rollback.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::client_command::{ApiRequest, ClientArgs, decimal, plain};

/// Say what the guard of a running service's model sees, set it, arm it again, take it away.
#[derive(Debug, Args)]
pub struct GuardArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say how things look to the guard, and what it did.
    Show {
        #[command(flatten)]
        common: ClientArgs,
    },
    /// Set the guard and arm it, while the model is well.
    Set {
        #[command(flatten)]
        common: ClientArgs,
        /// What is measured, on the live state against a version.
        #[arg(long, value_enum)]
        metric: MetricArg,
        /// What it does at an alarm.
        #[arg(long, value_enum)]
        action: ActionArg,
        /// How far live may fall below the version, as a part of it [default: 0.3]
        #[arg(long)]
        drop: Option<f64>,
        /// Samples within which a fall has to show [default: 2000]
        #[arg(long)]
        window: Option<u64>,
        /// No alarm before so many samples [default: 100]
        #[arg(long)]
        min_samples: Option<u64>,
        /// False alarms a sample that are accepted at most, on average [default: 0.000001]
        #[arg(long)]
        false_alarms: Option<f64>,
        /// Number or label of the version to measure against and return to [default: the newest that is old enough]
        #[arg(long)]
        reference: Option<String>,
    },
    /// Arm it again after it acted.
    Rearm {
        #[command(flatten)]
        common: ClientArgs,
    },
    /// Take it away.
    Clear {
        #[command(flatten)]
        common: ClientArgs,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MetricArg {
    Recall,
    Mrr,
    Ctr,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActionArg {
    Freeze,
    Pin,
    Restore,
}

/// Runs the command.
pub fn run(args: GuardArgs) -> anyhow::Result<ExitCode> {
    let ask = |common: &ClientArgs, method, path, body, text| common.ask(ApiRequest { method, path, body }, text);
    match args.action {
        Action::Show { common } => ask(&common, Method::GET, &["guard"], None, shown),
        Action::Rearm { common } => ask(&common, Method::POST, &["guard", "rearm"], None, shown),
        Action::Clear { common } => {
            ask(&common, Method::DELETE, &["guard"], None, |_| "the guard is taken away".to_owned())
        }
        Action::Set { common, metric, action, drop, window, min_samples, false_alarms, reference } => {
            let metric = match metric {
                MetricArg::Recall => "recall",
                MetricArg::Mrr => "mrr",
                MetricArg::Ctr => "ctr",
            };
            let action = match action {
                ActionArg::Freeze => "freeze",
                ActionArg::Pin => "pin",
                ActionArg::Restore => "restore",
            };
            let mut body = Map::from_iter([("metric".to_owned(), json!(metric)), ("action".to_owned(), json!(action))]);
            for (name, value) in [
                ("drop", drop.map(Value::from)),
                ("window", window.map(Value::from)),
                ("min_samples", min_samples.map(Value::from)),
                ("false_alarms", false_alarms.map(Value::from)),
                ("reference", reference.map(Value::from)),
            ] {
                body.extend(value.map(|value| (name.to_owned(), value)));
            }
            ask(&common, Method::PUT, &["guard"], Some(Value::Object(body)), shown)
        }
    }
}

fn shown(guard: &Value) -> String {
    let mut text = format!(
        "{}: {} at a fall of {} by more than {:.0}% below version {}",
        plain(&guard["state"]),
        plain(&guard["action"]),
        plain(&guard["metric"]),
        100.0 * guard["drop"].as_f64().unwrap_or(0.0),
        plain(&guard["measured_against"])
    );
    if let Some(figures) = guard["figures"].as_object() {
        let _ = write!(
            text,
            "\n  {} samples; over the newest {}: live {}, version {}; evidence {} of 1",
            figures["samples"],
            figures["window_samples"],
            decimal(&figures["live"]),
            decimal(&figures["reference"]),
            decimal(&figures["evidence"])
        );
    }
    if let Some(acted) = guard["acted"].as_object() {
        let since = &acted["details"]["guard"]["since"];
        let _ = write!(
            text,
            "\n  acted at {} (deployment {}): live {}, version {} over {} samples",
            plain(&acted["at"]),
            acted["deployment"],
            decimal(&since["live"]),
            decimal(&since["reference"]),
            plain(&since["samples"])
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_is_shown_with_what_it_sees_and_did() {
        let mut guard = json!({
            "state": "watching", "action": "pin", "metric": "recall", "drop": 0.3, "measured_against": 4,
            "figures": {"samples": 900, "window_samples": 500, "live": 0.31, "reference": 0.3, "evidence": 0.0},
            "acted": null
        });
        assert_eq!(
            shown(&guard),
            "watching: pin at a fall of recall by more than 30% below version 4\n  900 samples; over the newest 500: live 0.3100, version 0.3000; evidence 0.0000 of 1"
        );
        guard["figures"] = Value::Null;
        guard["acted"] = json!({"at": "2026-01-05T08:00:00Z", "deployment": 3,
            "details": {"guard": {"since": {"samples": 60, "live": 0.1, "reference": 0.3}}}});
        assert!(
            shown(&guard)
                .ends_with("acted at 2026-01-05T08:00:00Z (deployment 3): live 0.1000, version 0.3000 over 60 samples")
        );
    }
}
