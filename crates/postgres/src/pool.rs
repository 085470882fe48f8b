//! Connection pools, migrations of the database, and listeners to notifications.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::time::Instant;

use super::{error::PostgresError, migrations::MIGRATOR};

/// Time limit of the first connection: in a container setup the database may start after the service.
const CONNECT_SECONDS_MAX: u64 = 30;
/// Pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for a free connection of the pool: longer than a burst of requests, shorter than common client
/// timeouts.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the next attempt to listen on a standby.
const STANDBY_PAUSE: Duration = Duration::from_secs(60);
/// Idle time after which a connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Opens a pool of at most `connections_max` connections to `url`, and tests it with one connection, for at most 30 s.
/// Sessions have the application name `shelfmark` unless the address names another.
///
/// # Errors
/// [`PostgresError::Url`] when `url` cannot be parsed, [`PostgresError::Unreachable`] when no connection succeeds in
/// time or the server refuses the credentials. The text does not contain the address, which may hold a password.
pub async fn connect(url: &str, connections_max: u32) -> Result<PgPool, PostgresError> {
    open(options(url)?, connections_max).await
}

/// Opens a pool as [`connect`] does, for a read-only process. Postgres refuses every write of its sessions, and of
/// other connections made with the pool's options. The role only needs the right to select.
///
/// # Errors
/// As [`connect`].
pub async fn connect_read_only(url: &str, connections_max: u32) -> Result<PgPool, PostgresError> {
    open(options(url)?.options([("default_transaction_read_only", "on")]), connections_max).await
}

fn options(url: &str) -> Result<PgConnectOptions, PostgresError> {
    let options: PgConnectOptions = url.parse().map_err(PostgresError::Url)?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("shelfmark"),
    })
}

async fn open(options: PgConnectOptions, connections_max: u32) -> Result<PgPool, PostgresError> {
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
                tracing::debug!(%error, "postgres.connect_retry");
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
        }
    }
}

/// Migrates the database to the schema of this binary. Many processes may do so at once: an advisory lock makes them
/// take turns, and all but the first find nothing to do.
///
/// # Errors
/// [`PostgresError::Migrate`] when a migration fails (it is rolled back), was changed after it ran, or is unknown to
/// this binary because a newer one migrated the database.
pub async fn migrate(pool: &PgPool) -> Result<(), PostgresError> {
    Ok(MIGRATOR.run(pool).await?)
}

/// Waits until another process has migrated the database to the schema of this binary, for at most 30 s. For read-only
/// processes.
///
/// # Errors
/// [`PostgresError::NotMigrated`] when a migration is still missing, [`PostgresError::Migrate`] (at once) when the
/// database is ahead of this binary.
pub async fn wait_for_migrations(pool: &PgPool) -> Result<(), PostgresError> {
    let deadline = Instant::now() + Duration::from_secs(CONNECT_SECONDS_MAX);
    while let Some(missing) = missing_migration(pool).await? {
        if Instant::now() >= deadline {
            return Err(PostgresError::NotMigrated { missing });
        }
        tokio::time::sleep(CONNECT_PAUSE).await;
    }
    Ok(())
}

/// Returns the number of the first migration of this binary that the database lacks.
async fn missing_migration(pool: &PgPool) -> Result<Option<i64>, PostgresError> {
    let there: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    let applied: Vec<(i64, Vec<u8>)> = if there {
        sqlx::query_as("select version, checksum from _sqlx_migrations where success").fetch_all(pool).await?
    } else {
        Vec::new()
    };
    if let Some((ahead, _)) = applied.iter().find(|(version, _)| !MIGRATOR.version_exists(*version)) {
        return Err(MigrateError::VersionMissing(*ahead).into());
    }
    for ours in MIGRATOR.iter() {
        match applied.iter().find(|(version, _)| *version == ours.version) {
            None => return Ok(Some(ours.version)),
            Some((version, checksum)) if **checksum != *ours.checksum => {
                return Err(MigrateError::VersionMismatch(*version).into());
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Listens to a channel over a dedicated connection, so that the pool loses none. The listener reconnects by itself
/// after a loss. `try_recv` then returns `None`, and notifications sent meanwhile are lost.
///
/// A standby does not allow LISTEN. There the call waits until the server is promoted, and callers rely on their
/// timers.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, sqlx::Error> {
    loop {
        match try_listen(pool, channel).await {
            Err(error) if is_refused_by_standby(&error) => {
                tracing::info!(channel, "postgres.standby: a standby sends no notifications, timers take their place");
                tokio::time::sleep(STANDBY_PAUSE).await;
            }
            listening => return listening,
        }
    }
}

async fn try_listen(pool: &PgPool, channel: &str) -> Result<PgListener, sqlx::Error> {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with((*pool.connect_options()).clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(channel).await?;
    Ok(listener)
}

/// Whether retrying is useless: a wrong password (28P01, 28000) or a missing database (3D000).
fn is_final(error: &sqlx::Error) -> bool {
    has_code(error, &["28P01", "28000", "3D000"])
}

/// Whether a server in recovery refused LISTEN (25006). Read-only sessions may listen.
fn is_refused_by_standby(error: &sqlx::Error) -> bool {
    has_code(error, &["25006"])
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error.as_database_error().and_then(|refusal| refusal.code()).is_some_and(|code| codes.contains(&code.as_ref()))
}
