//! Service that checks start for themselves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// A service with a data folder of its own; it ends with this value.
pub struct Service {
    process: Child,
    address: String,
}

impl Service {
    /// Returns its address, `http://HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts the service at an address; returns once it listens.
    pub fn start(program: &Path, data: &Path, listen: &str) -> Outcome<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--listen", listen, "--data-dir"])
            .arg(data)
            .env("RUST_LOG", "error")
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} could not be run: {error}", program.display()))?;
        let mut address = String::new();
        let out = process.stdout.take().ok_or("the service has no output")?;
        let read = BufReader::new(out).read_line(&mut address);
        let service = Self { process, address: address.trim().to_owned() };
        match read {
            Ok(_) if service.address.starts_with("http://") => Ok(service),
            Ok(_) => Err("the service ended before it listened".to_owned()),
            Err(error) => Err(format!("the service's address cannot be read: {error}")),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // As an operator ends it, so that its Postgres ends, too.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
