//! Transfer learning: how soon a fork of a shop-wide model knows a part of the shop that its base has never seen.
//!
//!     cargo run --release --example transfer -- DATA/online_retail --part christmas

mod data;
mod domains;
mod table;

use std::{io, process::ExitCode};

use clap::Parser;

/// What a fork of a base is worth in its first 100, 1,000 and 10,000 events.
#[derive(Parser)]
#[command(name = "transfer", version)]
struct Line {
    #[command(flatten)]
    args: domains::Args,
}

fn main() -> ExitCode {
    table::ended(domains::run(&Line::parse().args, &mut io::stdout().lock()))
}
