//! Orderly end of a command that goes on until it is told to end.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Waits for the work. The first SIGTERM or Ctrl-C cancels `stop`, at which the work ends by itself; the second one
/// gives it up, with a status of failure.
pub async fn in_order(
    work: impl Future<Output = anyhow::Result<ExitCode>>,
    stop: &CancellationToken,
) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if stop.is_cancelled() {
            tracing::warn!("app.stop: asked twice, ending at once");
            return Ok(ExitCode::FAILURE);
        }
        tracing::info!("app.stop: asked to end");
        stop.cancel();
    }
}
