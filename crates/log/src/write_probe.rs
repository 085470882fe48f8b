//! Probe of whether Postgres takes records: at the start, and after an append failed.

use std::{convert::Infallible, time::Duration};

use sqlx::{Connection, Executor};

use super::{LogError, connect::connect, state::LogState};

/// Pause between two probes after an append failed.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
/// Time limit of one probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// After an append failed, tries to write until that succeeds.
pub(super) async fn probe(shared: &LogState) -> Infallible {
    let mut failure = shared.database.write_failures();
    loop {
        let _ = failure.wait_for(Option::is_some).await;
        tokio::time::sleep(PROBE_PAUSE).await;
        if failure.borrow().is_none() {
            continue;
        }
        match tokio::time::timeout(PROBE_TIMEOUT, write(shared)).await {
            Ok(Ok(())) => {
                tracing::info!("log.writable: the database takes records again");
                shared.database.written();
            }
            Ok(Err(error)) => tracing::debug!(error = &error as &dyn std::error::Error, "log.probe_failed"),
            Err(_elapsed) => tracing::debug!("log.probe_failed: no answer"),
        }
    }
}

/// Tries to write once, so that a process that begins on a full disk says so before anybody's events fail.
pub(super) async fn check_writable(shared: &LogState) {
    let tried = tokio::time::timeout(PROBE_TIMEOUT, write(shared)).await;
    if let Err(error) = tried.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
        shared.database.write_failed(&LogError::from(error));
    }
}

/// Writes a record of a model that no log has, large enough to need room on the disk, and takes it back.
async fn write(shared: &LogState) -> Result<(), sqlx::Error> {
    let mut connection = connect(&shared.pool).await?;
    connection
        .execute(
            "begin; \
             insert into records (position, append_last, appended_at, model_id, type, rest) \
             select 1, 1, now(), -pg_backend_pid(), 0, string_agg(md5(random()::text), '') from generate_series(1, 2048); \
             rollback",
        )
        .await?;
    connection.close().await
}
