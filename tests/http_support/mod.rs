//! The running binary, for tests: started on a free port, asked over HTTP, ended with the test.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// How long anything may take before the test fails; generous, since test machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// `shelfmark` with these arguments and nothing of the caller's settings.
pub fn shelfmark(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy().starts_with("SHELFMARK_") && name != "SHELFMARK_POSTGRES_BIN";
        if ours || name == "DATABASE_URL" || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// A running service.
pub struct Service {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub url: String,
    pub client: Client,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Service {
    /// Starts on the database at `url` with more flags, and waits until it is ready.
    pub async fn start(database_url: &str, more: &[&str]) -> Self {
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), r#"{"dim": 16}"#).expect("written");
        let config = config.path().to_str().expect("a path");
        let mut args = vec!["--database-url", database_url, "--model-config", config];
        args.extend_from_slice(more);
        Self::start_with(&args).await
    }

    /// Starts on a database that others have migrated, and waits until it listens: it may not be ready for long.
    pub fn start_unready(database_url: &str, more: &[&str]) -> Self {
        let mut args = vec!["--database-url", database_url];
        args.extend_from_slice(more);
        Self::spawn(&args)
    }

    /// Starts on a free port with flags, and waits until it is ready.
    pub async fn start_with(args: &[&str]) -> Self {
        let service = Self::spawn(args);
        service.until_ready().await;
        service
    }

    /// Starts on a free port with flags, and waits until it listens.
    pub fn spawn(args: &[&str]) -> Self {
        Self::spawn_with_log(args, Stdio::inherit())
    }

    /// As [`Service::spawn`], with the service's log going elsewhere.
    pub fn spawn_with_log(args: &[&str], log: Stdio) -> Self {
        let mut all = vec!["serve"];
        if !args.contains(&"--log") {
            all.extend_from_slice(&["--log", "warn"]);
        }
        if !args.contains(&"--listen") {
            all.extend_from_slice(&["--listen", "127.0.0.1:0"]);
        }
        all.extend_from_slice(args);
        let mut child = shelfmark(&all).stdout(Stdio::piped()).stderr(log).spawn().expect("the binary starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        // The line comes or the process ends: either ends the read.
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line on standard output");
        let url = line.trim_end().to_owned();
        assert!(url.starts_with("http://"), "the first line is {line:?}");
        Self { child, url, client: fresh_client(), stdout }
    }

    async fn until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.client.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(Instant::now() < deadline, "not ready in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A request to a path below the model `default`, or to a whole path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = match path.chars().next() {
            Some('/') => path.to_owned(),
            None | Some('?') => format!("/v1/models/default{path}"),
            Some(_) => format!("/v1/models/default/{path}"),
        };
        self.client.request(method, format!("{}{path}", self.url)).timeout(PATIENCE)
    }

    /// GET that is answered 200.
    pub async fn get(&self, path: &str) -> Value {
        answered(self.request(Method::GET, path), 200).await
    }

    /// POST of JSON that is answered with a status.
    pub async fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        answered(self.request(Method::POST, path).json(body), status).await
    }

    /// Appends clicks of one user and waits until they are in the live view. Returns the position.
    pub async fn clicks(&self, user: &str, items: &[&str]) -> u64 {
        let events: Vec<Value> =
            items.iter().map(|item| json!({"user": user, "item": item, "kind": "click"})).collect();
        let path = "events?wait=applied&timeout_ms=30000";
        let reply = self.post(path, &json!({"events": events}), 200).await;
        assert_eq!(reply["applied"], true, "{reply}");
        reply["position"].as_u64().expect("a position")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("an end");
    }

    /// Sends SIGTERM and waits for the end; everything else on standard output comes back too.
    pub fn stop(&mut self) -> (ExitStatus, String) {
        signal(&self.child, "TERM");
        let status = wait(&mut self.child);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (status, rest)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // In order, so that a Postgres of its own ends too; then at once.
            signal(&self.child, "TERM");
            let deadline = Instant::now() + Duration::from_secs(30);
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Waits for the end of a process, not for ever.
pub fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("our child") {
            return status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends, checks the status, returns the JSON (null for none).
pub async fn answered(request: RequestBuilder, status: u16) -> Value {
    let response = request.send().await.expect("an answer");
    checked(response, status).await
}

/// Checks the status, returns the JSON (null for none).
pub async fn checked(response: Response, status: u16) -> Value {
    let found = response.status().as_u16();
    let text = response.text().await.expect("a body");
    assert_eq!(found, status, "{text}");
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// Sends and checks that the answer is a problem with this status and code, in the one form that problems have.
pub async fn problem(request: RequestBuilder, status: u16, code: &str) -> Value {
    let response = request.send().await.expect("an answer");
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    let (kind, id, retry) = (header("content-type"), header("x-request-id"), header("retry-after"));
    let problem = checked(response, status).await;
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{problem}");
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["request_id"].as_str(), id.as_deref(), "{problem}");
    assert_eq!(retry.is_some(), matches!(status, 429 | 503), "retry-after of {problem}");
    problem
}

/// Runs a command of the binary to its end: status, standard output, standard error.
pub fn run(args: &[&str]) -> (ExitStatus, String, String) {
    let output = shelfmark(args).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status, text(output.stdout), text(output.stderr))
}

/// A temporary folder that an unprivileged Postgres can enter.
pub fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("shelfmark-http-").tempdir().expect("a folder");
    open_to_all(folder.path());
    fn open_to_all(path: &Path) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }
    folder
}

/// A client that keeps no connections: the service may close a kept one just when a request is written to it.
fn fresh_client() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}
