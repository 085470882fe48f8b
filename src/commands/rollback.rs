//! `shelfmark rollback` and `shelfmark unpin`: return to an earlier state, and to the live one.

use std::{fmt::Write as _, process::ExitCode};

use clap::ValueEnum;
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;
use shelfmark_domain::{Deployment, Timestamp};
use shelfmark_store::operations::{Operation, OperationState};

use super::{client_command::ClientArgs, pipeline, poll};

/// Roll the model back to a version, a position of the log or a time.
///
/// The state of a stored version is served at once. Any other state is computed first, and a bar shows how far it is.
/// Until then readers are served the old state, and `shelfmark operations cancel` leaves everything as it was. Ends
/// with status 0 when the rollback, or the dry run, is done.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// Target: the number of a version, a label, @POSITION, or a time (RFC 3339), which means the last state by then.
    #[arg(long, value_name = "TARGET")]
    to: String,
    /// How the target is reached.
    #[arg(long, value_enum)]
    mode: ModeArg,
    /// With replay: leave out the events of this user. May be given several times.
    #[arg(long, value_name = "USER")]
    except_user: Vec<String>,
    /// With replay: leave out everything about this item. May be given several times.
    #[arg(long, value_name = "ITEM")]
    except_item: Vec<String>,
    /// With replay: leave out events of this kind. May be given several times.
    #[arg(long, value_name = "KIND")]
    except_kind: Vec<String>,
    /// With replay: leave out the events of this session. May be given several times.
    #[arg(long, value_name = "SESSION")]
    except_session: Vec<String>,
    /// With replay: leave out what came with the API key of this name. May be given several times.
    #[arg(long, value_name = "KEY_NAME")]
    except_source: Vec<String>,
    /// With replay: leave out the positions after A, up to and including B. May be given several times.
    #[arg(long, value_name = "A:B", value_parser = interval)]
    except_positions: Vec<(u64, u64)>,
    /// Report what the rollback would do, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Reason, kept in the deployment history.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    client: ClientArgs,
}

/// Mode of a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    /// Make the target the live state; what came after it stays unapplied.
    Restore,
    /// Serve the target to readers until `unpin`; learning goes on at the head of the log.
    Pin,
    /// Apply the log after the target again, without what --except-* names.
    Replay,
}

impl ModeArg {
    const fn name(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Pin => "pin",
            Self::Replay => "replay",
        }
    }
}

/// Serve the live state again after a pin.
#[derive(Debug, clap::Args)]
pub struct UnpinArgs {
    /// Reason, kept in the deployment history.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    client: ClientArgs,
}

fn interval(text: &str) -> Result<(u64, u64), String> {
    let ends = text.split_once(':').and_then(|(after, through)| Some((after.parse().ok()?, through.parse().ok()?)));
    ends.filter(|(after, through)| after < through)
        .ok_or_else(|| "must be A:B with A below B, such as 1000:2000".to_owned())
}

/// Encodes the target of the command line for the service.
fn target(to: &str) -> Value {
    if let Some(position) = to.strip_prefix('@').and_then(|digits| digits.parse::<u64>().ok()) {
        return json!({ "position": position });
    }
    if let Ok(version) = to.parse::<u32>() {
        return json!({ "version": version });
    }
    if Timestamp::parse(to).is_some() {
        return json!({ "time": to });
    }
    json!({ "label": to })
}

/// Encodes the request.
fn body(args: &RollbackArgs) -> Value {
    let mut except = Map::new();
    for (list, given) in [
        ("users", &args.except_user),
        ("items", &args.except_item),
        ("kinds", &args.except_kind),
        ("sessions", &args.except_session),
        ("sources", &args.except_source),
    ] {
        if !given.is_empty() {
            except.insert(list.to_owned(), json!(given));
        }
    }
    if !args.except_positions.is_empty() {
        except.insert("positions".to_owned(), json!(args.except_positions));
    }
    let mut body = json!({ "to": target(&args.to), "mode": args.mode.name(), "dry_run": args.dry_run });
    if !except.is_empty() {
        body["except"] = except.into();
    }
    if let Some(reason) = &args.reason {
        body["reason"] = json!(reason);
    }
    body
}

/// The three forms of the answer.
#[derive(Deserialize)]
#[serde(untagged)]
enum RollbackAnswer {
    Begun { operation: Operation },
    DryRun { dry_run: Value },
    Done(Deployment),
}

/// Rolls back and waits for the end.
pub fn run(args: RollbackArgs) -> anyhow::Result<ExitCode> {
    let output = args.client.output;
    pipeline::runtime()?.block_on(async move {
        let client = args.client.service.client()?;
        let operation = match client.send(ApiRequest::post(&["rollback"]).json(body(&args))).await? {
            RollbackAnswer::Done(deployment) => {
                output.print(&json!(deployment), done)?;
                return Ok(ExitCode::SUCCESS);
            }
            RollbackAnswer::DryRun { dry_run } => {
                output.print(&dry_run, would)?;
                return Ok(ExitCode::SUCCESS);
            }
            RollbackAnswer::Begun { operation } => operation,
        };
        let ended = poll::until_ended(&client, operation.id, output.json).await?;
        let result = |key: &str| ended.result.as_ref().and_then(|result| result.get(key));
        match (ended.state, result("deployment"), result("dry_run")) {
            (OperationState::Done, Some(deployment), _) => output.print(deployment, done)?,
            (OperationState::Done, None, Some(dry_run)) => output.print(dry_run, would)?,
            _ => return Ok(poll::unsuccessful(&ended, output.json)),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Serves the live state again.
pub fn unpin(args: &UnpinArgs) -> anyhow::Result<ExitCode> {
    let body = args.reason.as_ref().map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    args.client.run(ApiRequest::post(&["unpin"]).json(body), done)
}

/// Describes a deployment that was made.
fn done(deployment: &Value) -> anyhow::Result<String> {
    let Deployment { number, mode, from, to, version, position, .. } = serde_json::from_value(deployment.clone())?;
    let mode = json!(mode);
    let mut text = format!("deployment {number}: {}, served from {from} to {to}\n", mode.as_str().unwrap_or_default());
    if let Some(version) = version {
        writeln!(text, "version    {version}")?;
    }
    if let Some(position) = position {
        writeln!(text, "position   {} (of its record)", HumanCount(position.get()))?;
    }
    Ok(text)
}

/// Describes a dry run.
fn would(dry_run: &Value) -> anyhow::Result<String> {
    let number = |value: &Value| HumanCount(value.as_u64().unwrap_or_default());
    let mut text = String::new();
    for (name, end) in [("from", &dry_run["from"]), ("to", &dry_run["to"])] {
        let digest = end["digest"].as_str().unwrap_or_default();
        writeln!(text, "{name:14}position {}, digest {digest}", number(&end["position"]))?;
    }
    let counts = &dry_run["counts"];
    for (name, key) in [("records", "records"), ("events kept", "events_kept"), ("others kept", "others_kept")] {
        writeln!(text, "{name:14}{}", number(&counts[key]))?;
    }
    for (reason, records) in counts["left_out"].as_object().into_iter().flatten() {
        writeln!(text, "left out      {} by {reason}", number(records))?;
    }
    text.push_str("nothing was changed");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_target_says_what_it_is() {
        assert_eq!(target("12"), json!({"version": 12}));
        assert_eq!(target("@12"), json!({"position": 12}));
        assert_eq!(target("before-sale"), json!({"label": "before-sale"}));
        assert_eq!(target("2026-11-23T10:00:00Z"), json!({"time": "2026-11-23T10:00:00Z"}));
        assert_eq!(interval("3:7"), Ok((3, 7)));
        assert!(interval("7:7").is_err() && interval("7").is_err() && interval("a:b").is_err());
    }
}
