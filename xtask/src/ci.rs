//! The checks beside the tests, warnings denied. All of them run, so that one round shows everything.

use std::fs;
use std::process::Command;

use crate::project::Project;
use crate::run::{say, show};
use crate::tools::{self, Tool};
use crate::{Outcome, api, clients, console, gorse};

/// What cargo-deny checks here. Its fourth check, advisories, fetches a database from GitHub, which a machine that
/// builds may not reach; run `cargo deny check advisories` where it can.
const DENY_CHECKS: [&str; 7] =
    ["--all-features", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];

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
        ("console", console::check(project)),
        ("API", api::check(project)),
        ("clients", clients::check(project)),
        ("Gorse's clients", gorse::check(project)),
        ("dependencies", with_tool(project, &tools::DENY, &DENY_CHECKS)),
        ("unused dependencies", with_tool(project, &tools::MACHETE, &[])),
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

/// A check by a program that is compiled if it is not there.
fn with_tool(project: &Project, tool: &Tool, args: &[&str]) -> Outcome<()> {
    let mut command = Command::new(tools::program(project, tool)?);
    show(command.current_dir(project.root()).args(args))
}
