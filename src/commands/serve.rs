//! `shelfmark serve`: the service.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shelfmark::{app, config::ServeSettings, telemetry};
use tokio_util::sync::CancellationToken;

use super::{database, ending};

/// Run the service. It prints `http://address:port` on standard output once it listens.
#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    settings: ServeSettings,
}

/// Serves until SIGTERM or SIGINT, then ends in order; a second signal ends at once.
pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    database::drop_variables_of_libpq(&args.settings.database)?;
    telemetry::start_log(&args.settings.telemetry)?;
    raise_descriptor_limit();
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

/// Raises the soft limit on open files to the hard one. Shells and service managers give 1,024, which is for programs
/// that use select(2): fewer than the connections that are served.
fn raise_descriptor_limit() {
    let before = getrlimit(Resource::Nofile);
    if before.current.is_some_and(|current| before.maximum.is_none_or(|maximum| current < maximum)) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, maximum: before.maximum });
        if let Err(error) = raised {
            tracing::warn!(%error, "app.descriptors: the limit on open files stays");
        }
    }
    let shown = |limit: Option<u64>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let (was, is) = (shown(before.current), shown(getrlimit(Resource::Nofile).current));
    tracing::info!(was, is, "app.descriptors: the limit on open files is {is}");
}

async fn serve(settings: ServeSettings) -> anyhow::Result<ExitCode> {
    let closing = CancellationToken::new();
    let served = Box::pin(app::serve(settings, closing.clone()));
    ending::in_order(async { served.await.map(|()| ExitCode::SUCCESS) }, &closing).await
}
