//! `shelfmark serve`: the service.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use shelfmark::{app, config::ServeSettings, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Run the service. It prints `http://address:port` on standard output once it listens.
#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: ServeSettings,
}

/// Serves until SIGTERM or SIGINT, then ends in order; a second signal ends at once.
pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    telemetry::start_log(&args.settings.telemetry)?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("worker");
    if let Some(threads) = args.settings.threads.worker_threads {
        builder.worker_threads(threads);
    }
    let runtime = builder.build().context("the async runtime cannot start")?;
    let ended = runtime.block_on(serve(args.settings));
    // A thread that is still blocked, by a search or the look-up of a name, is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

async fn serve(settings: ServeSettings) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let closing = CancellationToken::new();
    let mut served = std::pin::pin!(app::serve(settings, closing.clone()));
    let mut asked = false;
    loop {
        tokio::select! {
            ended = &mut served => return ended.map(|()| ExitCode::SUCCESS),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if asked {
            tracing::warn!("app.stop: asked twice, ending at once");
            return Ok(ExitCode::FAILURE);
        }
        asked = true;
        tracing::info!("app.stop: asked to end");
        closing.cancel();
    }
}
