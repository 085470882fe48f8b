//! Starts the learner, and starts it again from the newest version when it had to stop.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use metrics::counter;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    learning::{
        feed,
        recovery::{Recovered, recover},
        worker::Worker,
    },
    metrics::LEARNER_FAILURES,
    shared::Shared,
    versioning::taking,
};

/// First pause after a failure; doubled up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A run this long starts the pauses over.
const RUN_SOUND: Duration = Duration::from_secs(300);
/// Snapshot requests that wait.
const SNAPSHOTS_MAX: usize = 64;

/// Runs the model until `stop`; at the end takes the shutdown version and joins the learner thread.
pub async fn run(shared: Arc<Shared>, recovered: Recovered, stop: CancellationToken) {
    let mut recovered = Some(recovered);
    let mut pause = PAUSE_MIN;
    loop {
        let started = tokio::time::Instant::now();
        let result = match recovered.take() {
            Some(recovered) => Box::pin(run_once(&shared, recovered, &stop)).await,
            None => match recover(&shared).await {
                Ok(recovered) => Box::pin(run_once(&shared, recovered, &stop)).await,
                Err(error) => Err(error.to_string()),
            },
        };
        let Err(reason) = result else { return };
        if stop.is_cancelled() {
            return;
        }
        counter!(LEARNER_FAILURES).increment(1);
        if started.elapsed() > RUN_SOUND {
            pause = PAUSE_MIN;
        }
        tracing::error!(
            model = %shared.name, reason,
            "learner.down: reads and the log go on; recovery from the newest version in {} s", pause.as_secs()
        );
        shared.health.failed(reason);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// One life of the learner thread. `Err` says why it could not go on.
async fn run_once(shared: &Arc<Shared>, recovered: Recovered, stop: &CancellationToken) -> Result<(), String> {
    shared.log.head().await.map_err(|error| error.to_string())?;
    let (work_sender, work) = mpsc::channel(feed::WORK_APPENDS_MAX);
    let (snapshot_sender, snapshots) = mpsc::channel(SNAPSHOTS_MAX);
    let position = recovered.position;
    shared.connect(Some(snapshot_sender));
    // Before the thread shows its first view. The log may have learned of a later head since it asked.
    shared.health.running(shared.log.head_known().0);
    let worker = Worker::new(Arc::clone(shared), recovered, work, snapshots);
    let (ended_sender, mut ended) = oneshot::channel();
    let runtime = Handle::current();
    let thread = std::thread::Builder::new()
        .name(format!("learner-{}", shared.name))
        .spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| worker.run(&runtime)));
            let result = result.unwrap_or_else(|panic| Err(panic_text(&*panic)));
            drop(ended_sender.send(result));
        })
        .map_err(|error| format!("no thread for the learner: {error}"))?;

    let feed_stop = stop.child_token();
    let feeding = feed::run(Arc::clone(shared), position, work_sender, feed_stop.clone());
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
        taking::take_at_shutdown(shared).await;
    }
    // The thread ends when nobody can ask it for snapshots any more.
    shared.connect(None);
    let ended = match early {
        Some(result) => result,
        None => ended.await,
    };
    crate::engine::shared::blocking(move || drop(thread.join())).await;
    fed.map_err(|error| error.to_string())?;
    ended.unwrap_or_else(|_| Err("the learner thread vanished".to_owned()))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}
