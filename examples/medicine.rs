//! Words of medicine: what a base of two texts, and a fork of it that reads more medicine, hold to be near.
//!
//!     cargo run --release --example medicine -- DATA/text

mod table;
mod vectors;
mod words;

use std::{io, process::ExitCode};

use clap::Parser;

/// What reading more medicine does to the meaning of words.
#[derive(Parser)]
#[command(name = "medicine", version)]
struct Line {
    #[command(flatten)]
    args: words::Args,
}

fn main() -> ExitCode {
    table::ended(words::run(1, &Line::parse().args, &mut io::stdout().lock()))
}
