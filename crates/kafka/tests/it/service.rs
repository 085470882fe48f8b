//! The real service with a Postgres of its own, killed and started again on the same folder and port.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use serde_json::Value;
use shelfmark_client::{ApiRequest, Client, ServiceAddress};
use shelfmark_domain::ModelName;
use tempfile::TempDir;

use crate::broker::{PATIENCE, free_ports};

/// A service. Dropping it ends it and its Postgres.
pub struct Service {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

/// The program that lies beside the connector's.
fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_shelfmark-kafka")).with_file_name("shelfmark");
    assert!(program.is_file(), "{} is missing: `cargo build --release` makes it", program.display());
    program
}

impl Service {
    /// Starts one.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("shelfmark-kafka-").tempdir().unwrap();
        // An unprivileged Postgres enters it.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("config.json"), r#"{"dim": 16}"#).unwrap();
        let [port] = free_ports();
        let mut service = Self { folder, port, process: None };
        service.restart();
        service
    }

    /// Starts it again on what it left.
    pub fn restart(&mut self) {
        let log = if std::env::var_os("SHELFMARK_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() };
        let mut serve = Command::new(program());
        serve.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data-dir"]);
        serve.arg(self.folder.path().join("data")).arg("--model-config").arg(self.folder.path().join("config.json"));
        let mut process = serve.env_remove("DATABASE_URL").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), self.url(), "the first line is the address");
        self.process = Some(process);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Address of the service.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client of a model.
    pub fn client(&self, model: &str) -> Client {
        let (url, model) = (self.url().parse().unwrap(), ModelName::new(model).unwrap());
        Client::new(&ServiceAddress { url, model, key: None, ca_file: None }).unwrap()
    }

    /// Number of events that came although the log had them: none, when offsets alone keep them out.
    pub fn duplicates(&self) -> u64 {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        connection.write_all(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        connection.read_to_string(&mut text).unwrap();
        let line = text.lines().find(|line| line.starts_with("shelfmark_log_duplicates_total{model=\"default\"}"));
        line.expect("the counter").rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Sum of the stored offsets of all partitions; `None` while the service is away.
    pub async fn offsets(&self, topic: &str) -> Option<i64> {
        let request = ApiRequest::get(&["offsets"]).query("topic", topic);
        let stored: Value = self.client("default").send(request).await.ok()?;
        let offsets = stored["offsets"].as_array().unwrap();
        Some(offsets.iter().map(|offset| offset["next_offset"].as_str().unwrap().parse::<i64>().unwrap()).sum())
    }

    /// Waits until the stored offsets add up to `sum`.
    pub async fn until_read(&self, topic: &str, sum: i64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reached = self.offsets(topic).await;
            if reached.is_some_and(|reached| reached >= sum) {
                assert_eq!(reached, Some(sum));
                return;
            }
            assert!(Instant::now() < deadline, "{topic}: {reached:?} of {sum}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// All records of the log, oldest first.
    pub async fn records(&self) -> Vec<Value> {
        let (client, mut cursor, mut records) = (self.client("default"), 0, Vec::new());
        loop {
            let request = ApiRequest::get(&["events"]).query("cursor", cursor).query("limit", 1000);
            let mut page: Value = client.send(request).await.unwrap();
            records.append(page["records"].as_array_mut().unwrap());
            match page["next_cursor"].as_u64() {
                Some(next) => cursor = next,
                None => return records,
            }
        }
    }

    /// Digest of a model once it has learned all of its log.
    pub async fn digest(&self, model: &str) -> Value {
        let client = self.client(model);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status: Value = client.send(ApiRequest::get(&[])).await.unwrap();
            if status["position"] == status["head"] {
                return status["digest"].clone();
            }
            assert!(Instant::now() < deadline, "{status}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
        // What a killed service left.
        let pid = self.folder.path().join("data/postgres/data/postmaster.pid");
        if let Some(pid) = fs::read_to_string(pid).ok().and_then(|text| text.lines().next().map(str::to_owned)) {
            let _ = Command::new("kill").args(["-KILL", &pid]).stderr(Stdio::null()).status();
        }
    }
}
