//! Recognition of a connection pooler that changes sessions between transactions.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Row};
use tokio::time::timeout;

use super::error::PostgresError;

/// Time limit of the check. A pooler without a free server makes it wait.
const CHECK_MAX: Duration = Duration::from_secs(5);

/// Refuses a pooler in transaction or statement mode, such as PgBouncer with `pool_mode = transaction`. There advisory
/// locks, LISTEN and prepared statements do not hold, and nothing reports it: two processes would both take a version.
///
/// A session of Postgres keeps its process. So `connection` is asked for its process, while it is alone and while a
/// second connection holds one in a transaction. Costs one connection and six short statements.
///
/// Errors: [`PostgresError::TransactionPooling`]. A failure of the check itself is no verdict.
pub(super) async fn refuse_transaction_pooling(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<(), PostgresError> {
    match timeout(CHECK_MAX, changes_process(connection, options)).await {
        Ok(Ok(true)) => Err(PostgresError::TransactionPooling),
        Ok(Ok(false)) => Ok(()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "postgres.pooler_check: no verdict");
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

async fn changes_process(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let first = process(connection).await?;
    // A pooler that takes turns gives another one here; one that takes the last one used gives it away below.
    if process(connection).await? != first {
        return Ok(true);
    }
    let mut other = PgConnection::connect_with(options).await?;
    if sqlx::raw_sql("begin").execute(&mut other).await.is_err() {
        // Statement mode has no transactions.
        return Ok(true);
    }
    let changed = process(&mut other).await? == first || process(connection).await? != first;
    sqlx::raw_sql("rollback").execute(&mut other).await?;
    other.close().await?;
    Ok(changed)
}

/// Asks without a prepared statement, which is what a pooler may mix up.
async fn process(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("select pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}
