//! Example `contexts`: one word with two senses, of which a fork learns one.
//!
//! A word is an item, a sentence a session, reading a word an event. A **base** learns four domains. A **fork** is a
//! clone of it that learns much more of one of them: finance, where the market crashes, or medicine, where an
//! infarction is acute. Each is learned in four ways: plainly, with the domain as a circumstance (`context`) of every
//! event, with a pull back to the base (`pull`), and with the pull but without transition memory.

pub mod made;
pub mod study;
pub mod tables;

use std::{io::Write, time::Instant};

use shelfmark_domain::ModelConfig;

use self::study::Study;

/// Arguments of the example.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Values of a vector.
    #[arg(long, default_value_t = 64)]
    pub dim: usize,
    /// Sentences that a fork learns.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub sentences: u32,
    /// How strongly the forks are pulled back to the base.
    #[arg(long, default_value_t = 1.0)]
    pub pull: f32,
}

/// The whole example.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = ModelConfig { dim: args.dim, pull: args.pull, ..ModelConfig::default() };
    config.check()?;
    let began = Instant::now();
    let study = Study::new(&config, args.sentences as usize)?;
    eprintln!("learned in {:.1} s", began.elapsed().as_secs_f64());
    tables::all(&study, out)
}
