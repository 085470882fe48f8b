//! The server that we run ourselves.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, LOG_BYTES_MAX};
use super::data_dir_lock::DataDirLock;
use super::error::{PostgresError, at};
use super::options::ManagedPostgresOptions;
use super::{postmaster, socket};

/// The database of the service in a managed cluster.
pub(super) const DATABASE: &str = "shelfmark";
/// How long the leftovers of a killed server may hold on to its shared memory before a start gives up.
const ORPHANED_BACKENDS_WAIT: Duration = Duration::from_secs(30);
/// How often a running server is looked at.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// The longest pause between two tries to bring a dead server back.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(10);

/// A Postgres server of our own in `DATA_DIR/postgres`, and the lock on `DATA_DIR` for as long as this value lives.
///
/// Dropping it leaves the server running, as a kill would: the next [`ManagedPostgres::start`] on the folder adopts
/// it. [`ManagedPostgres::stop`] stops it.
#[derive(Debug)]
pub struct ManagedPostgres {
    server: Arc<Server>,
    url: String,
}

#[derive(Debug)]
struct Server {
    cluster: Cluster,
    /// Whether the server is wanted. Held during every start and stop, so that a watch never restarts what is being
    /// stopped.
    should_run: Mutex<bool>,
    _lock: DataDirLock,
}

impl ManagedPostgres {
    /// Makes the cluster in `data_dir` if there is none, and starts or adopts its server; the database `shelfmark`
    /// exists afterwards. Takes 2 to 5 s the first time, about 0.2 s later, longer after a crash.
    ///
    /// # Errors
    /// When the folder is in use, closed to the user that Postgres runs as, or another version's; when there are no
    /// binaries; when the server does not start. Each says what to do.
    pub async fn start(data_dir: &Path) -> Result<Self, PostgresError> {
        Self::start_with(data_dir, &ManagedPostgresOptions::default()).await
    }

    /// As [`ManagedPostgres::start`], with choices.
    ///
    /// # Errors
    /// As [`ManagedPostgres::start`].
    pub async fn start_with(data_dir: &Path, options: &ManagedPostgresOptions) -> Result<Self, PostgresError> {
        let lock = DataDirLock::take(data_dir)?;
        let data_dir = fs::canonicalize(data_dir).map_err(at(data_dir))?;
        let cluster = Cluster::open(&data_dir, options).await?;
        let url = socket::url(&cluster.socket_folder, DATABASE);
        let server = Server { cluster, should_run: Mutex::new(true), _lock: lock };
        server.ensure_running().await?;
        server.ensure_database(&url).await?;
        Ok(Self { server: Arc::new(server), url })
    }

    /// The address of the database `shelfmark`, for [`super::connect`] and for `psql`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The cluster's folder, `DATA_DIR/postgres/data`.
    #[must_use]
    pub fn cluster_folder(&self) -> &Path {
        &self.server.cluster.data
    }

    /// Looks at the server twice a second and starts it again when it died, for as long as it takes, until `stop` is
    /// cancelled or [`ManagedPostgres::stop`] was called. The future may be spawned; it keeps the folder locked until it ends.
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

    /// Stops the server: sessions end, a checkpoint is written. Bounded to half a minute; safe to call twice.
    ///
    /// # Errors
    /// When the server is still there after both ways of stopping.
    pub async fn stop(&self) -> Result<(), PostgresError> {
        let mut should_run = self.server.should_run.lock().await;
        *should_run = false;
        postmaster::stop(&self.server.cluster).await
    }
}

impl Server {
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
                continue;
            }
            tracing::warn!(folder = %self.cluster.data.display(), "Postgres died; starting it again");
            match self.ensure_running().await {
                Ok(()) => {
                    tracing::info!("Postgres runs again");
                    pause = CHECK_INTERVAL;
                }
                Err(error) => {
                    tracing::error!(%error, "Postgres could not be started again; trying on");
                    pause = (pause * 2).min(RESTART_PAUSE_MAX);
                }
            }
        }
    }

    /// Adopts a server that runs on these files, or starts one. What a killed server left behind may refuse a start
    /// for a while; everything else that goes wrong goes wrong at once.
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
                    tracing::info!("the running Postgres listens elsewhere (a moved folder?); starting it anew");
                    postmaster::stop(cluster).await?;
                }
            }
            let Err(error) = postmaster::start(cluster).await else {
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

    /// Creates the service's database in a new cluster.
    async fn ensure_database(&self, url: &str) -> Result<(), PostgresError> {
        let options: PgConnectOptions = url.parse().map_err(PostgresError::Url)?;
        let options = options.database("postgres").disable_statement_logging();
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

    /// Cuts the server's text log when it is too long. The server appends, so it goes on at the new end.
    fn truncate_log(&self) {
        let log = &self.cluster.log;
        if fs::metadata(log).is_ok_and(|found| found.len() > LOG_BYTES_MAX)
            && let Ok(file) = fs::File::options().write(true).open(log)
        {
            tracing::warn!(log = %log.display(), "the log of Postgres grew too long and was cut");
            let _next_round_tries_again = file.set_len(0);
        }
    }
}

/// Whether a start was refused because something of the last server is still there, in Postgres's words.
fn is_orphan_conflict(error: &PostgresError) -> bool {
    let said = error.to_string();
    said.contains("pre-existing shared memory block") || said.contains("Is another postmaster")
}
