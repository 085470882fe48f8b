//! Listener for appends of other processes: notifications of Postgres, and a timer in case one is lost.

use std::{convert::Infallible, sync::Arc, time::Duration};

use shelfmark_domain::{Position, Timestamp};
use shelfmark_postgres as postgres;

use super::{commit::CHANNEL, known_head::Head, reader, state::LogState, write_probe::probe};

/// Longest wait for the answer to a poll. Then its connection is given up.
const POLL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before a failed listener reconnects. The timer keeps polling meanwhile.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Keeps the known head up to date until shutdown.
pub(super) async fn run(shared: Arc<LogState>) {
    tokio::select! {
        never = listen(&shared) => match never {},
        never = poll(&shared) => match never {},
        never = probe(&shared) => match never {},
        () = shared.shutdown.cancelled() => {}
    }
}

async fn poll(shared: &LogState) -> Infallible {
    let mut timer = tokio::time::interval(shared.settings.poll_interval);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        timer.tick().await;
        let read = tokio::time::timeout(POLL_TIMEOUT, read_head(shared)).await;
        match read.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(()) => failing = false,
            Err(error) => {
                if !failing {
                    tracing::warn!(error = &error as &dyn std::error::Error, "log.head_poll_failed");
                }
                failing = true;
            }
        }
    }
}

async fn read_head(shared: &LogState) -> Result<(), sqlx::Error> {
    let (position, at) = reader::head(&shared.pool, shared.target.model_id).await?;
    shared.database.answered();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    shared.metrics.head.set(position.get() as f64);
    if position > shared.head.get().position {
        let at = at.unwrap_or_else(Timestamp::now);
        shared.head.advance(Head { position, at });
    }
    Ok(())
}

async fn listen(shared: &LogState) -> Infallible {
    loop {
        if let Err(error) = listen_once(shared).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "log.listener_lost");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn listen_once(shared: &LogState) -> Result<(), sqlx::Error> {
    let mut listener = postgres::listen(&shared.pool, CHANNEL).await?;
    loop {
        match listener.try_recv().await? {
            Some(notification) => {
                if let Some(head) = foreign_head(shared, notification.payload()) {
                    shared.head.advance(head);
                }
            }
            // The listener reconnected, and notifications sent meanwhile are lost.
            None => read_head(shared).await?,
        }
    }
}

/// Parses the head of a notification; `None` for one of this process's appender, whose appends are handed over in
/// memory.
fn foreign_head(shared: &LogState, payload: &str) -> Option<Head> {
    let mut parts = payload.split(':');
    let model_id: i32 = parts.next()?.parse().ok()?;
    let position = Position::new(parts.next()?.parse().ok()?);
    let at = Timestamp::from_micros(parts.next()?.parse().ok()?)?;
    let origin: u64 = parts.next()?.parse().ok()?;
    let ours = shared.target;
    (model_id == ours.model_id && origin != ours.origin).then_some(Head { position, at })
}
