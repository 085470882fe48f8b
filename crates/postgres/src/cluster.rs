//! Files of a managed cluster, which are created atomically and checked before a server starts on them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::binaries::Binaries;
use super::disk_reserve::DiskReserve;
use super::error::{PostgresError, at};
use super::options::ManagedPostgresOptions;
use super::os_user::OsUser;
use super::process::run;
use super::{server_config, socket};

/// Maximum size of the server's text log, which `pg_ctl` only ever appends to. At a start, a larger log is renamed to
/// `postgres.log.1`. While the server runs, it is truncated.
pub(super) const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Paths, user and programs of a managed server.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) user: OsUser,
    pub(super) binaries: Binaries,
    /// `DATA_DIR/postgres/data`, absolute and without links. It is the server's working folder, which identifies its
    /// processes.
    pub(super) data: PathBuf,
    /// The server's text log.
    pub(super) log: PathBuf,
    /// The socket's folder.
    pub(super) socket_folder: PathBuf,
    /// Disk space for recovery. Clusters of tests, which are not durable, have none.
    pub(super) disk_reserve: Option<DiskReserve>,
    durable: bool,
}

impl Cluster {
    /// Finds the programs, creates the folders, and creates the cluster if there is none. The caller holds the lock of
    /// the data folder. `data_dir` is absolute and without links.
    pub(super) async fn open(data_dir: &Path, options: &ManagedPostgresOptions) -> Result<Self, PostgresError> {
        let top = data_dir.join("postgres");
        let data = top.join("data");
        let user = OsUser::choose(&data)?;
        user.ensure_access_to(data_dir).await?;
        let cluster_major = read_major(&data)?;
        let binaries = Binaries::find(&user, options.binaries.as_deref(), cluster_major).await?;
        if let Some(cluster) = cluster_major
            && cluster != binaries.major()
        {
            return Err(PostgresError::MajorVersion {
                folder: data,
                cluster,
                server: binaries.major(),
                binaries: binaries.folder().to_owned(),
            });
        }
        user.make_private_folder(&top)?;
        let log_folder = top.join("log");
        user.make_private_folder(&log_folder)?;
        let cluster = Self {
            user,
            binaries,
            data,
            log: log_folder.join("postgres.log"),
            socket_folder: socket::folder(&top),
            disk_reserve: options.durable.then(|| DiskReserve::new(&top)),
            durable: options.durable,
        };
        if cluster_major.is_none() {
            cluster.make(&top).await?;
        }
        Ok(cluster)
    }

    /// Writes the server's configuration and prepares socket folder and log. Call it only while no server runs.
    pub(super) async fn prepare_start(&self) -> Result<(), PostgresError> {
        socket::prepare(&self.socket_folder, &self.user)?;
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_BYTES_MAX) {
            fs::rename(&self.log, self.log.with_extension("log.1")).map_err(at(&self.log))?;
        }
        let text = server_config::text(&server_config::ServerConfig {
            socket_folder: &self.socket_folder,
            durable: self.durable,
            lz4: self.supports_lz4().await,
            memory_bytes: server_config::memory_bytes(),
        });
        let path = self.data.join(server_config::FILE);
        let fresh = self.data.join("shelfmark.conf.new");
        fs::write(&fresh, text).map_err(at(&fresh))?;
        self.user.give_file(&fresh)?;
        fs::rename(&fresh, &path).map_err(at(&path))
    }

    /// Runs `initdb` in a folder with a random name and renames it, so that a cluster is complete or absent. Folders of
    /// interrupted runs are removed; their own names keep them apart from this one while they are still written to.
    async fn make(&self, top: &Path) -> Result<(), PostgresError> {
        remove_unfinished_clusters(top);
        let fresh = top.join(format!("data.new-{}", uuid::Uuid::new_v4().simple()));
        let mut initdb = self.user.command(&self.binaries.program("initdb"));
        initdb
            .arg("--pgdata")
            .arg(&fresh)
            .arg(format!("--username={}", socket::USER))
            // Authentication is the folder of the socket, which only its owner and root can enter.
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums"]);
        if !self.durable {
            initdb.arg("--no-sync");
        }
        run(&mut initdb).await?;
        let conf = fresh.join("postgresql.conf");
        let mut file = File::options().append(true).open(&conf).map_err(at(&conf))?;
        file.write_all(server_config::INCLUDE.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&conf))?;
        fs::rename(&fresh, &self.data).map_err(at(&self.data))?;
        File::open(top).and_then(|folder| folder.sync_all()).map_err(at(top))
    }

    /// Asks the server's program whether it accepts the setting.
    async fn supports_lz4(&self) -> bool {
        let mut ask = self.user.command(&self.binaries.program("postgres"));
        ask.arg("-D").arg(&self.data);
        ask.args(["-c", "wal_compression=lz4", "-C", "wal_compression"]);
        run(&mut ask).await.is_ok()
    }
}

/// Requires a cluster in `data_dir` and changes nothing. Error: [`PostgresError::NoCluster`].
pub(super) fn require(data_dir: &Path) -> Result<(), PostgresError> {
    let version = data_dir.join("postgres").join("data").join("PG_VERSION");
    match fs::metadata(&version) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(at(&version)(error)),
        Err(_) => Err(PostgresError::NoCluster(data_dir.to_owned())),
    }
}

/// Reads the major version of the cluster in `data`; `None` when there is no cluster yet.
fn read_major(data: &Path) -> Result<Option<u32>, PostgresError> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let major = text.trim().split('.').next().and_then(|major| major.parse().ok());
            major.map(Some).ok_or_else(|| PostgresError::NotACluster(data.to_owned()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // `make` renames a complete cluster into place, so a folder without a version was not made by it. An empty
            // one (a mounted volume) may be replaced.
            match fs::remove_dir(data) {
                Ok(()) => Ok(None),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(_) => Err(PostgresError::NotACluster(data.to_owned())),
            }
        }
        Err(error) => Err(at(&path)(error)),
    }
}

fn remove_unfinished_clusters(top: &Path) {
    for entry in fs::read_dir(top).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("data.new-") {
            // The initdb of a killed service may still write to it. What cannot be removed now is removed next time.
            let _stays_for_now = fs::remove_dir_all(entry.path());
        }
    }
}
