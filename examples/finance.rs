//! Words of finance: what a base of two texts, and a fork of it that reads more finance, hold to be near.
//!
//!     cargo run --release --example finance -- DATA/text

mod table;
mod vectors;
mod words;

use std::{io, process::ExitCode};

use clap::Parser;

/// What reading more finance does to the meaning of words.
#[derive(Parser)]
#[command(name = "finance", version)]
struct Line {
    #[command(flatten)]
    args: words::Args,
}

fn main() -> ExitCode {
    table::ended(words::run(0, &Line::parse().args, &mut io::stdout().lock()))
}
