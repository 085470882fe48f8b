//! The composition root: builds every room, starts them in the order of an event's way, stops them in reverse.

use std::{io::Write as _, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use shelfmark_metrics::MetricSection;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    backup_schedule::{self, BackupSchedule},
    config::{DatabaseSettings, ServeSettings},
    engine::{self, Dependencies, Models, Processes},
    http::{self, Api, HttpDependencies},
    telemetry::{self, Metrics},
};
use shelfmark_backup::Store;
use shelfmark_postgres::{DatabaseAddress, ManagedPostgres, ManagedPostgresOptions};
use shelfmark_serving::Searcher;
use shelfmark_store::{audit::AuditLog, keys::KeyStore, processes::ProcessRegister};

/// Longest wait for learning to end, its last version included.
const ENGINE_STOP: Duration = Duration::from_secs(20);
/// Longest wait for what waits in the log's queue to be committed.
const LOG_STOP: Duration = Duration::from_secs(10);
/// How often histograms are folded into buckets.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Returns all metrics of the service, in the order of docs/reference/metrics.md.
pub fn metric_sections() -> Vec<MetricSection> {
    let others = [telemetry::METRICS, http::METRICS, shelfmark_log::METRICS, shelfmark_serving::METRICS];
    others.into_iter().chain(engine::METRICS).chain([backup_schedule::METRICS]).collect()
}

/// A database: ours to stop, or somebody else's.
pub struct Database {
    /// Connections.
    pub pool: sqlx::PgPool,
    /// The server, when this process runs it.
    pub managed: Option<ManagedPostgres>,
}

impl Database {
    /// Opens the database for a command: reaches that of the settings, or starts the server of a cluster that is in the
    /// data folder. Creates no cluster. With `create_tables`, a database of the settings may be empty.
    pub async fn open(settings: &DatabaseSettings, create_tables: bool) -> anyhow::Result<Self> {
        let managed = start_server(settings, Purpose::Open).await?;
        let address = address(settings, managed.as_ref())?;
        Self::new(Self::reach(address, settings.database_connections_max, create_tables).await, managed).await
    }

    /// Opens the database for a restore: connects to that of the settings, or makes a cluster in the data folder. Makes
    /// no tables.
    pub async fn create(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let managed = start_server(settings, Purpose::Restore).await?;
        let address = address(settings, managed.as_ref())?;
        let connected = shelfmark_postgres::connect(address, settings.database_connections_max).await;
        Self::new(connected.map_err(anyhow::Error::from), managed).await
    }

    /// Notes that all rows of a restore are there.
    pub fn restored(&self) {
        self.managed.as_ref().inspect(|managed| managed.restored());
    }

    /// Makes the database of these connections. Without them its server is stopped.
    async fn new(connected: anyhow::Result<sqlx::PgPool>, managed: Option<ManagedPostgres>) -> anyhow::Result<Self> {
        match connected {
            Ok(pool) => Ok(Self { pool, managed }),
            Err(error) => {
                stop_server(managed).await;
                Err(error)
            }
        }
    }

    /// Connects and migrates. Without `create_tables`, a database without tables is refused.
    pub async fn reach(
        address: DatabaseAddress,
        connections_max: u32,
        create_tables: bool,
    ) -> anyhow::Result<sqlx::PgPool> {
        let pool = shelfmark_postgres::connect(address, connections_max).await?;
        if !create_tables {
            shelfmark_postgres::require_tables(&pool).await?;
        }
        shelfmark_postgres::migrate(&pool).await?;
        Ok(pool)
    }

    /// Closes the connections and stops the server, when it is ours.
    pub async fn close(self) {
        self.pool.close().await;
        stop_server(self.managed).await;
    }
}

/// What a server is started for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A command on what is there. Creates no cluster.
    Open,
    /// A service, which may begin with nothing.
    Serve,
    /// A restore, into a cluster that is marked until the rows are there.
    Restore,
}

/// Starts the server in the data folder, unless the settings name a database.
async fn start_server(settings: &DatabaseSettings, purpose: Purpose) -> anyhow::Result<Option<ManagedPostgres>> {
    if settings.database_url().is_some() {
        return Ok(None);
    }
    let mut options = ManagedPostgresOptions {
        create: purpose != Purpose::Open,
        restore: purpose == Purpose::Restore,
        ..ManagedPostgresOptions::default()
    };
    if settings.postgres_bin.is_some() {
        options.binaries.clone_from(&settings.postgres_bin);
    }
    Ok(Some(ManagedPostgres::start_with(&settings.data_dir()?, &options).await?))
}

fn address(settings: &DatabaseSettings, managed: Option<&ManagedPostgres>) -> anyhow::Result<DatabaseAddress> {
    match (settings.database_url(), managed) {
        (Some(url), _) => Ok(url.into()),
        (None, Some(managed)) => Ok(managed.address()),
        (None, None) => bail!("there is no database"),
    }
}

/// Connects to a database that others write to: that of the settings, or of the service that runs on the data folder.
/// Waits for its tables, makes none.
async fn reach_read_only(settings: &DatabaseSettings) -> anyhow::Result<sqlx::PgPool> {
    let address = match settings.database_url() {
        Some(url) => url.into(),
        None => {
            let folder = settings.data_dir()?;
            shelfmark_postgres::require_restored(&folder)?;
            shelfmark_postgres::running_address(&folder).with_context(|| {
                let folder = folder.display();
                format!("no service runs on {folder}: --read-only follows one, there or at --database-url")
            })?
        }
    };
    let pool = shelfmark_postgres::connect_read_only(address, settings.database_connections_max).await?;
    shelfmark_postgres::wait_for_migrations(&pool).await?;
    Ok(pool)
}

async fn stop_server(managed: Option<ManagedPostgres>) {
    if let Some(managed) = managed
        && let Err(error) = managed.stop().await
    {
        tracing::error!(%error, "app.postgres did not stop; the next start adopts it");
    }
}

/// Serves until `closing` is cancelled, then stops every room. Its address is printed on standard output once it
/// listens.
pub async fn serve(settings: ServeSettings, closing: CancellationToken) -> anyhow::Result<()> {
    let metrics = Metrics::install(&metric_sections())?;
    // The port first: a taken one is the most common mistake, and the cheapest to find.
    let listener = TcpListener::bind(settings.http.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another --listen", settings.http.listen))?;
    let admin = match settings.http.admin_listen {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}; choose another --admin-listen"))?,
        ),
        None => None,
    };
    let listeners = Listeners { main: listener, admin };
    let mut components = Components::new();
    let started = components.started.clone();
    let served = tokio::select! {
        served = components.run(&settings, listeners, metrics, &closing) => served,
        // Asked to end while still starting: what has begun is stopped like everything else.
        () = ended_early(&closing, started) => Ok(()),
    };
    components.stop().await;
    served
}

/// Returns when the end is asked for before the start is over; never afterwards.
async fn ended_early(closing: &CancellationToken, started: CancellationToken) {
    tokio::select! {
        biased;
        () = started.cancelled() => std::future::pending().await,
        () = closing.cancelled() => {}
    }
}

/// Where clients come in.
struct Listeners {
    main: TcpListener,
    /// For probes and metrics alone.
    admin: Option<TcpListener>,
}

/// What runs, in the order in which it was started.
struct Components {
    /// Kept from the moment it runs, so that it is stopped when the start fails or is given up afterwards.
    server: Option<ManagedPostgres>,
    pool: Option<sqlx::PgPool>,
    /// Small tasks of the app: metrics, keys, the watch over Postgres.
    tasks: TaskTracker,
    tasks_stop: CancellationToken,
    log_tasks: TaskTracker,
    log_stop: CancellationToken,
    engine_tasks: TaskTracker,
    engine_stop: CancellationToken,
    /// Cancelled when the start is over.
    started: CancellationToken,
}

impl Components {
    fn new() -> Self {
        Self {
            server: None,
            pool: None,
            tasks: TaskTracker::new(),
            tasks_stop: CancellationToken::new(),
            log_tasks: TaskTracker::new(),
            log_stop: CancellationToken::new(),
            engine_tasks: TaskTracker::new(),
            engine_stop: CancellationToken::new(),
            started: CancellationToken::new(),
        }
    }

    /// Starts everything and serves until `closing`.
    async fn run(
        &mut self,
        settings: &ServeSettings,
        listeners: Listeners,
        metrics: Metrics,
        closing: &CancellationToken,
    ) -> anyhow::Result<()> {
        let pool = if settings.read_only {
            reach_read_only(&settings.database).await?
        } else {
            self.server = start_server(&settings.database, Purpose::Serve).await?;
            if let Some(managed) = &self.server {
                self.tasks.spawn(managed.supervise(self.tasks_stop.clone()));
            }
            let address = address(&settings.database, self.server.as_ref())?;
            Database::reach(address, settings.database.database_connections_max, true).await?
        };
        self.pool = Some(pool.clone());
        let audit = AuditLog::new(pool.clone());
        let register = ProcessRegister::new(pool.clone());
        let keys = KeyStore::open(pool.clone(), self.tasks_stop.clone(), &self.tasks).await?;
        let Listeners { main: listener, admin } = listeners;
        let address = listener.local_addr()?;
        let loopback = http::is_loopback(address);
        if keys.is_empty() && !loopback {
            bail!(
                "there are no API keys, so only this machine may be listened on, not {address}: listen on 127.0.0.1, or make \
                 a key first with `shelfmark keys create --name admin --scope admin` on the same --data-dir or --database-url"
            );
        }
        let searcher = Searcher::start(settings.threads.search()).context("the search threads cannot start")?;
        let (watching, watching_stop) = (searcher.clone(), self.tasks_stop.clone());
        self.tasks.spawn(async move { watching_stop.run_until_cancelled(watching.watch_lag()).await });
        self.start_backups(settings, pool.clone(), address.to_string())?;
        let models = self.start_models(settings, pool, searcher.clone()).await?;
        let processes = Processes::new(register, models.clone(), address.to_string(), settings.read_only);
        self.tasks.spawn(processes.clone().run(self.tasks_stop.clone()));
        let upkeep = metrics.clone();
        let upkeep_stop = self.tasks_stop.clone();
        self.tasks.spawn(async move {
            let mut timer = tokio::time::interval(METRICS_UPKEEP);
            while upkeep_stop.run_until_cancelled(timer.tick()).await.is_some() {
                upkeep.upkeep();
            }
        });
        let limits = settings.http.limits();
        let api = Api::new(HttpDependencies {
            not_ready: Arc::new({
                let models = models.clone();
                move || models.not_ready()
            }),
            models: Arc::new(models),
            keys: Arc::new(keys),
            audit: Arc::new(audit),
            processes: Arc::new(processes),
            limits: limits.clone(),
            read_only: settings.read_only,
            console_images: settings.http.console_images,
            loopback,
            searches_full: Arc::new({
                let searcher = searcher.clone();
                move || searcher.is_full()
            }),
            search_cpu_time: Arc::new(move |used| searcher.note_cpu_time(used)),
            metrics: Arc::new(move || metrics.render()),
            closing: closing.clone(),
        });
        self.started.cancel();
        tracing::info!(%address, "app.listening on http://{address}");
        announce(&format!("http://{address}"));
        let probes = async {
            let Some(listener) = admin else { return Ok(()) };
            let address = listener.local_addr()?;
            tracing::info!(%address, "app.listening on http://{address} for probes and metrics");
            let router = http::admin_router(api.on_listener(http::is_loopback(address)));
            http::serve(listener, router, &limits.of_probes(), closing.clone()).await
        };
        let all = http::serve(listener, http::router(api.clone()), &limits, closing.clone());
        tokio::try_join!(all, probes)?;
        tracing::info!("app.closing: requests are answered, learning ends next");
        Ok(())
    }

    /// Starts the backups of the schedule, if there is one. A replica makes none.
    fn start_backups(&self, settings: &ServeSettings, pool: sqlx::PgPool, address: String) -> anyhow::Result<()> {
        let of = &settings.backups;
        if let Some(to) = of.backup_to.as_ref().filter(|_| !settings.read_only) {
            let store = Store::open(to, &of.store.store())?;
            let keep = of.backup_keep.map(|keep| keep as usize);
            let schedule = BackupSchedule { store, every: of.backup_every, keep, address };
            self.tasks.spawn(schedule.run(pool, self.tasks_stop.clone()));
        }
        Ok(())
    }

    /// Starts the models of the database on `engine_tasks`, their logs on `log_tasks`; `stop` ends them in that order.
    async fn start_models(
        &self,
        settings: &ServeSettings,
        pool: sqlx::PgPool,
        searcher: Searcher,
    ) -> anyhow::Result<Models> {
        let with = Dependencies {
            pool,
            log: settings.log.settings(),
            engine: settings.engine(),
            searcher,
            default_config: settings.model.config()?,
            stop: self.engine_stop.clone(),
            log_stop: self.log_stop.clone(),
            tasks: self.engine_tasks.clone(),
            log_tasks: self.log_tasks.clone(),
        };
        Ok(Models::start(&with).await?)
    }

    /// Stops what runs, in reverse. Each wait is bounded: what does not end is named and left behind.
    async fn stop(mut self) {
        self.engine_stop.cancel();
        finished("learning", &self.engine_tasks, ENGINE_STOP).await;
        self.log_stop.cancel();
        finished("the log", &self.log_tasks, LOG_STOP).await;
        self.tasks_stop.cancel();
        finished("the app's tasks", &self.tasks, Duration::from_secs(5)).await;
        if let Some(pool) = self.pool.take() {
            pool.close().await;
        }
        stop_server(self.server.take()).await;
        tracing::info!("app.stopped");
    }
}

async fn finished(what: &str, tasks: &TaskTracker, wait: Duration) {
    tasks.close();
    if tokio::time::timeout(wait, tasks.wait()).await.is_err() {
        tracing::error!(tasks = tasks.len(), "app.stop: {what} did not end within {} s", wait.as_secs());
    }
}

/// The one line on standard output. Nobody reading it is no reason to stop.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
