//! The real binary on an empty folder.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{
    memory,
    report::Report,
    wire::{Wire, request},
};

/// A running service; stopped by [`Service::stop`], killed when dropped.
pub struct Service {
    /// `host:port`.
    pub address: String,
    child: Child,
    folder: tempfile::TempDir,
}

/// Longest start: a new cluster, migrations, libtorch.
const START: Duration = Duration::from_secs(120);
/// Longest stop.
const STOP: Duration = Duration::from_secs(60);

impl Service {
    /// Starts with this configuration of the model `default`, with a Postgres of its own.
    pub async fn start(config: &serde_json::Value) -> anyhow::Result<Self> {
        Self::start_with(config, None).await
    }

    /// Starts on a database.
    pub async fn start_on(config: &serde_json::Value, url: &str) -> anyhow::Result<Self> {
        Self::start_with(config, Some(url)).await
    }

    async fn start_with(config: &serde_json::Value, url: Option<&str>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let config_file = folder.path().join("model.json");
        std::fs::write(&config_file, config.to_string())?;
        let log = std::fs::File::create(folder.path().join("service.log"))?;
        let binary = std::env::var_os("SHELFMARK_BENCH_BINARY").unwrap_or(env!("CARGO_BIN_EXE_shelfmark").into());
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--version-at-shutdown", "false", "--data-dir"])
            .arg(folder.path().join("data"))
            .arg("--model-config")
            .arg(&config_file)
            .env_remove("DATABASE_URL")
            .envs(url.map(|url| ("DATABASE_URL", url)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("start the service")?;
        let mut lines = BufReader::new(child.stdout.take().context("its standard output")?).lines();
        let line = tokio::time::timeout(START, lines.next_line()).await.context("it listens in time")??;
        let told = || std::fs::read_to_string(folder.path().join("service.log")).unwrap_or_default();
        let line = line.with_context(|| format!("the service ended:\n{}", told()))?;
        let address = line.trim().strip_prefix("http://").with_context(|| format!("an address, not {line:?}"))?;
        let service = Self { address: address.trim_end_matches('/').to_owned(), child, folder };
        service.ready().await?;
        Ok(service)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let ask = async {
            loop {
                let mut wire = Wire::connect(&self.address).await?;
                if wire.send(&request("GET", "/readyz", b"")).await?.status == 200 {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START, ask).await.context("it is ready in time")?
    }

    /// A connection to its Postgres, found by the socket in its folder.
    pub async fn postgres(&self) -> anyhow::Result<PgConnection> {
        let socket = find_socket(&self.folder.path().join("data")).context("the socket of its Postgres")?;
        let port = socket.extension().and_then(|port| port.to_str()?.parse().ok()).context("a port")?;
        let folder = socket.parent().context("a folder")?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(folder)
            .port(port)
            .username("shelfmark")
            .database("shelfmark");
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// Waits until the live view holds everything; gives the position.
    pub async fn applied(&self, through: u64) -> anyhow::Result<u64> {
        let mut wire = Wire::connect(&self.address).await?;
        let ask = request("GET", "/v1/models/default", b"");
        let (mut best, mut moved) = (0, tokio::time::Instant::now());
        loop {
            let status: serde_json::Value = serde_json::from_slice(wire.succeed(&ask).await?)?;
            let position = status["position"].as_u64().context("a position")?;
            if position >= through {
                return Ok(position);
            }
            if position > best {
                (best, moved) = (position, tokio::time::Instant::now());
            }
            ensure!(moved.elapsed() < START, "the live view stopped at {position} of {through}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The memory that the process has in use, its Postgres aside, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        memory::bytes(&self.child.id().context("it still runs")?.to_string(), "VmRSS:")
    }

    /// The most memory that the process has had in use, its Postgres aside, in bytes.
    pub fn memory_peak(&self) -> anyhow::Result<u64> {
        memory::bytes(&self.child.id().context("it still runs")?.to_string(), "VmHWM:")
    }

    /// Stops it in order, so that its Postgres stops too.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?));
        rustix::process::kill_process(pid.context("it still runs")?, rustix::process::Signal::TERM)?;
        let status = tokio::time::timeout(STOP, self.child.wait()).await.context("it stops in time")??;
        if !status.success() {
            Report::step(&format!("the service ended with {status}"));
        }
        Ok(())
    }
}

fn find_socket(folder: &Path) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".s.PGSQL.") && !name.ends_with(".lock") {
            return Some(path);
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir())
            && let Some(found) = find_socket(&path)
        {
            return Some(found);
        }
    }
    None
}
