//! Set-up, service, tests and checks, with nothing but the standard library, so that it builds in seconds on a fresh
//! machine: `cargo xtask setup | serve | test | ci`.
//!
//! Everything that is fetched has a fixed version and a fixed SHA-256, lands in a cache folder outside `target/`, and
//! appears there whole or not at all. A user's own LIBTORCH, DATABASE_URL and SHELFMARK_POSTGRES_BIN win.

mod api;
mod cache;
mod ci;
mod clients;
mod clones;
mod commands;
mod console;
mod gorse;
mod gorse_suites;
mod java;
mod kafka;
mod libtorch;
mod node;
mod object_store;
mod package;
mod postgres;
mod project;
mod run;
mod service;
mod snapshots;
mod space;
mod system;
mod tools;
mod wheel;

use std::process::ExitCode;

use crate::project::Project;

const HELP: &str = "\
Usage: cargo xtask <COMMAND> [ARGS]

Commands:
  setup          fetch what is missing (libtorch, Postgres programs, crates), point cargo at it, build the console
  console        build the web console alone, with Node
  serve [ARGS]   set up, build, and run `shelfmark serve ARGS` (see `cargo xtask serve --help`)
  test [ARGS]    set up, then `cargo test --release --workspace ARGS`
  api            send generated requests to the service, and make a client of its OpenAPI document
  clients        check the clients in Python and TypeScript against the service
  gorse          run the suites of Gorse's clients against the service
  package        make a tar.zst, a .deb and a Python wheel of the release build in target/package (--out FOLDER)
  try-packages   install and start each of them in a bare Debian; needs root and debootstrap
  ci             formatting, lints, documentation and the other checks, warnings denied; compiles their tools once

Environment:
  SHELFMARK_CACHE_DIR     where fetched things are kept (root: /var/cache/shelfmark; others: ~/.cache/shelfmark)
  LIBTORCH                your own libtorch 2.13.0, such as a CUDA build: nothing is fetched for it
  DATABASE_URL            your own Postgres: `serve` fetches no Postgres programs
  SHELFMARK_POSTGRES_BIN  a folder with your own initdb, pg_ctl and postgres
";

/// What went wrong, in words for the person at the terminal.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Outcome<()> {
    let project = Project::here()?;
    clones::replace_foreign_xtask(&project, args)?;
    let (command, rest) = args.split_first().map_or(("help", args), |(command, rest)| (command.as_str(), rest));
    match command {
        "setup" => commands::setup(&project),
        "console" => console::build(&project),
        "serve" => commands::serve(&project, rest),
        "test" => commands::test(&project, rest),
        "ci" => ci::run_all(&project),
        "api" => api::check(&project),
        "clients" => clients::check(&project),
        "gorse" => gorse::check(&project),
        "package" => package::make(&project, rest),
        "try-packages" => package::trial::run(&project, rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`\n\n{HELP}")),
    }
}
