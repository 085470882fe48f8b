//! What can go wrong between us and Postgres, in words that say what to do about it.

use std::path::{Path, PathBuf};

/// Why Postgres could not be found, started, reached, migrated or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No Postgres binaries anywhere.
    #[error(
        "no Postgres server binaries were found (looked in {searched}). Run `cargo xtask setup` in the source tree, \
         or `apt-get install -y --no-install-recommends postgresql`, or point SHELFMARK_POSTGRES_BIN at a folder with \
         initdb, pg_ctl and postgres, or set DATABASE_URL to use a server of your own"
    )]
    BinariesMissing {
        /// The places that were looked at.
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
        /// The first folder on the way that is closed.
        folder: PathBuf,
        /// The user that Postgres runs as.
        user: String,
    },
    /// We are root and the system has no user to run Postgres as.
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
    /// The folder for the socket in the system's temporary folder belongs to someone else.
    #[error("{0}, where the server's socket would be, belongs to another user: remove it, or set TMPDIR")]
    SocketFolderTaken(PathBuf),
    /// One of Postgres's own programs failed.
    #[error("{program} failed: {detail}")]
    Program {
        /// Which program.
        program: String,
        /// What it said, shortened.
        detail: String,
    },
    /// Something did not happen in its time.
    #[error("Postgres did not {what} within {seconds} s; its log is {log}")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long, in seconds.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
    },
    /// No connection until the deadline.
    #[error("Postgres could not be reached within {seconds} s")]
    Unreachable {
        /// How long it was tried, in seconds.
        seconds: u64,
        /// The last refusal.
        source: sqlx::Error,
    },
    /// The address of the database is not one.
    #[error("DATABASE_URL is not an address of a Postgres database, such as postgres://user:password@host:5432/name")]
    Url(#[source] sqlx::Error),
    /// A statement failed.
    #[error("Postgres refused a statement")]
    Statement(#[from] sqlx::Error),
    /// A process that only reads found a database without this binary's tables.
    #[error(
        "the database lacks migration {missing}, and a process with --read-only makes no tables: start a service of this \
         release without it first"
    )]
    NotMigrated {
        /// Number of the first one that is missing.
        missing: i64,
    },
    /// A migration failed, or the database is ahead of this binary.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A file or folder could not be read, made or changed.
    #[error("{path}: {source}")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be run at all.
    #[error("{program} could not be run: {source}")]
    Spawn {
        /// Which one.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Names the path in a file error: `fs::read(&p).map_err(at(&p))`.
pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> PostgresError + use<> {
    let path = path.to_owned();
    move |source| PostgresError::Folder { path, source }
}
