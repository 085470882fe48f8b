//! Dedicated connection of the appender.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, PgPool, Row};

/// Time limit for connecting and configuring the session.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects with the pool's options, outside the pool, so that the appender never waits for readers.
pub(super) async fn connect(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    tokio::time::timeout(CONNECT_TIMEOUT, connect_unbounded(pool)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn connect_unbounded(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    // Ids are looked up by index even if the statement was planned while the table was small. A process that hangs
    // while it holds the lock of the head loses its session, so that the appenders of other processes continue.
    connection
        .execute(
            "set enable_seqscan = off; set idle_in_transaction_session_timeout = '20s'; \
             set application_name = 'shelfmark appender'",
        )
        .await?;
    let row = connection
        .fetch_one("select current_setting('synchronous_commit') = 'off', current_setting('fsync') = 'off'")
        .await?;
    if row.try_get(0)? {
        // P1. Stronger settings of the operator are kept.
        connection.execute("set synchronous_commit = on").await?;
    }
    if row.try_get(1)? {
        tracing::warn!(
            "log.fsync_off: Postgres runs with fsync = off, so a crash of the machine loses acknowledged events"
        );
    }
    Ok(connection)
}
