//! setup, serve and test.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::project::Project;
use crate::run::{say, show};
use crate::{Outcome, libtorch, postgres, snapshots, system};

/// Everything that a build, the service and the tests need.
pub fn setup() -> Outcome<()> {
    let project = Project::here()?;
    prepare(&project, true)?;
    say("ready: `cargo xtask serve`, `cargo xtask test`, or plain cargo");
    Ok(())
}

/// Set up, build, and become the service: signals and the exit status are its own.
pub fn serve(args: &[String]) -> Outcome<()> {
    let project = Project::here()?;
    let own_database = env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
    prepare(&project, !own_database)?;
    show(&mut project.cargo(&["build", "--release", "--bin", "shelfmark"]))?;
    let program = project.target()?.join("release/shelfmark");
    let error = Command::new(&program).arg("serve").args(args).exec();
    Err(format!("{} could not be run: {error}", program.display()))
}

/// Set up and run all tests, on the very build that people run.
pub fn test(args: &[String]) -> Outcome<()> {
    let project = Project::here()?;
    prepare(&project, true)?;
    let mut cargo = project.cargo(&["test", "--release", "--workspace"]);
    cargo.args(args);
    if args.is_empty() {
        snapshots::watch(&project, &mut cargo)?;
    }
    show(&mut cargo)?;
    if args.is_empty() {
        snapshots::check(&project)?;
    }
    Ok(())
}

fn prepare(project: &Project, with_postgres: bool) -> Outcome<()> {
    let source = libtorch::source(project)?;
    let fetch_postgres = with_postgres && !postgres::is_there();
    system::ensure(fetch_postgres || matches!(source, libtorch::Source::Fetch))?;
    let folder = match source {
        libtorch::Source::Present(folder) => folder,
        libtorch::Source::Fetch => libtorch::fetch()?,
    };
    project.configure_libtorch(&folder)?;
    if fetch_postgres {
        postgres::fetch()?;
    }
    Ok(())
}
