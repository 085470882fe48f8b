//! Polling of an operation of the service until it has ended.

use std::{process::ExitCode, time::Duration};

use serde_json::json;
use shelfmark_client::{ApiRequest, Client, ClientError};
use shelfmark_store::operations::{Operation, OperationId};
use tokio::time::Instant;

use super::progress_bar::ProgressDisplay;

/// Pause between two requests.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// Longest time without an answer. The operation goes on without us, or is marked as interrupted.
const UNREACHABLE_MAX: Duration = Duration::from_secs(60);
/// Units of the bar.
const STEPS: u32 = 1000;

/// Makes the request for an operation.
pub fn request(id: OperationId) -> ApiRequest {
    ApiRequest::get(&["operations", &id.to_string()])
}

/// Polls an operation until it has ended. `quiet`: shows nothing meanwhile.
pub async fn until_ended(client: &Client, id: OperationId, quiet: bool) -> Result<Operation, ClientError> {
    let progress = ProgressDisplay::new(Some(u64::from(STEPS)), quiet);
    let mut answered = Instant::now();
    loop {
        match client.send::<Operation>(request(id)).await {
            Ok(operation) => {
                answered = Instant::now();
                if operation.finished_at.is_some() {
                    progress.finish();
                    return Ok(operation);
                }
                progress.update(steps(operation.progress), || line(&operation));
            }
            Err(error) if error.is_transient() && answered.elapsed() < UNREACHABLE_MAX => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Shows an operation that ended without what was asked for.
pub fn unsuccessful(ended: &Operation, json: bool) -> ExitCode {
    if json {
        println!("{:#}", json!(ended));
    } else {
        eprintln!("{}", line(ended));
    }
    ExitCode::FAILURE
}

/// Describes an operation in a line.
pub fn line(operation: &Operation) -> String {
    let Operation { id, kind, state, progress, eta_s, error, actor, created_at, .. } = operation;
    let mut line = format!("{id}  {kind:8} {:9} {:3.0}%  {actor}  {created_at}", state.name(), progress * 100.0);
    if let Some(eta_s) = eta_s {
        line.push_str(&format!("  {eta_s:.0} s left"));
    }
    if let Some(error) = error {
        line.push_str(&format!("  {error}"));
    }
    line
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, clamped to 0 to 1")]
fn steps(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * f64::from(STEPS)) as u64
}
