//! Errors of backups. Texts name store and object, and hold no secret.

use std::time::Duration;

/// Error of a backup, of its removal or of a restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The address is not one of a store.
    #[error(
        "the store `{address}` cannot be used: {detail}. Give s3://bucket/prefix, az://container/prefix, \
         gs://bucket/prefix or file:///folder"
    )]
    Address {
        /// The address without secrets.
        address: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The store did not answer, or refused.
    #[error("{store}: {what} {object}: {detail}")]
    Store {
        /// The store.
        store: String,
        /// What was to be done: `reading`, `writing`.
        what: &'static str,
        /// The object.
        object: String,
        /// The store's answer.
        detail: String,
    },
    /// The second of two creations of one object succeeded.
    #[error(
        "{0} does not refuse to create an object twice, so two backups could damage each other: use a store with \
         conditional writes (If-None-Match)"
    )]
    NoConditionalCreate(String),
    /// Another backup runs.
    #[error(
        "{store}: another backup runs, begun by {owner}. If that process is gone, its lease ends by itself in {} s",
        .left.as_secs().max(1)
    )]
    LeaseHeld {
        /// The store.
        store: String,
        /// Who has the lease.
        owner: String,
        /// Time until the lease ends unless it is renewed.
        left: Duration,
    },
    /// The lease could not be renewed in time, and another process may have taken it.
    #[error("{0}: the lease of this backup was lost, since it could not be renewed in time; nothing was removed")]
    LeaseLost(String),
    /// The caller asked for an end.
    #[error("{0}: the backup was stopped before it was whole")]
    Stopped(String),
    /// The newest backup is younger than was asked for.
    #[error("a backup is due in {} s", .left.as_secs())]
    NotDue {
        /// Time until it is due.
        left: Duration,
    },
    /// There is no backup.
    #[error("{store}: there is no backup{}", .name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default())]
    NoBackup {
        /// The store.
        store: String,
        /// The name that was asked for.
        name: Option<String>,
    },
    /// An object is missing, or is not what the manifest says.
    #[error("{store}: the object {object} is damaged: {detail}")]
    Damaged {
        /// The store.
        store: String,
        /// The object.
        object: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The backup comes from a newer release.
    #[error("the backup {name} has {what} {found}, and this release knows {known}: restore it with a newer release")]
    Newer {
        /// The backup.
        name: String,
        /// `format` or `schema`.
        what: &'static str,
        /// The number in the manifest.
        found: i64,
        /// The highest known one.
        known: i64,
    },
    /// The database of a restore has content.
    #[error("the database is not empty, the table `{0}` has rows: restore into an empty database or a new --data-dir")]
    NotEmpty(String),
    /// The database of a restore has newer tables than the backup.
    #[error(
        "the database has tables of schema {found}, and the backup those of schema {wanted}: restore into a database \
         without tables"
    )]
    TablesAhead {
        /// The newest migration of the database.
        found: i64,
        /// The newest migration of the backup.
        wanted: i64,
    },
    /// Postgres took another number of rows than the backup has.
    #[error("{object}: {found} rows were read, and the backup has {wanted}")]
    Rows {
        /// The piece of the backup.
        object: String,
        /// Rows that Postgres took.
        found: u64,
        /// Rows of the manifest.
        wanted: u64,
    },
    /// Postgres failed.
    #[error("Postgres: {what}: {source}")]
    Database {
        /// What was done.
        what: String,
        /// The error.
        source: sqlx::Error,
    },
    /// Tables cannot be made.
    #[error(transparent)]
    Postgres(#[from] shelfmark_postgres::PostgresError),
    /// The HTTP client cannot be made.
    #[error("connections to {store} cannot be made: {detail}")]
    Http {
        /// The store.
        store: String,
        /// Why.
        detail: String,
    },
}

/// Adds what was done to an error of Postgres.
pub(crate) fn database(what: impl Into<String>) -> impl FnOnce(sqlx::Error) -> BackupError {
    let what = what.into();
    move |source| BackupError::Database { what, source }
}
