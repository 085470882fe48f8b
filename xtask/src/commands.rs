//! setup, serve and test.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::node::Node;
use crate::project::{Project, json_string};
use crate::run::{say, show, show_and_read};
use crate::space::{self, GB};
use crate::system::Needs;
use crate::{Outcome, clones, console, kafka, libtorch, object_store, postgres, snapshots, system};

/// Everything that a build, the service and the tests need.
pub fn setup(project: &Project) -> Outcome<()> {
    prepare(project, For::Tests)?;
    // The first layer of the container image has this program and no crates.
    if project.root().join("Cargo.lock").is_file() {
        show(&mut project.cargo(&["fetch", "--quiet", "--locked"])).map_err(|error| {
            format!("{error}\ncargo could not fetch the crates that Cargo.lock names; its own words are above")
        })?;
    }
    say("ready: `cargo xtask serve`, `cargo xtask test`, or plain cargo");
    Ok(())
}

/// Set up, build, and become the service: signals and the exit status are its own.
pub fn serve(project: &Project, args: &[String]) -> Outcome<()> {
    let own_database = env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
    prepare(project, For::Service { own_database })?;
    room_for_a_build(project, 3 * GB)?;
    clones::remove_foreign_crates(project)?;
    let program = build_service(project)?;
    let error = Command::new(&program).arg("serve").args(args).exec();
    Err(format!("{} could not be run: {error}", program.display()))
}

/// Builds the program for packages: with the console, which a package without a network could not be given later.
pub fn build_for_packages(project: &Project) -> Outcome<PathBuf> {
    prepare(project, For::Service { own_database: true })?;
    console::build(project)?;
    room_for_a_build(project, 3 * GB)?;
    clones::remove_foreign_crates(project)?;
    build_service(project)
}

/// Builds the service's program, and says where it is.
pub fn build_service(project: &Project) -> Outcome<PathBuf> {
    let build = ["build", "--release", "--bin", "shelfmark", "--message-format=json-render-diagnostics"];
    let messages = show_and_read(&mut project.cargo(&build))?;
    executable(&messages).ok_or_else(|| "`cargo build` did not say where the service's program is".to_owned())
}

/// Set up and run all tests, on the very build that people run.
pub fn test(project: &Project, args: &[String]) -> Outcome<()> {
    prepare(project, For::Tests)?;
    room_for_a_build(project, 10 * GB)?;
    clones::remove_foreign_crates(project)?;
    if let Err(reason) = object_store::fetch()? {
        say(&reason);
    }
    if let Err(reason) = kafka::fetch()? {
        say(&reason);
    }
    let mut cargo = project.cargo(&["test", "--release", "--workspace"]);
    cargo.args(args);
    // The tests of the console look for a Node on PATH otherwise.
    if let Ok(Some(node)) = Node::find_or_fetch().map(|node| node.fetched_program())
        && env::var_os("SHELFMARK_NODE").is_none()
    {
        cargo.env("SHELFMARK_NODE", node);
    }
    if args.is_empty() {
        snapshots::watch(project, &mut cargo)?;
    }
    show(&mut cargo)?;
    if args.is_empty() {
        snapshots::check(project)?;
    }
    Ok(())
}

/// Who is prepared for.
#[derive(Clone, Copy, PartialEq)]
enum For {
    /// The service, which uses a database of the user's or starts its own.
    Service {
        own_database: bool,
    },
    Tests,
}

fn prepare(project: &Project, whom: For) -> Outcome<()> {
    let source = libtorch::source(project)?;
    let fetch_postgres = whom != For::Service { own_database: true } && !postgres::is_there();
    let pip = fetch_postgres || matches!(source, libtorch::Source::Fetch);
    system::ensure(Needs { pip, tests: whom == For::Tests })?;
    let folder = match source {
        libtorch::Source::Present(folder) => folder,
        libtorch::Source::Fetch => libtorch::fetch()?,
    };
    project.configure_libtorch(&folder)?;
    if fetch_postgres {
        postgres::fetch()?;
    }
    console::build_or_say_why_not(project);
    Ok(())
}

/// Room for a first build; later ones write little.
fn room_for_a_build(project: &Project, bytes: u64) -> Outcome<()> {
    let target = project.target()?;
    if target.join("release/shelfmark").exists() {
        return Ok(());
    }
    space::require(&target, bytes, "a first build", "set CARGO_TARGET_DIR to a folder with more")
}

/// The program that a build made, in cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| json_string(line, "\"executable\":\"")).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","filenames":["/t/libdomain.rlib"],"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","executable":"/t/release/shelf\"mark","fresh":true}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#
        );
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/shelf\"mark")));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
