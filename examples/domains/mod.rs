//! One base, many domains: the example `transfer`.
//!
//! The items of one category, or with one word in their titles, are a domain of their own. A base learns the first half
//! of the time without it. From then on the domain opens: a fork of the base learns its events, and a model that begins
//! empty learns the same ones. Each event is ranked before it is learned.

pub mod split;
pub mod study;

use std::{io::Write, path::PathBuf};

use shelfmark_domain::ModelConfig;

use self::{
    split::Split,
    study::{Study, checkpoints},
};
use crate::{
    data,
    table::{Table, cut, grouped, heading, say},
};

/// Events of the generated shop.
const GENERATED_EVENTS: usize = 250_000;

/// Arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A folder of event and item files, or the files, as `shelfmark replay` takes them. None: a generated shop.
    #[arg(value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// The domain: a category, or a word of titles [default: the one with nearest to a tenth of all events].
    #[arg(long)]
    pub part: Option<String>,
    /// Values of a vector.
    #[arg(long, default_value_t = 64)]
    pub dim: usize,
    /// How strongly the fork's rows are held to the base's.
    #[arg(long, default_value_t = 0.0)]
    pub pull: f32,
    /// Events of the generated shop.
    #[arg(long, default_value_t = GENERATED_EVENTS, hide = true)]
    pub events: usize,
}

/// The whole example.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = ModelConfig { dim: args.dim, ..ModelConfig::default() };
    let fork = ModelConfig { pull: args.pull, ..config.clone() };
    config.check()?;
    fork.check()?;
    let (stream, origin) = match args.data.as_slice() {
        [] => (data::generated(args.events, &config), "A generated shop, because no DATA was given"),
        paths => (data::read(paths, &config)?, "A shop"),
    };
    let split = Split::new(stream, args.part.as_deref())?;
    let study = Study::new(&split, &config, &fork)?;
    show(&split, &study, origin, out)
}

fn show(split: &Split, study: &Study, origin: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let [before, events, items] = [split.base.events.len(), split.own.events.len(), split.own.items.len()].map(grouped);
    let part = cut(&split.part, 40);
    say(
        out,
        &format!(
            "{origin}: the base learned {before} events without {part:?}. Then {events} events of {items} items of \
             {part:?} come, which it has never seen."
        ),
    )?;
    heading(out, "Recall@20, test-then-train, in the first")?;
    let headings = checkpoints(&split.own).map(|events| format!("{} events", grouped(events)));
    let mut table = Table::new(["model", &headings[0], &headings[1], &headings[2]]);
    for learner in &study.learners {
        let [a, b, c] = learner.found.map(|sums| format!("{:.4}", sums.recall()));
        table.row([learner.name.to_owned(), a, b, c]);
    }
    write!(out, "{table}")?;
    say(
        out,
        "All choose among the items of the domain, also those that nobody has met yet; the others are withdrawn.",
    )?;
    Ok(())
}
