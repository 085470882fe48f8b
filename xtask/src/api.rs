//! Checks of the OpenAPI document against a running service, by programs of others: schemathesis sends it requests, and
//! openapi-python-client makes a client of it, which Python compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::project::Project;
use crate::run::{read, say, show};
use crate::service::Service;
use crate::system::python_command;
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
    let data = scratch.join("data");
    let service = Service::start(&program, &data, "127.0.0.1:0")?;
    let key = admin_key(&program, &data, service.address())?;
    let document = format!("{}/openapi.json", service.address());
    let schemathesis = show(
        module(&tools, "schemathesis.cli")?
            .current_dir(project.root())
            .args(["--config-file", "tests/schemathesis.toml", "run", &document])
            // With two workers, hypothesis' own caches are now and then read while they are filled.
            .args(["--max-examples", EXAMPLES_MAX, "--workers", "1", "--no-color"])
            .args(["--header", &format!("Authorization: Bearer {key}")]),
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

/// Makes a key for the requests: some of them create keys, and then all others need one.
fn admin_key(program: &Path, data: &Path, address: &str) -> Outcome<String> {
    show(Command::new(program).args(["ready", "--wait", "60", "--url", address]))?;
    let mut create = Command::new(program);
    create.args(["keys", "create", "--name", "checks", "--scope", "admin", "--data-dir"]).arg(data);
    let key = read(create.env_remove("DATABASE_URL"))?;
    // A running service looks for new keys every two seconds.
    thread::sleep(Duration::from_secs(3));
    Ok(key.trim().to_owned())
}

/// A module of Python, which finds the programs.
fn module(tools: &Path, name: &str) -> Outcome<Command> {
    let mut command = python_command()?;
    command.args(["-m", name]).env("PYTHONPATH", tools).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// A folder with the programs, fetched once for all clones.
fn tools() -> Outcome<PathBuf> {
    cache::filled(&PACKAGES.join("-").replace("==", "-"), |fresh| {
        space::require(fresh, space::GB, "the checks of the API", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("fetching schemathesis and openapi-python-client (once for all clones)");
        let mut pip = python_command()?;
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-compile", "--target"]);
        show(pip.arg(fresh).args(PACKAGES)).map_err(|error| format!("{error}\npip could not fetch {PACKAGES:?}"))
    })
}
