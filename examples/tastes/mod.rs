//! Example `shop`: what two shoppers of different tastes see beside the same product.
//!
//! The stream is learned as a service would have learned it, with test-then-train on the way. One product's events are
//! held back, so that it stands there with its title alone. Then two shoppers are chosen who both know one product.

pub mod choice;
pub mod shelf;
pub mod tables;

use std::{io::Write, path::PathBuf};

use anyhow::bail;
use shelfmark_domain::ModelConfig;
use shelfmark_evaluation::Stream;

use self::{choice::Pair, shelf::Learned};
use crate::data;

/// Events of the generated shop.
pub const GENERATED_EVENTS: usize = 20_000;

/// Arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A folder of event and item files, or the files, as `shelfmark replay` takes them. None: a generated shop.
    #[arg(value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// Two users [default: those who know the product and differ most].
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub users: Vec<String>,
    /// The product that both know [default: one that many know].
    #[arg(long)]
    pub item: Option<String>,
    /// Values of a vector.
    #[arg(long, default_value_t = 128)]
    pub dim: usize,
}

impl Args {
    fn config(&self) -> ModelConfig {
        ModelConfig { dim: self.dim, ..ModelConfig::default() }
    }

    /// What is learned, and what to say of it.
    fn stream(&self, config: &ModelConfig) -> anyhow::Result<(Stream, &'static str)> {
        if self.data.is_empty() {
            return Ok((generated(config), "A generated shop, because no DATA was given"));
        }
        Ok((data::read(&self.data, config)?, "A shop"))
    }
}

/// The shop of `shelfmark demo`.
pub fn generated(config: &ModelConfig) -> Stream {
    data::generated(GENERATED_EVENTS, config)
}

/// The whole example.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = args.config();
    config.check()?;
    if !matches!(args.users.len(), 0 | 2) {
        bail!("--users: must be two, is {}", args.users.len());
    }
    let (mut stream, origin) = args.stream(&config)?;
    let newcomer = choice::hold_back_newcomer(&mut stream);
    let learned = Learned::new(&stream, config)?;
    let pair = Pair::choose(&stream, &learned.shelf, &args.users, args.item.as_deref())?;
    tables::all(&stream, origin, &learned, &pair, newcomer.as_ref(), out)
}
