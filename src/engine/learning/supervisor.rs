//! Supervisor of the learner thread: restarts it from the newest version after a failure.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    blocking::{blocking, panic_text},
    learning::{
        feed,
        parts::CoreParts,
        recovery::{Recovered, recover},
        worker::Worker,
    },
};

/// First pause after a failure; doubled up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A run this long starts the pauses over.
const RUN_SOUND: Duration = Duration::from_secs(300);
/// Snapshot requests that wait.
const SNAPSHOTS_MAX: usize = 64;

/// Runs the model until `stop`; at the end takes the shutdown version and joins the learner thread.
pub async fn run(parts: CoreParts, recovered: Recovered, stop: CancellationToken) {
    let mut recovered = Some(recovered);
    let mut pause = PAUSE_MIN;
    loop {
        let started = tokio::time::Instant::now();
        let result = match recovered.take() {
            Some(recovered) => Box::pin(run_once(&parts, recovered, &stop)).await,
            None => match recover(&parts.stores).await {
                Ok(recovered) => Box::pin(run_once(&parts, recovered, &stop)).await,
                Err(error) => Err(error.to_string()),
            },
        };
        let Err(reason) = result else { return };
        if stop.is_cancelled() {
            return;
        }
        parts.stores.metrics.learner_failures.increment(1);
        if started.elapsed() > RUN_SOUND {
            pause = PAUSE_MIN;
        }
        tracing::error!(
            model = %parts.stores.name, reason,
            "learner.failed: reads and the log go on; recovery from the newest version in {} s", pause.as_secs()
        );
        parts.learner.health.failed(reason);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// One life of the learner thread. `Err` says why it could not go on.
async fn run_once(parts: &CoreParts, recovered: Recovered, stop: &CancellationToken) -> Result<(), String> {
    parts.stores.log.head().await.map_err(|error| error.to_string())?;
    let (work_sender, work) = mpsc::channel(feed::WORK_APPENDS_MAX);
    let (snapshot_sender, snapshots) = mpsc::channel(SNAPSHOTS_MAX);
    let position = recovered.position;
    parts.learner.connect(Some(snapshot_sender));
    // Before the thread shows its first view. The log may have learned of a later head since it asked.
    parts.learner.health.running(parts.stores.log.head_known().0);
    let worker = Worker::new(parts.clone(), recovered, work, snapshots);
    let (ended_sender, mut ended) = oneshot::channel();
    let runtime = Handle::current();
    let thread = std::thread::Builder::new()
        .name(format!("learner-{}", parts.stores.name))
        .spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| worker.run(&runtime)));
            let result = result.unwrap_or_else(|panic| Err(panic_text(&*panic)));
            drop(ended_sender.send(result));
        })
        .map_err(|error| format!("no thread for the learner: {error}"))?;

    let feed_stop = stop.child_token();
    let feeding = feed::run(&parts.stores, &*parts.stores, position, work_sender, feed_stop.clone());
    tokio::pin!(feeding);
    let mut early = None;
    let fed: Result<(), EngineError> = tokio::select! {
        result = &mut feeding => result,
        result = &mut ended => {
            early = Some(result);
            feed_stop.cancel();
            Ok(())
        }
    };
    if early.is_none() && fed.is_ok() && stop.is_cancelled() {
        parts.snapshots.take_at_shutdown().await;
    }
    // The thread ends when nobody can ask it for snapshots any more.
    parts.learner.connect(None);
    let ended = match early {
        Some(result) => result,
        None => ended.await,
    };
    blocking(move || drop(thread.join())).await;
    fed.map_err(|error| error.to_string())?;
    ended.unwrap_or_else(|_| Err("the learner thread vanished".to_owned()))
}
