//! One product, two shoppers: what each sees beside it, what one click changes, and a product that nobody has met yet.
//!
//!     cargo run --release --example shop -- DATA/online_retail

mod data;
mod table;
mod tastes;
mod vectors;

use std::{io, process::ExitCode};

use clap::Parser;

/// What two shoppers of different tastes see beside the same product.
#[derive(Parser)]
#[command(name = "shop", version)]
struct Line {
    #[command(flatten)]
    args: tastes::Args,
}

fn main() -> ExitCode {
    table::ended(tastes::run(&Line::parse().args, &mut io::stdout().lock()))
}
