//! The clients in `clients/`: types, and tests against the service's program, which they start themselves on ports and
//! in folders of their own.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::node::Node;
use crate::project::Project;
use crate::run::{say, show};
use crate::system::python_command;
use crate::{Outcome, cache, commands, space};

/// Names the program to the tests.
const PROGRAM: &str = "SHELFMARK_BIN";
/// The packages that the Python client and its tests need, by version and hash.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// Checks both clients, so that one round shows everything.
pub fn check(project: &Project) -> Outcome<()> {
    let program = commands::build_service(project)?;
    let python = check_python(&project.root().join("clients/python"), &program);
    let typescript = check_typescript(&project.root().join("clients/typescript"), &program);
    match (python, typescript) {
        (Err(python), Err(typescript)) => Err(format!("Python: {python}; TypeScript: {typescript}")),
        (Err(error), Ok(())) => Err(format!("Python: {error}")),
        (Ok(()), Err(error)) => Err(format!("TypeScript: {error}")),
        (Ok(()), Ok(())) => Ok(()),
    }
}

fn check_python(folder: &Path, program: &Path) -> Outcome<()> {
    let packages = packages(folder)?;
    let run = |words: &[&str]| {
        let mut command = python_command()?;
        command.current_dir(folder).args(words).env(PROGRAM, program).env("PYTHONDONTWRITEBYTECODE", "1");
        // The client as it lies here, installed nowhere.
        let path = [folder.join("src"), packages.clone()].map(|folder| folder.display().to_string()).join(":");
        show(command.env("PYTHONPATH", path))
    };
    run(&["-m", "mypy", "--cache-dir", "/dev/null"])?;
    run(&["-m", "pytest", "--quiet"])
}

/// A folder with the packages, fetched once for all clones.
fn packages(folder: &Path) -> Outcome<PathBuf> {
    let requirements = folder.join(REQUIREMENTS);
    let text = fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    cache::filled(&format!("python-client-{:016x}", hasher.finish()), |fresh| {
        space::require(fresh, space::GB, "the checks of the clients", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("fetching what the Python client is checked with (once for all clones)");
        let mut pip = python_command()?;
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-compile", "--no-deps"]);
        pip.args(["--require-hashes", "--only-binary", ":all:", "--target"]).arg(fresh);
        show(pip.arg("--requirement").arg(&requirements))
            .map_err(|error| format!("{error}\npip could not fetch what {} names", requirements.display()))
    })
}

fn check_typescript(folder: &Path, program: &Path) -> Outcome<()> {
    let node = Node::find_or_fetch()?;
    // Without the scripts of packages: none is needed, and none shall run.
    show(&mut node.npm(folder, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    show(node.npm(folder, &["test", "--silent"]).env(PROGRAM, program))
}
