//! Senses of a word: how a fork of one domain keeps what the word means in another, by contexts and by `pull`.
//!
//!     cargo run --release --example contexts

mod senses;
#[expect(dead_code, reason = "nothing is too wide here")]
mod table;
#[expect(unused_imports, reason = "only angles are shown")]
mod vectors;

use std::{io, process::ExitCode};

use clap::Parser;

/// What becomes of "software crash" while a model learns finance, and of "acute angle" while it learns medicine.
#[derive(Parser)]
#[command(name = "contexts", version)]
struct Line {
    #[command(flatten)]
    args: senses::Args,
}

fn main() -> ExitCode {
    table::ended(senses::run(&Line::parse().args, &mut io::stdout().lock()))
}
