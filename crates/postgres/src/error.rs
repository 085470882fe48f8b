//! Errors of finding, starting, reaching and migrating Postgres. Each text says how to fix the problem.

use std::path::{Path, PathBuf};

/// Error of finding, starting, reaching, migrating or stopping Postgres.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No Postgres programs were found.
    #[error(
        "no Postgres server binaries were found (looked in {searched}). Run `cargo xtask setup` in the source tree, \
         or `apt-get install -y --no-install-recommends postgresql`, or point SHELFMARK_POSTGRES_BIN at a folder with \
         initdb, pg_ctl and postgres, or set DATABASE_URL to use a server of your own"
    )]
    BinariesMissing {
        /// The places that were searched.
        searched: String,
    },
    /// The folder named by the setting does not hold a server.
    #[error("SHELFMARK_POSTGRES_BIN is {0}, which does not hold initdb, pg_ctl and postgres that can be run")]
    BinariesUnusable(PathBuf),
    /// Another live process holds the data folder.
    #[error("the data folder {folder} is in use by another shelfmark{holder}: stop it, or choose another --data-dir")]
    FolderInUse {
        /// The data folder.
        folder: PathBuf,
        /// " (process 123)" when known, else empty.
        holder: String,
    },
    /// The user that Postgres runs as cannot enter a folder on the way to the data.
    #[error(
        "Postgres does not run as root, so it runs as the user `{user}`, who cannot enter {folder}: run \
         `chmod o+x {folder}`, or choose a --data-dir that others can enter, such as /var/lib/shelfmark"
    )]
    FolderClosed {
        /// The first folder on the path that the user cannot enter.
        folder: PathBuf,
        /// The user that Postgres runs as.
        user: String,
    },
    /// The process is root, and the system has no unprivileged user to run Postgres as.
    #[error(
        "Postgres does not run as root, and this system has neither a user `postgres` nor `nobody`: run \
         `useradd --system postgres`, or start shelfmark as a normal user"
    )]
    NoUnprivilegedUser,
    /// The cluster was made by another major version.
    #[error(
        "the cluster in {folder} was made by Postgres {cluster}, and the binaries in {binaries} are version {server}. \
         Install Postgres {cluster} (`apt-get install -y --no-install-recommends postgresql-{cluster}`) or name its \
         folder in SHELFMARK_POSTGRES_BIN; to move on, dump with the old version and load with the new one, or use \
         pg_upgrade"
    )]
    MajorVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made the cluster.
        cluster: u32,
        /// The major version of the binaries.
        server: u32,
        /// Where the binaries are.
        binaries: PathBuf,
    },
    /// The data folder holds something that is not a cluster.
    #[error("{0} exists and is not a Postgres cluster: move it away, or choose another --data-dir")]
    NotACluster(PathBuf),
    /// The data folder holds no cluster, and the command creates none.
    #[error(
        "the data folder {0} holds no database of shelfmark, and only `shelfmark serve` creates one: check --data-dir, \
         or name a server of your own with --database-url"
    )]
    NoCluster(PathBuf),
    /// A restore into the folder was cut off.
    #[error(
        "a restore into the data folder {0} has not finished, so it holds no data: run `shelfmark restore` into it \
         again, or remove the folder"
    )]
    UnfinishedRestore(PathBuf),
    /// The folder for the socket in the system's temporary folder belongs to someone else.
    #[error("{0}, where the server's socket would be, belongs to another user: remove it, or set TMPDIR")]
    SocketFolderTaken(PathBuf),
    /// One of Postgres's own programs failed.
    #[error("{program} failed: {detail}")]
    Program {
        /// Name of the program.
        program: String,
        /// The end of its output.
        detail: String,
    },
    /// The server did not start, stop or accept connections in time.
    #[error("Postgres did not {what} within {seconds} s; its log is {log}")]
    Timeout {
        /// The missing action, as a verb.
        what: &'static str,
        /// Time limit in seconds.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
    },
    /// No connection could be opened before the deadline.
    #[error("Postgres could not be reached within {seconds} s")]
    Unreachable {
        /// Time limit in seconds.
        seconds: u64,
        /// The last error.
        source: sqlx::Error,
    },
    /// Postgres, or the system, refuses the connection in a way that waiting does not change: a wrong password, no such
    /// role or database, no entry in pg_hba.conf.
    #[error("Postgres refuses the connection")]
    Refused(#[source] sqlx::Error),
    /// TLS failed: it is not offered, the certificate cannot be verified, or a client's certificate is missing.
    #[error("TLS with Postgres failed{hint}")]
    Tls {
        /// What to do about it, after a colon, or empty.
        hint: &'static str,
        /// Error of TLS.
        source: sqlx::Error,
    },
    /// A file that TLS needs cannot be read.
    #[error("{parameter} of the database's address names {path:?}, which cannot be read: {source}")]
    TlsFile {
        /// Parameter of the address: `sslrootcert`, `sslcert` or `sslkey`.
        parameter: &'static str,
        /// Its value.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The server speaks another protocol.
    #[error("what listens at the database's address does not speak the protocol of Postgres")]
    NotPostgres(#[source] sqlx::Error),
    /// A pooler gives the sessions of Postgres to other clients between transactions.
    #[error(
        "the database's address is that of a connection pooler in transaction mode (such as PgBouncer with pool_mode = \
         transaction), where advisory locks, LISTEN and prepared statements do not hold: give the address of Postgres \
         itself, or of a pool with pool_mode = session"
    )]
    TransactionPooling,
    /// The database holds no tables of the service, and the command creates none.
    #[error(
        "the database holds no tables of shelfmark, and only `shelfmark serve` and `shelfmark keys create` create \
         them: check --database-url"
    )]
    NoTables,
    /// The address of the database cannot be parsed.
    #[error("DATABASE_URL is not an address of a Postgres database, such as postgres://user:password@host:5432/name")]
    Url(#[source] sqlx::Error),
    /// A statement failed.
    #[error("a statement failed in Postgres")]
    Statement(#[from] sqlx::Error),
    /// A read-only process found a database that lacks migrations of this binary.
    #[error(
        "the database lacks migration {missing}, and a process with --read-only runs no migrations: first start a service \
         of this release without --read-only"
    )]
    NotMigrated {
        /// Number of the first missing migration.
        missing: i64,
    },
    /// A migration failed, or the database has migrations that this binary does not know.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A file or folder could not be read, created or changed.
    #[error("{path}: {source}")]
    Folder {
        /// Its path.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// A program could not be started, or did not end in time.
    #[error("{program} could not be run: {source}")]
    Spawn {
        /// Its path.
        program: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
}

/// Adds the path to an I/O error: `fs::read(&p).map_err(at(&p))`.
pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> PostgresError + use<> {
    let path = path.to_owned();
    move |source| PostgresError::Folder { path, source }
}
