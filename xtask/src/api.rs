//! Checks of the OpenAPI document against a running service, by programs of others: schemathesis sends it requests, and
//! openapi-python-client makes a client of it, which Python compiles.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::project::Project;
use crate::run::{say, show};
use crate::system::python;
use crate::{Outcome, cache, commands, space};

/// The programs, at fixed versions.
const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", "openapi-python-client==0.29.1"];
/// Generated requests of each operation and phase.
const EXAMPLES_MAX: &str = "10";

/// Checks the document and the service.
pub fn check(project: &Project) -> Outcome<()> {
    let tools = tools()?;
    let program = commands::build_service(project)?;
    let scratch = project.scratch("api-check")?;
    let service = Service::start(&program, &scratch.join("data"), "127.0.0.1:0")?;
    let document = format!("{}/openapi.json", service.address);
    let schemathesis = show(
        module(&tools, "schemathesis.cli")?
            .current_dir(project.root())
            .args(["--config-file", "tests/schemathesis.toml", "run", &document])
            .args(["--max-examples", EXAMPLES_MAX, "--workers", "2", "--no-color"]),
    );
    let generated = show(
        module(&tools, "openapi_python_client")?
            .current_dir(project.root())
            .args(["generate", "--meta", "none", "--config", "tests/openapi-python-client.yaml", "--fail-on-warning"])
            .args(["--url", &document, "--output-path"])
            .arg(scratch.join("client")),
    );
    drop(service);
    schemathesis.map_err(|error| format!("schemathesis: {error}"))?;
    generated.map_err(|error| format!("openapi-python-client: {error}"))?;
    show(module(&tools, "compileall")?.arg("-q").arg(scratch.join("client")))?;
    fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))
}

/// A module of Python, which finds the programs.
fn module(tools: &Path, name: &str) -> Outcome<Command> {
    let mut command = Command::new(python().ok_or("python3 with pip is missing")?);
    command.args(["-m", name]).env("PYTHONPATH", tools).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// A folder with the programs, fetched once for all clones.
fn tools() -> Outcome<PathBuf> {
    cache::filled(&PACKAGES.join("-").replace("==", "-"), |fresh| {
        space::require(fresh, space::GB, "the checks of the API", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("fetching schemathesis and openapi-python-client (once for all clones)");
        let mut pip = Command::new(python().ok_or("python3 with pip is missing")?);
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-compile", "--target"]);
        show(pip.arg(fresh).args(PACKAGES)).map_err(|error| format!("{error}\npip could not fetch {PACKAGES:?}"))
    })
}

/// A service with an empty data folder of its own; it ends with this value.
pub struct Service {
    process: Child,
    address: String,
}

impl Service {
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
