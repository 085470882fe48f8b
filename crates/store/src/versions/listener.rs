//! Listener for deployments of all processes: notifications of Postgres, and a timer in case one is lost.

use std::{convert::Infallible, time::Duration};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use shelfmark_domain::Serving;
use shelfmark_postgres as postgres;

use super::{VersionError, VersionStore, deployments::CHANNEL};

/// Interval of reads of the table without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before a failed listener reconnects.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

impl VersionStore {
    /// Subscribes to what is served. A task on `tracker` updates the value with the deployments of every process, until
    /// `shutdown`. While Postgres is unreachable, the last known value stays.
    pub async fn subscribe_serving(
        &self,
        shutdown: CancellationToken,
        tracker: &TaskTracker,
    ) -> Result<watch::Receiver<Serving>, VersionError> {
        let (sender, receiver) = watch::channel(self.serving().await?);
        let store = self.clone();
        tracker.spawn(async move {
            tokio::select! {
                never = poll(&store, &sender) => match never {},
                never = listen(&store, &sender) => match never {},
                () = shutdown.cancelled() => {}
            }
        });
        Ok(receiver)
    }
}

async fn poll(store: &VersionStore, sender: &watch::Sender<Serving>) -> Infallible {
    let mut timer = tokio::time::interval(POLL_INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        if let Err(error) = look(store, sender).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "deployment.poll_failed");
        }
    }
}

async fn look(store: &VersionStore, sender: &watch::Sender<Serving>) -> Result<(), VersionError> {
    // Both loops run on one task, but each may hold a result while the other reads. The receiver sees the newest value
    // or, for less than a poll interval, the one before.
    let serving = store.serving().await?;
    sender.send_if_modified(|known| {
        let changed = *known != serving;
        *known = serving;
        changed
    });
    Ok(())
}

async fn listen(store: &VersionStore, sender: &watch::Sender<Serving>) -> Infallible {
    loop {
        if let Err(error) = listen_once(store, sender).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "deployment.listener_lost");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn listen_once(store: &VersionStore, sender: &watch::Sender<Serving>) -> Result<(), VersionError> {
    let mut listener = postgres::listen(store.pool(), CHANNEL).await?;
    let model_id = store.model_id().to_string();
    loop {
        // `None` means that the listener reconnected, and notifications sent meanwhile are lost.
        let notification = listener.try_recv().await?;
        if notification.is_none_or(|notification| notification.payload() == model_id) {
            look(store, sender).await?;
        }
    }
}
