//! Parts of commands that ask a running service: the options that say where it is, and the printing of answers.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;
use indicatif::HumanCount;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shelfmark_client::{ApiRequest, Client, ServiceAddress, Url};
use shelfmark_domain::ModelName;

use super::{pipeline, table::short};

/// Address of a service, and the key to it.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Address of the service, for http or https.
    #[arg(
        long,
        global = true,
        help_heading = "Service",
        env = "SHELFMARK_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub url: Url,
    /// API key with the scope that the command needs: `write` for events and items, `admin` for imports, rollbacks and
    /// changes of versions and models. Set it in the environment: others can read command lines.
    #[arg(long, global = true, help_heading = "Service", env = "SHELFMARK_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// File of certificates of authorities in PEM, trusted beside the system's, for https.
    #[arg(long, global = true, help_heading = "Service", env = "SHELFMARK_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// Returns the address of one of the service's models.
    fn address(&self, model: &ModelName) -> ServiceAddress {
        let Self { url, key, ca_file } = self.clone();
        ServiceAddress { url, model: model.clone(), key, ca_file }
    }

    /// Makes a client of one of the service's models.
    pub fn client(&self, model: &ModelName) -> anyhow::Result<Client> {
        Ok(Client::new(&self.address(model))?)
    }
}

/// Address of a model of a service.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// Name of the model.
    #[arg(
        long,
        global = true,
        help_heading = "Service",
        env = "SHELFMARK_MODEL",
        default_value = "default",
        value_parser = ModelName::new
    )]
    pub model: ModelName,
}

impl ServiceArgs {
    /// Makes a client of the model.
    pub fn client(&self) -> anyhow::Result<Client> {
        self.server.client(&self.model)
    }

    /// Returns the address of the model.
    pub fn address(&self) -> ServiceAddress {
        self.server.address(&self.model)
    }
}

/// Place of `--json` in help texts: after the options of the command itself.
const OUTPUT_ORDER: usize = 900;

/// Form of the answers.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// Print JSON instead of text.
    #[arg(long, global = true, display_order = OUTPUT_ORDER)]
    pub json: bool,
}

impl OutputArgs {
    /// Prints an answer as JSON, or as `text` puts it.
    pub fn print(self, answer: &Value, text: impl FnOnce(&Value) -> anyhow::Result<String>) -> anyhow::Result<()> {
        if self.json {
            println!("{answer:#}");
        } else {
            println!("{}", text(answer)?.trim_end());
        }
        Ok(())
    }
}

/// Options of a command that sends one request.
#[derive(Debug, Args)]
pub struct ClientArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

impl ClientArgs {
    /// Sends a request and prints its answer.
    pub fn run(
        &self,
        request: ApiRequest,
        text: impl FnOnce(&Value) -> anyhow::Result<String>,
    ) -> anyhow::Result<ExitCode> {
        let answer = self.send(request)?;
        self.output.print(&answer, text)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Sends a request and returns its answer.
    pub fn send<T: DeserializeOwned>(&self, request: ApiRequest) -> anyhow::Result<T> {
        Ok(pipeline::runtime()?.block_on(self.service.client()?.send(request))?)
    }
}

/// Describes an entry of the deployment history: one line, and one for its reason.
pub fn deployment(entry: &Value) -> anyhow::Result<String> {
    let mut text = format!("deployment {}: {}", entry["number"], plain(&entry["mode"]));
    if let Some(position) = entry["position"].as_u64() {
        write!(text, " at position {position}")?;
    }
    write!(text, ", serving {}", state(&entry["to"]))?;
    if let Some(reason) = entry["reason"].as_str() {
        write!(text, "\n  {reason}")?;
    }
    Ok(text)
}

/// Names a served state: `live` or `version 3`.
fn state(served: &Value) -> String {
    served["version"].as_u64().map_or_else(|| plain(served), |version| format!("version {version}"))
}

/// Formats text as it is and other values as JSON; `-` for null.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Formats a number with four decimals; `-` for null.
pub fn decimal(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}

/// Formats a number in a few characters; `-` for null.
pub fn figure(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), short)
}

/// Formats a count with commas; `-` for null.
pub fn count(value: &Value) -> String {
    value.as_u64().map_or_else(|| "-".to_owned(), |count| HumanCount(count).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_takes_a_line_and_its_reason_another() {
        let entry = json!({"number": 7, "mode": "restore", "position": 90, "to": "live", "reason": "bots"});
        let text = deployment(&entry).expect("text");
        assert_eq!(text, "deployment 7: restore at position 90, serving live\n  bots");
        let entry = json!({"number": 8, "mode": "pin", "position": null, "to": {"version": 3}, "reason": null});
        assert_eq!(deployment(&entry).expect("text"), "deployment 8: pin, serving version 3");
        assert_eq!(
            (decimal(&json!(0.5)), decimal(&json!(null)), plain(&json!(null))),
            ("0.5000".into(), "-".into(), "-".into())
        );
    }
}
