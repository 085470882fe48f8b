//! The connections of the service, and its tables' migrations.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::time::Instant;

use super::error::PostgresError;

/// How long a first connection is tried for: a composed database may come up after us.
const CONNECT_SECONDS_MAX: u64 = 30;
/// The pause between two tries.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);
/// How long a request waits for a free connection before it fails: longer than a burst, shorter than a client's
/// patience.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that nobody used for this long are closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Opens a pool of at most `connections_max` connections to `url` and proves it with one, trying for 30 s. A session
/// is named `shelfmark` in `pg_stat_activity` unless the address names it.
///
/// # Errors
/// When `url` is not an address (at once), or nothing answers in time. The text never holds the address, which may
/// hold a password.
pub async fn connect(url: &str, connections_max: u32) -> Result<PgPool, PostgresError> {
    let mut options: PgConnectOptions = url.parse().map_err(PostgresError::Url)?;
    if options.get_application_name().is_none() {
        options = options.application_name("shelfmark");
    }
    let pool = PgPoolOptions::new()
        .max_connections(connections_max.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(options);
    let deadline = Instant::now() + Duration::from_secs(CONNECT_SECONDS_MAX);
    loop {
        match pool.acquire().await {
            Ok(_) => return Ok(pool),
            Err(source) if Instant::now() >= deadline || is_final(&source) => {
                pool.close().await;
                return Err(PostgresError::Unreachable { seconds: CONNECT_SECONDS_MAX, source });
            }
            Err(error) => {
                tracing::debug!(%error, "Postgres does not answer yet");
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
        }
    }
}

/// Brings the database to this binary's tables. Many processes may do so at once: an advisory lock makes them take
/// turns, and all but the first find nothing to do.
///
/// # Errors
/// When a migration fails (it is rolled back), was changed after it ran, or is not known to this binary (the database
/// is ahead: use the newer binary).
pub async fn migrate(pool: &PgPool) -> Result<(), PostgresError> {
    Ok(sqlx::migrate!("./migrations").run(pool).await?)
}

/// Listens to a channel over a connection of its own, outside the pool: one taken from there would be missing for good. It
/// connects again by itself after a loss, which `try_recv` tells by `None`: what was sent meanwhile is gone.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, sqlx::Error> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with((*pool.connect_options()).clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(channel).await?;
    Ok(listener)
}

/// A refusal that waiting does not mend: a wrong password (28P01, 28000), no such database (3D000).
fn is_final(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|refusal| refusal.code())
        .is_some_and(|code| ["28P01", "28000", "3D000"].contains(&code.as_ref()))
}
