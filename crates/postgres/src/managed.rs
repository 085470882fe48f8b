//! Managed Postgres server: start, supervision and stop.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::DatabaseAddress;
use super::cluster::{self, Cluster, LOG_BYTES_MAX};
use super::data_dir_lock::DataDirLock;
use super::disk_reserve::{RESERVE_BYTES, SESSION_BYTES};
use super::error::{PostgresError, at};
use super::options::ManagedPostgresOptions;
use super::restore_mark::RestoreMark;
use super::start_guard::StartGuard;
use super::{postmaster, socket};

/// Name of the service's database in a managed cluster.
pub(super) const DATABASE: &str = "shelfmark";
/// How long a start waits for orphaned backends of a killed server to release its shared memory.
const ORPHANED_BACKENDS_WAIT: Duration = Duration::from_secs(30);
/// Interval of checks of a running server.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Longest pause between two attempts to restart a dead server.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Managed Postgres server in `DATA_DIR/postgres`, with the lock on `DATA_DIR`.
///
/// Dropping this value leaves the server running, as a kill would, and the next [`ManagedPostgres::start`] on the
/// folder adopts it. [`ManagedPostgres::stop`] stops it.
#[derive(Debug)]
pub struct ManagedPostgres {
    server: Arc<Server>,
    url: String,
}

#[derive(Debug)]
struct Server {
    cluster: Cluster,
    restore_mark: RestoreMark,
    /// Whether the server is supposed to run. Locked during every start and stop, so that supervision never restarts a
    /// server that is being stopped.
    should_run: Mutex<bool>,
    _lock: DataDirLock,
}

impl ManagedPostgres {
    /// Creates the cluster in `data_dir` if there is none, starts or adopts its server, and creates the database
    /// `shelfmark` if it is missing. Takes 2 to 5 s the first time, about 0.2 s later, longer after a crash.
    ///
    /// # Errors
    /// When the folder is in use, closed to the user that Postgres runs as, or of another version; when no programs are
    /// found; when the server does not start. Each text says what to do.
    pub async fn start(data_dir: &Path) -> Result<Self, PostgresError> {
        Self::start_with(data_dir, &ManagedPostgresOptions::default()).await
    }

    /// Starts a server as [`ManagedPostgres::start`] does, with options. A start that fails, or whose future is
    /// dropped, ends the server.
    ///
    /// # Errors
    /// As [`ManagedPostgres::start`]; [`PostgresError::NoCluster`] when there is no cluster and the options do not
    /// allow to create one. Then nothing is created, neither the folder nor its lock.
    /// [`PostgresError::UnfinishedRestore`] when a restore into the folder was cut off and this is none.
    pub async fn start_with(data_dir: &Path, options: &ManagedPostgresOptions) -> Result<Self, PostgresError> {
        if !options.create {
            cluster::require(data_dir)?;
        }
        let lock = DataDirLock::take(data_dir)?;
        let data_dir = fs::canonicalize(data_dir).map_err(at(data_dir))?;
        let restore_mark = RestoreMark::of(&data_dir);
        if cluster::require(&data_dir).is_err() {
            match (options.restore, restore_mark.is_set()) {
                (true, _) => restore_mark.set()?,
                (false, true) => return Err(restore_mark.unfinished()),
                (false, false) => {}
            }
        }
        let cluster = Cluster::open(&data_dir, options).await?;
        let url = socket::url(&cluster.socket_folder, DATABASE);
        let server = Server { cluster, restore_mark, should_run: Mutex::new(true), _lock: lock };
        let guard = StartGuard::new(&server.cluster);
        match server.begin(options.restore).await {
            Ok(()) => guard.keep(),
            Err(error) => {
                guard.end().await;
                return Err(error);
            }
        }
        Ok(Self { server: Arc::new(server), url })
    }

    /// Returns the address of the database `shelfmark`, for [`super::connect`].
    #[must_use]
    pub fn address(&self) -> DatabaseAddress {
        DatabaseAddress::own(&self.server.cluster.socket_folder, DATABASE)
    }

    /// Returns the address as a URL, for `psql`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the cluster's folder, `DATA_DIR/postgres/data`.
    #[must_use]
    pub fn cluster_folder(&self) -> &Path {
        &self.server.cluster.data
    }

    /// Checks the server twice a second and restarts it when it died, until `stop` is cancelled or
    /// [`ManagedPostgres::stop`] is called. Failed restarts are repeated without limit. The future may be spawned; it
    /// keeps the folder locked until it ends.
    pub fn supervise(&self, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        let server = Arc::clone(&self.server);
        async move {
            let supervised = server.supervise();
            tokio::select! {
                () = stop.cancelled() => {}
                () = supervised => {}
            }
        }
    }

    /// Notes that all rows of a restore are there. From then on the folder is as any other.
    pub fn restored(&self) {
        self.server.restore_mark.clear();
    }

    /// Stops the server: ends its sessions and writes a checkpoint. Takes at most 30 s, and may be called twice.
    ///
    /// # Errors
    /// [`PostgresError::Timeout`] when the server still runs after a fast and an immediate shutdown.
    pub async fn stop(&self) -> Result<(), PostgresError> {
        let mut should_run = self.server.should_run.lock().await;
        *should_run = false;
        postmaster::stop(&self.server.cluster).await
    }
}

impl Server {
    async fn begin(&self, restore: bool) -> Result<(), PostgresError> {
        self.ensure_running().await?;
        self.ensure_database().await?;
        if restore || !self.restore_mark.is_set() {
            return Ok(());
        }
        // A restore is one transaction, tables included.
        let options =
            DatabaseAddress::own(&self.cluster.socket_folder, DATABASE).options()?.disable_statement_logging();
        let mut session = PgConnection::connect_with(&options).await?;
        let is_whole: bool =
            sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&mut session).await?;
        session.close().await?;
        if !is_whole {
            return Err(self.restore_mark.unfinished());
        }
        self.restore_mark.clear();
        Ok(())
    }

    async fn supervise(&self) {
        let mut pause = CHECK_INTERVAL;
        loop {
            tokio::time::sleep(pause).await;
            let should_run = self.should_run.lock().await;
            if !*should_run {
                return;
            }
            if postmaster::find(&self.cluster.data).is_some() {
                pause = CHECK_INTERVAL;
                self.truncate_log();
                // A reserve that a full disk took is filled as soon as there is room.
                let _next_round_tries_again = self.cluster.disk_reserve.as_ref().map(|it| it.fill(2 * RESERVE_BYTES));
                continue;
            }
            tracing::warn!(folder = %self.cluster.data.display(), "postgres.died: restarting it");
            match self.ensure_running().await {
                Ok(()) => {
                    tracing::info!("postgres.restarted");
                    pause = CHECK_INTERVAL;
                }
                Err(error) => {
                    tracing::error!(%error, "postgres.restart_failed: trying again");
                    pause = (pause * 2).min(RESTART_PAUSE_MAX);
                }
            }
        }
    }

    /// Adopts a server that runs on these files, or starts one. Orphaned backends of a killed server may prevent a
    /// start for a while, so that is retried. Every other error is returned at once.
    async fn ensure_running(&self) -> Result<(), PostgresError> {
        let cluster = &self.cluster;
        let deadline = Instant::now() + ORPHANED_BACKENDS_WAIT;
        loop {
            if let Some(found) = postmaster::find(&cluster.data) {
                let known = found.socket_folder.as_os_str().is_empty() || found.socket_folder == cluster.socket_folder;
                if known && postmaster::wait_ready(cluster).await? {
                    return Ok(());
                }
                if !known {
                    tracing::info!("postgres.moved: the running server listens in another folder; restarting it");
                    postmaster::stop(cluster).await?;
                }
            }
            let Err(error) = self.start_process().await else {
                return Ok(());
            };
            let orphaned = postmaster::any_process_in(&cluster.data) || is_orphan_conflict(&error);
            if !orphaned || Instant::now() >= deadline {
                return Err(error);
            }
            postmaster::terminate_orphaned_backends(&cluster.data);
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Starts a server, on a full disk with the space of the reserve. What recovery leaves of it is taken back before
    /// the service writes anything, so that the next start has it too.
    async fn start_process(&self) -> Result<(), PostgresError> {
        let Some(reserve) = &self.cluster.disk_reserve else {
            return postmaster::start(&self.cluster).await;
        };
        let released = reserve.release_on_full_disk();
        let started = postmaster::start(&self.cluster).await;
        if let Err(error) = reserve.fill(if released { SESSION_BYTES } else { RESERVE_BYTES }) {
            tracing::warn!(%error, "postgres.disk_reserve_failed: a start on a full disk will fail");
        }
        started
    }

    /// Creates the service's database if it is missing.
    async fn ensure_database(&self) -> Result<(), PostgresError> {
        let address = DatabaseAddress::own(&self.cluster.socket_folder, "postgres");
        let options = address.options()?.disable_statement_logging();
        let mut session = PgConnection::connect_with(&options).await?;
        let there: bool = sqlx::query_scalar("select exists (select from pg_database where datname = 'shelfmark')")
            .fetch_one(&mut session)
            .await?;
        if !there {
            sqlx::query("create database shelfmark").execute(&mut session).await?;
        }
        session.close().await?;
        Ok(())
    }

    /// Truncates the server's text log when it is too long. The server opened it for appending, so it continues at the
    /// new end.
    fn truncate_log(&self) {
        let log = &self.cluster.log;
        if fs::metadata(log).is_ok_and(|found| found.len() > LOG_BYTES_MAX)
            && let Ok(file) = fs::File::options().write(true).open(log)
        {
            tracing::warn!(log = %log.display(), "postgres.log_truncated: the server's text log was too long");
            let _next_round_tries_again = file.set_len(0);
        }
    }
}

/// Whether Postgres refused a start because processes of the last server still exist.
fn is_orphan_conflict(error: &PostgresError) -> bool {
    let said = error.to_string();
    said.contains("pre-existing shared memory block") || said.contains("Is another postmaster")
}
