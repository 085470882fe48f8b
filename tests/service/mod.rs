//! The real binary for end-to-end tests: started, asked over HTTP, ended or killed.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// Longest wait for anything: generous, because test machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A running `shelfmark serve`. Dropping it kills it; what it left (a Postgres of its own) stays.
pub struct Service {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub url: String,
    client: reqwest::Client,
}

impl Service {
    /// Starts the service with these arguments besides `--listen 127.0.0.1:0`; returns once it listens.
    pub fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let log = if std::env::var_os("SHELFMARK_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() };
        Self::start_logging(arguments, log)
    }

    /// The same with a place for its log.
    pub fn start_logging<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, log: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shelfmark"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line on standard output");
        let url = line.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "the first line is the address, not {line:?}");
        let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { child, url, client }
    }

    /// Starts with a Postgres of its own in `data_dir`.
    pub fn start_in(data_dir: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["--data-dir".as_ref(), data_dir.as_os_str()];
        arguments.extend(more.iter().map(OsStr::new));
        Self::start(arguments)
    }

    /// `GET path` of the model `default`; the reply must be a success.
    pub async fn get(&self, path: &str) -> Value {
        let reply = self.client.get(self.at(path)).send().await.expect("a reply");
        let status = reply.status();
        let body = reply.text().await.expect("a body");
        assert!(status.is_success(), "GET {path}: {status} {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// `POST path` of the model `default`: status and body.
    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        self.try_send(reqwest::Method::POST, path, body).await
    }

    /// The same with any method.
    pub async fn try_send(&self, method: reqwest::Method, path: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
        let reply = self.client.request(method, self.at(path)).json(body).send().await?;
        let status = reply.status().as_u16();
        let text = reply.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// `POST path` of the model `default`; the reply must be a success.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, body) = self.try_post(path, body).await.expect("a reply");
        assert!((200..300).contains(&status), "POST {path}: {status} {body}");
        body
    }

    /// A path of the model `default`, or a whole one.
    pub fn at(&self, path: &str) -> String {
        let model = if path.starts_with("/v1/") { "" } else { "/v1/models/default" };
        format!("{}{model}{path}", self.url)
    }

    /// Status of the model once the live view has reached `position`.
    pub async fn status_at(&self, position: u64) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.get("").await;
            if status["position"].as_u64().expect("a position") >= position {
                return status;
            }
            assert!(Instant::now() < deadline, "position {position} is not reached: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL while requests are under way; [`kill`](Self::kill) waits for the end.
    pub fn strike(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let process = rustix::process::Pid::from_raw(id).expect("not 0");
        rustix::process::kill_process(process, signal).expect("a signal");
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }

    /// SIGTERM; waits for the end.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status;
            }
            assert!(Instant::now() < deadline, "the service does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number that may be set in the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// What `shelfmark verify`, a process of its own, finds in a database, model by model; every version must load and be
/// what was stored (P7), and the log must lead from each to the next (P4).
pub fn verified(database_url: &str) -> Vec<Value> {
    verified_with("--database-url", database_url.as_ref())
}

/// The same with a running service's own Postgres in `data_dir`.
pub fn verified_in(data_dir: &Path) -> Vec<Value> {
    verified_with("--data-dir", data_dir.as_os_str())
}

fn verified_with(flag: &str, place: &OsStr) -> Vec<Value> {
    let mut verify = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
    verify.args(["verify", "--json", "--quiet", flag]).arg(place).env_remove("DATABASE_URL");
    let output = verify.output().expect("the binary runs");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let models = report.as_array().expect("a list of models").clone();
    for model in &models {
        assert_eq!(model["problems"], serde_json::json!([]), "{model:#}");
        let versions = model["versions"].as_array().expect("a list of versions");
        assert!(versions.iter().all(|version| version["stored"] == true), "{model:#}");
    }
    assert!(output.status.success());
    models
}

/// Kills the Postgres of `data_dir` (its first process) with SIGKILL, if it runs.
pub fn kill_postgres(data_dir: &Path) {
    let Ok(text) = std::fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")) else { return };
    let id: i32 = text.lines().next().and_then(|line| line.parse().ok()).expect("a process id");
    let process = rustix::process::Pid::from_raw(id).expect("not 0");
    let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
}

/// Ends whatever a test left in `data_dir` when the test ends, however it ends.
pub struct Cleared(pub tempfile::TempDir);

impl Drop for Cleared {
    fn drop(&mut self) {
        kill_postgres(self.0.path());
    }
}

/// A folder for the service's data.
pub fn data_dir() -> Cleared {
    Cleared(tempfile::Builder::new().prefix("shelfmark-test-").tempdir().expect("a temporary folder"))
}
