//! What commands that ask a running service one question share: where it is, and how the answer is printed.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::{
    client::{Client, ServiceArgs},
    pipeline,
};

/// What every such command needs.
#[derive(Debug, Args)]
pub struct ClientArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Print the service's answer as JSON.
    #[arg(long)]
    json: bool,
}

/// A question: method, path below the model, body.
pub struct ApiRequest {
    pub method: Method,
    pub path: &'static [&'static str],
    pub body: Option<Value>,
}

impl ClientArgs {
    /// Asks, and prints the answer as JSON or as `text` says it.
    pub fn ask(&self, question: ApiRequest, text: fn(&Value) -> String) -> anyhow::Result<ExitCode> {
        let ApiRequest { method, path, body } = question;
        let client = Client::new(&self.service)?;
        let answer = pipeline::runtime()?.block_on(client.call(method, path, &[], body.as_ref()))?;
        if self.json {
            println!("{answer:#}");
        } else {
            println!("{}", text(&answer).trim_end());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A deployment in a line, its reason in another.
pub fn deployment(entry: &Value) -> String {
    let mut text = format!("deployment {}: {}", entry["number"], plain(&entry["mode"]));
    if let Some(position) = entry["position"].as_u64() {
        let _ = write!(text, " at position {position}");
    }
    let _ = write!(text, ", serving {}", state(&entry["to"]));
    if let Some(reason) = entry["reason"].as_str() {
        let _ = write!(text, "\n  {reason}");
    }
    text
}

/// `live` or `version 3`.
fn state(served: &Value) -> String {
    served["version"].as_u64().map_or_else(|| plain(served), |version| format!("version {version}"))
}

/// Text as it is, anything else as JSON; `-` for nothing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A number with four decimals; `-` for nothing.
pub fn decimal(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_said_in_a_line_and_its_reason_below() {
        let entry = json!({"number": 7, "mode": "restore", "position": 90, "to": "live", "reason": "bots"});
        assert_eq!(deployment(&entry), "deployment 7: restore at position 90, serving live\n  bots");
        let entry = json!({"number": 8, "mode": "pin", "position": null, "to": {"version": 3}, "reason": null});
        assert_eq!(deployment(&entry), "deployment 8: pin, serving version 3");
        assert_eq!(
            (decimal(&json!(0.5)), decimal(&json!(null)), plain(&json!(null))),
            ("0.5000".into(), "-".into(), "-".into())
        );
    }
}
