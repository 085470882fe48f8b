//! Fetching and running each of the suites of Gorse's clients.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node::Node;
use crate::project::Project;
use crate::run::{read, say, show};
use crate::system::{python, python_command};
use crate::{Outcome, cache, java, space};

/// Names of a suite's tests, each with whether it passed.
pub type TestResults = Vec<(String, bool)>;

/// What `fetch` gives: a folder, or the reason why the machine cannot.
type Fetched = Outcome<Result<PathBuf, String>>;

const PYGORSE: &str = "PyGorse==0.5.1";
const PYTHON_PACKAGES: [&str; 2] = ["requests==2.32.3", "aiohttp==3.11.11"];
const GORSEJS: &str = "gorsejs@0.4.8";
/// What gorsejs's suite needs, by the lowest versions that the package asks for.
const NODE_PACKAGES: &str = r#"{"private": true, "dependencies": {
    "@types/jest": "28.1.8", "@types/node": "15.14.9", "axios": "0.27.2", "axios-logger": "2.6.2", "dotenv": "16.0.3",
    "jest": "28.1.3", "redis": "4.2.0", "ts-jest": "28.0.8", "tslib": "2.4.1", "typescript": "4.7.4"}}
"#;
const RUST_MANIFEST: &str = "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
    [dependencies]\ngorse_rs = \"=0.5.0\"\n\n[workspace]\nexclude = [\"vendor\"]\n";
const RUST_TESTS: &str = "gorse_rs_tests";
/// Bytes that a suite takes at most while it is fetched.
const FETCH_BYTES: u64 = 500_000_000;

fn room(folder: &Path, what: &str) -> Outcome<()> {
    space::require(folder, FETCH_BYTES, what, "set SHELFMARK_CACHE_DIR to a folder with more")?;
    say(&format!("fetching {what} (once for all clones)"));
    Ok(())
}

fn in_file(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

fn write(folder: &Path, name: &str, text: &str) -> Outcome<()> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(in_file(&path))
}

/// Adds what to do without the network.
fn fetched(result: Outcome<()>, registry: &str) -> Outcome<()> {
    result.map_err(|error| format!("{error}\nit is fetched from {registry} once: run this again with a network"))
}

/// Reads `ok NAME` and `failed NAME`.
fn results(text: &str) -> TestResults {
    let result = |line: &str| match line.split_once(' ') {
        Some(("ok", name)) => Some((name.to_owned(), true)),
        Some(("failed", name)) => Some((name.to_owned(), false)),
        _ => None,
    };
    text.lines().filter_map(result).collect()
}

pub fn fetch_python(_: &Project) -> Fetched {
    let Some(python) = python() else { return Ok(Err("python3 with pip is missing".to_owned())) };
    if read(Command::new(python).args(["-c", "from datetime import UTC"])).is_err() {
        return Ok(Err("its suite needs Python 3.11 or later".to_owned()));
    }
    let folder = cache::filled("gorse-suite-pygorse-0.5.1", |fresh| {
        room(fresh, PYGORSE)?;
        let pip = |args: &[&str]| {
            let mut pip = Command::new(python);
            pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet"]).args(args);
            pip
        };
        let source = fresh.join("source");
        let mut download = pip(&["download", "--no-deps", "--no-binary", ":all:", PYGORSE, "--dest"]);
        fetched(show(download.arg(&source)), "the Python package index")?;
        let unpack =
            "import glob, sys, tarfile; tarfile.open(glob.glob(sys.argv[1] + '/*.tar.gz')[0]).extractall(sys.argv[1])";
        show(Command::new(python).args(["-c", unpack]).arg(&source))?;
        let mut install = pip(&["install", "--no-compile", "--target"]);
        fetched(show(install.arg(fresh.join("packages")).args(PYTHON_PACKAGES)), "the Python package index")
    })?;
    Ok(Ok(folder))
}

pub fn run_python(project: &Project, folder: &Path) -> Outcome<TestResults> {
    let package = folder.join("source/pygorse-0.5.1");
    let paths = env::join_paths([folder.join("packages"), package.clone(), package.join("tests")])
        .map_err(|error| error.to_string())?;
    let mut run = python_command()?;
    run.arg(project.root().join("tests/gorse_clients/unittests.py")).arg("test_gorse");
    run.env("PYTHONPATH", paths).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(results(&read(&mut run)?))
}

pub fn fetch_typescript(_: &Project) -> Fetched {
    let node = match Node::find_or_fetch() {
        Ok(node) => node,
        Err(error) => return Ok(Err(error)),
    };
    let folder = cache::filled("gorse-suite-gorsejs-0.4.8", |fresh| {
        room(fresh, GORSEJS)?;
        write(fresh, "package.json", NODE_PACKAGES)?;
        let npm = |args: &[&str]| fetched(show(&mut node.npm(fresh, args)), "the npm registry");
        npm(&["pack", "--silent", GORSEJS])?;
        show(Command::new("tar").current_dir(fresh).args(["-xzf", "gorsejs-0.4.8.tgz"]))?;
        npm(&["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
    })?;
    Ok(Ok(folder))
}

pub fn run_typescript(project: &Project, folder: &Path) -> Outcome<TestResults> {
    let node = Node::find_or_fetch()?;
    let scratch = project.scratch("gorsejs")?;
    let file = scratch.join("results.json");
    let jest = folder.join("node_modules/jest/bin/jest.js");
    let cached = scratch.join("jest");
    let mut run = node.command();
    run.arg(&jest).current_dir(folder.join("package")).args(["--json", "--outputFile"]).arg(&file);
    run.arg("--cacheDirectory").arg(&cached).args(["--ci", "--silent"]);
    // Its exit status is 1 when a test failed, which the results say.
    let ran = show(&mut run);
    if !file.is_file() {
        return Err(ran.err().unwrap_or_else(|| "Jest wrote no results".to_owned()));
    }
    let mut convert = node.command();
    let text = read(convert.arg(project.root().join("tests/gorse_clients/jest_results.mjs")).arg(&file))?;
    fs::remove_dir_all(&scratch).map_err(in_file(&scratch))?;
    Ok(results(&text))
}

pub fn fetch_rust(project: &Project) -> Fetched {
    let folder = cache::filled("gorse-suite-gorse_rs-0.5.0", |fresh| {
        room(fresh, "gorse_rs 0.5.0, and compiling its tests: two minutes")?;
        let build = fresh.join(".build");
        fs::create_dir_all(build.join("src")).map_err(in_file(&build))?;
        write(&build, "Cargo.toml", RUST_MANIFEST)?;
        write(&build, "src/lib.rs", "")?;
        // Outside the clone: its settings are for its own crates.
        let cargo = |args: &[&str], folder: &Path| {
            let mut cargo = project.cargo(args);
            cargo.current_dir(folder).env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TARGET_DIR", build.join("target"));
            cargo
        };
        fetched(read(&mut cargo(&["vendor", "--quiet"], &build)).map(|_| ()), "the crates registry")?;
        let package = build.join("vendor/gorse_rs");
        fetched(
            show(&mut cargo(&["test", "--quiet", "--lib", "--no-run", "--locked"], &package)),
            "the crates registry",
        )?;
        let built = build.join("target/debug/deps");
        let program = fs::read_dir(&built).map_err(in_file(&built))?.flatten().map(|entry| entry.path()).find(|path| {
            path.extension().is_none()
                && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("gorse_rs-"))
        });
        let program = program.ok_or("cargo built no tests of gorse_rs")?;
        fs::copy(&program, fresh.join(RUST_TESTS)).map_err(in_file(&program))?;
        fs::remove_dir_all(&build).map_err(in_file(&build))
    })?;
    Ok(Ok(folder))
}

pub fn run_rust(_: &Project, folder: &Path) -> Outcome<TestResults> {
    let program = folder.join(RUST_TESTS);
    let output = Command::new(&program).output().map_err(in_file(&program))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = |line: &str| {
        let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
        Some((name.to_owned(), outcome == "ok"))
    };
    Ok(text.lines().filter_map(result).collect())
}

pub fn fetch_java(_: &Project) -> Fetched {
    if let Err(missing) = java::ensure()? {
        return Ok(Err(missing));
    }
    let folder = cache::filled("gorse-suite-java-0.4.0", |fresh| {
        room(fresh, "io.gorse:gorse-client:0.4.0")?;
        write(fresh, "pom.xml", &java::manifest("io.gorse", "gorse-client", "0.4.0"))?;
        java::copy_jars(fresh)
    })?;
    Ok(Ok(folder))
}

pub fn run_java(project: &Project, folder: &Path) -> Outcome<TestResults> {
    let mut java = Command::new("java");
    java.arg("--class-path").arg(folder.join("jars/*"));
    java.arg(project.root().join("tests/gorse_clients/Client.java")).arg("http://127.0.0.1:8088");
    let ran = show(&mut java);
    if let Err(error) = &ran {
        say(error);
    }
    Ok(vec![("Client".to_owned(), ran.is_ok())])
}
