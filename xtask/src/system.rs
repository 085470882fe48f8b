//! Programs that must come from the system: a C++ compiler, Python with pip to fetch wheels, and what tests run. What is
//! missing is named with the command that installs it; as root on Debian nobody has to be asked, so it is installed.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::run::{is_root, on_path, say, show, works};

/// Names of the browser that the tests run.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A system package that is missing.
struct Missing {
    package: &'static str,
    why: &'static str,
}

/// What the system is asked for besides the compiler.
#[derive(Clone, Copy)]
pub struct Needs {
    /// Python with pip: something will be fetched.
    pub pip: bool,
    /// What the tests run besides the service.
    pub tests: bool,
}

/// Makes sure of the compiler and of what is needed besides.
pub fn ensure(needs: Needs) -> Outcome<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|piece| piece.package).collect();
    if is_root() && on_path("apt-get") {
        install(&packages)?;
        let still = self::missing(needs);
        return match still.first() {
            None => Ok(()),
            Some(piece) => Err(format!("{} was installed and still does not work ({})", piece.package, piece.why)),
        };
    }
    let mut message = String::from("something of the system is missing:\n");
    for piece in &missing {
        message.push_str(&format!("  {} ({})\n", piece.package, piece.why));
    }
    if Path::new("/etc/debian_version").exists() {
        message.push_str(&format!(
            "install it with\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends {}\nand run this again",
            packages.join(" ")
        ));
    } else {
        message.push_str("install what your system calls these Debian packages, and run this again");
    }
    Err(message)
}

/// The Python that has pip: a Python of the user's without it does not hide the system's.
pub fn python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| works(python, &["-m", "pip", "--version"]))
}

/// A command of the Python that has pip.
pub fn python_command() -> Outcome<Command> {
    python().map(Command::new).ok_or_else(|| "python3 with pip is missing".to_owned())
}

fn missing(needs: Needs) -> Vec<Missing> {
    let mut missing = Vec::new();
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if !works(&compiler, &["--version"]) || !works("cc", &["--version"]) {
        missing.push(Missing { package: "g++", why: "the C++ compiler for the bindings of libtorch, and the linker" });
    }
    let without_pip = needs.pip && python().is_none();
    if (without_pip || needs.tests) && !works("python3", &["--version"]) {
        missing.push(Missing { package: "python3", why: "runs pip, and the README's program in the tests" });
    }
    if without_pip {
        missing
            .push(Missing { package: "python3-pip", why: "`python3 -m pip download` fetches libtorch and Postgres" });
    }
    if needs.tests && !works("curl", &["--version"]) {
        missing.push(Missing { package: "curl", why: "the tests run the README's commands" });
    }
    if needs.tests && !works("make", &["--version"]) {
        missing.push(Missing { package: "make", why: "builds librdkafka for the connector of Kafka" });
    }
    // Elsewhere the tests in a browser are left out, and say so.
    let in_ci = std::env::var_os("SHELFMARK_CI").is_some();
    if needs.tests && in_ci && std::env::var_os("SHELFMARK_CHROMIUM").is_none() && !BROWSERS.into_iter().any(on_path) {
        missing.push(Missing { package: "chromium", why: "the tests of the console and of beacons run in it" });
    }
    missing
}

fn install(packages: &[&str]) -> Outcome<()> {
    say(&format!("installing {} with apt-get", packages.join(", ")));
    let apt = |args: &[&str]| show(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(args));
    // Lists may be old or absent; when they cannot be fetched the ones that are there may still do.
    if let Err(error) = apt(&["update"]) {
        say(&format!("{error}; trying with the package lists that are there"));
    }
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}
