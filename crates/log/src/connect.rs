//! Connection of the appender.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, PgPool, Row};

/// Longest time to connect and prepare.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects with the pool's options, outside the pool: the appender never waits for readers.
pub(super) async fn connect(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    tokio::time::timeout(CONNECT_TIMEOUT, connect_unbounded(pool)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn connect_unbounded(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    // Ids are looked up by index even if the statement was planned while the table was small. A process that is frozen
    // while it holds the head's lock loses its session, so that the appenders of others go on.
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
        // P1: stronger settings of the operator's stay as they are.
        connection.execute("set synchronous_commit = on").await?;
    }
    if row.try_get(1)? {
        tracing::warn!(
            "log.fsync_off: Postgres runs with fsync = off; a crash of the machine loses acknowledged events"
        );
    }
    Ok(connection)
}
