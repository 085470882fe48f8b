//! Set-up, service, tests and checks, with nothing but the standard library, so that it builds in seconds on a fresh
//! machine: `cargo xtask setup | serve | test | ci`.
//!
//! Everything that is fetched has a fixed version and a fixed SHA-256, lands in a cache folder outside `target/`, and appears
//! there whole or not at all. A user's own LIBTORCH, DATABASE_URL and SHELFMARK_POSTGRES_BIN win.

mod cache;
mod ci;
mod commands;
mod libtorch;
mod postgres;
mod project;
mod run;
mod snapshots;
mod space;
mod system;
mod wheel;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <COMMAND> [ARGS]

Commands:
  setup          fetch what is missing (libtorch, Postgres programs) and point cargo at it
  serve [ARGS]   set up, build, and run `shelfmark serve ARGS` (see `cargo xtask serve --help`)
  test [ARGS]    set up, then `cargo test --release --workspace ARGS`
  ci             formatting, lints, documentation and the other checks, warnings denied

Environment:
  SHELFMARK_CACHE_DIR     where fetched things are kept (root: /var/cache/shelfmark; others: ~/.cache/shelfmark)
  LIBTORCH                your own libtorch 2.13.0, such as a CUDA build: nothing is fetched for it
  DATABASE_URL            your own Postgres: `serve` fetches no Postgres programs
  SHELFMARK_POSTGRES_BIN  a folder with your own initdb, pg_ctl and postgres
";

/// What went wrong, in words for the person at the terminal.
type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next();
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_deref() {
        Some("setup") => commands::setup(),
        Some("serve") => commands::serve(&rest),
        Some("test") => commands::test(&rest),
        Some("ci") => ci::run_all(),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(format!("there is no command `{other}`\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
