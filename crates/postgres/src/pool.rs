//! Connection pools, migrations of the database, and listeners to notifications.

use std::time::Duration;

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use tokio::time::Instant;

use super::first_connection::{self, CONNECT_SECONDS_MAX};
use super::{address::DatabaseAddress, error::PostgresError, migrations::MIGRATOR, pooler};

/// Pause between two looks at the migrations that another process runs.
const MIGRATION_PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for a free connection of the pool: longer than a burst of requests, shorter than common client
/// timeouts.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the next attempt to listen on a standby.
const STANDBY_PAUSE: Duration = Duration::from_secs(60);
/// Idle time after which a connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Opens a pool of at most `connections_max` connections to `address`, and tests the address with one connection. A
/// database that is not there yet is waited for, at most 30 s, with a line in the log every 5 s. Sessions have the
/// application name `shelfmark` unless the address or `PGAPPNAME` names another.
///
/// # Errors
/// [`PostgresError::Unreachable`] when no connection succeeds in time. At once: [`PostgresError::Url`] when the address
/// cannot be parsed; [`PostgresError::Refused`], [`PostgresError::Tls`], [`PostgresError::TlsFile`],
/// [`PostgresError::NotPostgres`] and [`PostgresError::TransactionPooling`] where waiting does not help. No text
/// contains the address, which may hold a password.
pub async fn connect(address: impl Into<DatabaseAddress>, connections_max: u32) -> Result<PgPool, PostgresError> {
    let address = address.into();
    open(&address, address.options()?, connections_max).await
}

/// Opens a pool as [`connect`] does, for a read-only process. Postgres refuses every write of its sessions, and of
/// other connections made with the pool's options. The role only needs the right to select.
///
/// # Errors
/// As [`connect`].
pub async fn connect_read_only(
    address: impl Into<DatabaseAddress>,
    connections_max: u32,
) -> Result<PgPool, PostgresError> {
    let address = address.into();
    let options = address.options()?.options([("default_transaction_read_only", "on")]);
    open(&address, options, connections_max).await
}

async fn open(
    address: &DatabaseAddress,
    options: PgConnectOptions,
    connections_max: u32,
) -> Result<PgPool, PostgresError> {
    // The pool itself would hide why a connection fails behind its own time limit.
    let mut connection = first_connection::connect(&options).await?;
    if address.is_given() {
        pooler::refuse_transaction_pooling(&mut connection, &options).await?;
    }
    let _closed_either_way = connection.close().await;
    let pool = PgPoolOptions::new()
        .max_connections(connections_max.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(options);
    Ok(pool)
}

/// Requires that the database has tables of the service, of whatever release. For commands that make none.
///
/// # Errors
/// [`PostgresError::NoTables`].
pub async fn require_tables(pool: &PgPool) -> Result<(), PostgresError> {
    match has_migrations(pool).await? {
        true => Ok(()),
        false => Err(PostgresError::NoTables),
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

/// Returns the number of the newest migration of this binary.
#[must_use]
pub fn newest_migration() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Migrates within a transaction, up to and with a migration: for rows that were stored by an earlier release.
/// Migrations that the database has beyond it are left as they are.
///
/// # Errors
/// [`PostgresError::Migrate`] as [`migrate`].
pub async fn migrate_through(connection: &mut PgConnection, newest: i64) -> Result<(), PostgresError> {
    let some = MIGRATOR.iter().filter(|migration| migration.version <= newest).cloned().collect();
    Ok(Migrator::with_migrations(some).set_ignore_missing(true).run(connection).await?)
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
        tokio::time::sleep(MIGRATION_PAUSE).await;
    }
    Ok(())
}

async fn has_migrations(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await
}

/// Returns the number of the first migration of this binary that the database lacks.
async fn missing_migration(pool: &PgPool) -> Result<Option<i64>, PostgresError> {
    let applied: Vec<(i64, Vec<u8>)> = if has_migrations(pool).await? {
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

/// Whether a server in recovery refused LISTEN (25006). Read-only sessions may listen.
fn is_refused_by_standby(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|refusal| refusal.code()).is_some_and(|code| code == "25006")
}
