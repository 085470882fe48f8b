//! `shelfmark rollback` and `shelfmark unpin`.

use std::process::ExitCode;

use clap::ValueEnum;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shelfmark::{
    domain::{Deployment, Timestamp},
    operations::{Operation, OperationState},
};

use super::{
    client::{Client, ServiceArgs},
    pipeline, poll,
    stats::grouped,
};

/// Takes the model back: to a version, a position of the log or a time.
///
/// What a stored version holds is there at once. Otherwise the state is made beside the learner first, with a bar here; until
/// the switch readers are served the old state, and `shelfmark operations cancel` leaves everything as it was. Ends with status 0
/// when the rollback is done, or the dry run is.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// Where to: the number of a version, a label, @POSITION, or a time (RFC 3339: the last state by then).
    #[arg(long, value_name = "VERSION|LABEL|@POSITION|TIME")]
    to: String,
    /// How.
    #[arg(long, value_enum)]
    mode: ModeArg,
    /// With replay: leave out this user's events; may be given several times.
    #[arg(long, value_name = "USER")]
    except_user: Vec<String>,
    /// With replay: leave out everything about this item; may be given several times.
    #[arg(long, value_name = "ITEM")]
    except_item: Vec<String>,
    /// With replay: leave out events of this kind; may be given several times.
    #[arg(long, value_name = "KIND")]
    except_kind: Vec<String>,
    /// With replay: leave out this session's events; may be given several times.
    #[arg(long, value_name = "SESSION")]
    except_session: Vec<String>,
    /// With replay: leave out what came in with the API key of this name; may be given several times.
    #[arg(long, value_name = "KEY_NAME")]
    except_source: Vec<String>,
    /// With replay: leave out the positions after A, up to and with B; may be given several times.
    #[arg(long, value_name = "A:B", value_parser = interval)]
    except_positions: Vec<(u64, u64)>,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
    /// Why; it stays with the deployment.
    #[arg(long)]
    reason: Option<String>,
    /// Print the service's JSON, and no bar.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

/// How a rollback goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArg {
    /// The state is the model's at once; what came after it stays unapplied.
    Restore,
    /// Readers see the state until `unpin`; learning goes on at the head.
    Pin,
    /// The log after the state is applied again, without what --except-* names.
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

/// Serves the live state again, after a pin.
#[derive(Debug, clap::Args)]
pub struct UnpinArgs {
    /// Why; it stays with the deployment.
    #[arg(long)]
    reason: Option<String>,
    /// Print the service's JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

fn interval(text: &str) -> Result<(u64, u64), String> {
    let ends = text.split_once(':').and_then(|(after, through)| Some((after.parse().ok()?, through.parse().ok()?)));
    ends.filter(|(after, through)| after < through)
        .ok_or_else(|| "must be A:B with A below B, such as 1000:2000".to_owned())
}

/// The target as the service reads it.
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
enum Answer {
    Begun { operation: Operation },
    DryRun { dry_run: Value },
    Done(Deployment),
}

/// Rolls back and waits for the end.
pub fn run(args: RollbackArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(async move {
        let client = Client::new(&args.service)?;
        let operation = match client.ask(Method::POST, "rollback", Some(&body(&args))).await? {
            Answer::Done(deployment) => return done(&json!(deployment), args.json),
            Answer::DryRun { dry_run } => return would(&dry_run, args.json),
            Answer::Begun { operation } => operation,
        };
        let ended = poll::until_ended(&client, operation.id, args.json).await?;
        let result = |key: &str| ended.result.as_ref().and_then(|result| result.get(key));
        match (ended.state, result("deployment"), result("dry_run")) {
            (OperationState::Done, Some(deployment), _) => done(deployment, args.json),
            (OperationState::Done, None, Some(dry_run)) => would(dry_run, args.json),
            _ => {
                if args.json {
                    println!("{}", serde_json::to_string(&ended)?);
                } else {
                    eprintln!("{}", poll::line(&ended));
                }
                Ok(ExitCode::FAILURE)
            }
        }
    })
}

/// Unpins.
pub fn unpin(args: &UnpinArgs) -> anyhow::Result<ExitCode> {
    pipeline::runtime()?.block_on(async {
        let client = Client::new(&args.service)?;
        let body = args.reason.as_ref().map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        let deployment: Value = client.ask(Method::POST, "unpin", Some(&body)).await?;
        done(&deployment, args.json)
    })
}

fn done(deployment: &Value, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{deployment}");
        return Ok(ExitCode::SUCCESS);
    }
    let Deployment { number, mode, from, to, version, position, .. } = serde_json::from_value(deployment.clone())?;
    let mode = json!(mode);
    let mode = mode.as_str().unwrap_or_default();
    println!("deployment {number}: {mode}, served from {from} to {to}");
    if let Some(version) = version {
        println!("version    {version}");
    }
    if let Some(position) = position {
        println!("position   {} (of its record)", grouped(position.get()));
    }
    Ok(ExitCode::SUCCESS)
}

fn would(dry_run: &Value, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{dry_run}");
        return Ok(ExitCode::SUCCESS);
    }
    let number = |value: &Value| grouped(value.as_u64().unwrap_or_default());
    for (name, end) in [("from", &dry_run["from"]), ("to", &dry_run["to"])] {
        let digest = end["digest"].as_str().unwrap_or_default();
        println!("{name:14}position {}, digest {digest}", number(&end["position"]));
    }
    let counts = &dry_run["counts"];
    for (name, key) in [("records", "records"), ("events kept", "events_kept"), ("others kept", "others_kept")] {
        println!("{name:14}{}", number(&counts[key]));
    }
    for (reason, records) in counts["left_out"].as_object().into_iter().flatten() {
        println!("left out      {} by {reason}", number(records));
    }
    println!("nothing was changed");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_told_by_its_form() {
        assert_eq!(target("12"), json!({"version": 12}));
        assert_eq!(target("@12"), json!({"position": 12}));
        assert_eq!(target("before-sale"), json!({"label": "before-sale"}));
        assert_eq!(target("2026-11-23T10:00:00Z"), json!({"time": "2026-11-23T10:00:00Z"}));
        assert_eq!(interval("3:7"), Ok((3, 7)));
        assert!(interval("7:7").is_err() && interval("7").is_err() && interval("a:b").is_err());
    }
}
