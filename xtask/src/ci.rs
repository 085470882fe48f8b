//! The checks beside the tests, warnings denied. All of them run, so that one round shows everything.

use std::fs;
use std::process::Command;

use crate::Outcome;
use crate::project::Project;
use crate::run::{say, show, works};

/// Runs every check; the names of those that failed are in the error.
pub fn run_all(project: &Project) -> Outcome<()> {
    let mut documentation =
        project.cargo(&["doc", "--release", "--workspace", "--no-deps", "--document-private-items"]);
    documentation.env("RUSTDOCFLAGS", "-D warnings");
    let lints = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let checks = [
        ("formatting", show(&mut project.cargo(&["fmt", "--all", "--check"]))),
        ("migrations", migrations(project)),
        ("lints", show(&mut project.cargo(&lints))),
        ("documentation", show(&mut documentation)),
        ("dependencies", optional("cargo-deny", project.cargo(&["deny", "--all-features", "check"]))),
        ("unused dependencies", optional("cargo-machete", project.cargo(&["machete"]))),
    ];
    let mut failed = Vec::new();
    for (name, outcome) in checks {
        match outcome {
            Ok(()) => say(&format!("{name}: no complaints")),
            Err(error) => {
                say(&format!("{name}: {error}"));
                failed.push(name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// There are migrations, and their numbers rise without doubles; that they run from empty is a test.
fn migrations(project: &Project) -> Outcome<()> {
    let folder = project.root().join("migrations");
    let mut numbers: Vec<String> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".sql"))
        .map(|name| name.split('_').next().unwrap_or_default().to_owned())
        .collect();
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    match count {
        0 => Err("there are none".to_owned()),
        _ if count != numbers.len() => Err("two have one number".to_owned()),
        _ => Ok(()),
    }
}

/// A check whose tool not everybody has.
fn optional(tool: &str, mut command: Command) -> Outcome<()> {
    if !works(tool, &["--version"]) {
        say(&format!("{tool} is not installed, skipped (`cargo install --locked {tool}`)"));
        return Ok(());
    }
    show(&mut command)
}
