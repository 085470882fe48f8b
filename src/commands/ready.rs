//! `shelfmark ready`: whether a service can do its work, for health checks of containers and for scripts.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::Value;
use shelfmark_domain::ModelName;

use super::{
    client_command::{OutputArgs, ServerArgs, plain},
    pipeline,
};

/// Exit status when the service says that it cannot do its work.
const NOT_READY: u8 = 1;
/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(200);

/// Ask a service whether it can do its work. Ends with 1 when it cannot.
///
/// It reads /readyz, which needs no key.
#[derive(Debug, Args)]
pub struct ReadyArgs {
    /// Ask again until the service is ready, for this many seconds at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3600))]
    wait: u64,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs the command.
pub fn run(args: &ReadyArgs) -> anyhow::Result<ExitCode> {
    // The request names no model.
    let client = args.server.client(&ModelName::new("default").expect("it is a name"))?;
    let deadline = Instant::now() + Duration::from_secs(args.wait);
    pipeline::runtime()?.block_on(async {
        loop {
            let answer = client.readiness().await;
            let retry = match &answer {
                Ok(found) => found["ready"] != true,
                Err(error) => error.is_transient(),
            };
            if retry && Instant::now() < deadline {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let answer = answer?;
            args.output.print(&answer, |answer| Ok(text(answer)))?;
            return Ok(if answer["ready"] == true { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) });
        }
    })
}

/// Formats an answer: whether the service is ready, and a line for each reason and note.
fn text(answer: &Value) -> String {
    let mut lines = vec![if answer["ready"] == true { "ready".to_owned() } else { "not ready".to_owned() }];
    for field in ["reasons", "notes"] {
        lines.extend(answer[field].as_array().into_iter().flatten().map(plain));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::text;

    #[test]
    fn reasons_and_notes_follow_the_verdict() {
        assert_eq!(
            text(&json!({"ready": true, "reasons": [], "notes": ["learning is frozen"]})),
            "ready\nlearning is frozen"
        );
        assert_eq!(
            text(&json!({"ready": false, "reasons": ["no model is loaded yet"]})),
            "not ready\nno model is loaded yet"
        );
    }
}
