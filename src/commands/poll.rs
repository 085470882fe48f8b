//! Waits for an operation of the service: a bar on a terminal, a line now and then elsewhere.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use shelfmark::operations::{Operation, OperationId};
use tokio::time::Instant;

use super::client::{Client, ClientError};

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Pause between plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// How long the service may be away before waiting ends; the operation goes on without us, or is marked as interrupted.
const AWAY_MAX: Duration = Duration::from_secs(60);
/// Steps of the bar.
const STEPS: u32 = 1000;

/// Looks at an operation until it has ended. `quiet`: shows nothing meanwhile.
pub async fn until_ended(client: &Client, id: OperationId, quiet: bool) -> Result<Operation, ClientError> {
    let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
        let style = ProgressStyle::with_template("{bar:24.cyan/blue} {percent:>3}%  {msg}");
        ProgressBar::new(u64::from(STEPS)).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    });
    let (mut said, mut heard) = (Instant::now(), Instant::now());
    loop {
        let operation: Operation = match client.ask(Method::GET, &format!("operations/{id}"), None).await {
            Ok(operation) => operation,
            Err(ClientError::Connection(_) | ClientError::Busy { .. }) if heard.elapsed() < AWAY_MAX => {
                tokio::time::sleep(LOOK_EVERY).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        heard = Instant::now();
        if operation.finished_at.is_some() {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            return Ok(operation);
        }
        if let Some(bar) = &bar {
            bar.set_position(steps(operation.progress));
            bar.set_message(line(&operation));
        } else if !quiet && said.elapsed() >= PLAIN_EVERY {
            said = Instant::now();
            eprintln!("{}", line(&operation));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// An operation in a line.
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
