//! The connector's program.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use tempfile::TempDir;

use crate::{
    broker::{Broker, PATIENCE},
    service::Service,
};

/// A file of settings, and programs that were started with it.
pub struct Settings(TempDir);

impl Settings {
    /// Writes the settings of a connector of a topic. `more` goes into `[kafka]`, before its properties.
    pub fn new(broker: &Broker, service: &Service, topic: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[service]\nurl = \"{}\"\nmodel = \"default\"\n[kafka]\nbrokers = \"{}\"\ngroup = \"{topic}\"\n\
             topics = [\"{topic}\"]\n{more}\n[kafka.properties]\n\"session.timeout.ms\" = \"1000\"\n\
             \"heartbeat.interval.ms\" = \"200\"\n\"reconnect.backoff.max.ms\" = \"500\"\n[batch]\nrecords = 100\n\
             wait_ms = 5\n[event]\nuser = \"user\"\nitem = \"item\"\nkind = \"kind\"\n",
            service.url(),
            broker.address()
        );
        fs::write(folder.path().join("settings.toml"), text).unwrap();
        Self(folder)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark-kafka"));
        command.arg(self.0.path().join("settings.toml")).env_remove("SHELFMARK_KEY");
        command
    }

    /// Starts a connector.
    pub fn start(&self) -> Connector {
        let log = if std::env::var_os("SHELFMARK_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() };
        Connector(self.command().stderr(log).spawn().unwrap())
    }

    /// Starts a connector that writes its log to a file.
    pub fn start_logging(&self) -> (Connector, PathBuf) {
        let log = self.0.path().join("connector.log");
        let file = fs::File::create(&log).unwrap();
        (Connector(self.command().stderr(file).spawn().unwrap()), log)
    }

    /// Runs a connector that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut child = self.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                child.kill().unwrap();
                panic!("it does not end: {:?}", child.wait_with_output().unwrap());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        child.wait_with_output().unwrap()
    }
}

/// A running connector. Dropping it kills it.
pub struct Connector(Child);

impl Connector {
    /// SIGKILL.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM; returns the exit status.
    pub fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
