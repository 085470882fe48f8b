//! Listener for created and deleted models: notifications of Postgres, and a timer in case one is lost.

use std::{convert::Infallible, time::Duration};

use sqlx::PgPool;
use tokio::sync::Notify;

use shelfmark_postgres as postgres;

use super::CHANNEL;

/// Interval of wake-ups without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before a failed listener reconnects. The timer keeps waking meanwhile.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Wakes the task that waits on `look` whenever the catalogue may have changed. Never returns.
pub async fn watch_changes(pool: &PgPool, look: &Notify) -> Infallible {
    tokio::select! {
        never = poll(look) => never,
        never = listen(pool, look) => never,
    }
}

async fn poll(look: &Notify) -> Infallible {
    let mut timer = tokio::time::interval(POLL_INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        look.notify_one();
    }
}

async fn listen(pool: &PgPool, look: &Notify) -> Infallible {
    loop {
        if let Err(error) = listen_once(pool, look).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "models.listener_lost");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, look: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = postgres::listen(pool, CHANNEL).await?;
    loop {
        // Also after a reconnect, since notifications sent meanwhile are lost.
        listener.try_recv().await?;
        look.notify_one();
    }
}
