//! The connections of the service, and its tables' migrations.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use tokio::time::Instant;

use super::{error::PostgresError, migrations::MIGRATOR};

/// How long a first connection is tried for: a composed database may come up after us.
const CONNECT_SECONDS_MAX: u64 = 30;
/// The pause between two tries.
const CONNECT_PAUSE: Duration = Duration::from_millis(250);
/// How long a request waits for a free connection before it fails: longer than a burst, shorter than a client's
/// patience.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before a standby is asked again whether it still is one.
const STANDBY_PAUSE: Duration = Duration::from_secs(60);
/// Connections that nobody used for this long are closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Opens a pool of at most `connections_max` connections to `url` and proves it with one, trying for 30 s. A session
/// is named `shelfmark` in `pg_stat_activity` unless the address names it.
///
/// # Errors
/// When `url` is not an address (at once), or nothing answers in time. The text never holds the address, which may
/// hold a password.
pub async fn connect(url: &str, connections_max: u32) -> Result<PgPool, PostgresError> {
    open(options(url)?, connections_max).await
}

/// The same for a process that only reads: Postgres refuses every write of its sessions, those made from the pool's options
/// included. The role needs no right but to select.
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
    Ok(MIGRATOR.run(pool).await?)
}

/// Waits until the database has this binary's tables, for a process that may not make them: 30 s at most, since who makes
/// them may be starting at the same time.
///
/// # Errors
/// When the tables are not there in time, or are a later binary's (at once).
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

/// The first migration that this binary has and the database has not.
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

/// Listens to a channel over a connection of its own, outside the pool: one taken from there would be missing for good. It
/// connects again by itself after a loss, which `try_recv` tells by `None`: what was sent meanwhile is gone.
///
/// On a standby, where nobody may listen, it waits until the server is one no more: timers serve its callers meanwhile.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, sqlx::Error> {
    loop {
        match try_listen(pool, channel).await {
            Err(error) if is_refused_by_standby(&error) => {
                tracing::info!(
                    channel,
                    "postgres.standby: no notifications come from a standby, timers take their place"
                );
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

/// A refusal that waiting does not mend: a wrong password (28P01, 28000), no such database (3D000).
fn is_final(error: &sqlx::Error) -> bool {
    has_code(error, &["28P01", "28000", "3D000"])
}

/// What a server in recovery says to LISTEN (25006); a session that only reads may listen.
fn is_refused_by_standby(error: &sqlx::Error) -> bool {
    has_code(error, &["25006"])
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error.as_database_error().and_then(|refusal| refusal.code()).is_some_and(|code| codes.contains(&code.as_ref()))
}
