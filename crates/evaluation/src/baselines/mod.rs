//! Baselines: five methods from the literature, run over the same stream and ranked by the same code.
//!
//! Each learns after every unit and ranks before it, so none is staler than the model. Their settings are constants
//! beside their code, one set for all data. Only half-lives are two, and the better one counts: how fast things age
//! differs most between data sets. A table that shows a baseline tuned for a data set says so.
//!
//! **Bounds.** A row of co-occurrence counts has 2,000 entries. Everything else grows with users and items.

mod als;
mod cooccurrence;
mod isgd;
mod popularity;
mod recent;

use super::actors::ActorHistory;

/// An actor before a unit.
#[derive(Debug, Clone, Copy)]
pub struct KnownActor<'a> {
    /// Number of the actor, from 0 in order of first events.
    pub number: usize,
    /// History of the actor.
    pub history: &'a ActorHistory,
}

/// A method that is compared with the model.
pub trait Baseline: Send {
    /// Writes a score for every row. The caller knows which are candidates.
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]);

    /// Learns a unit: the rows of its distinct items. `actor` is as before it.
    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]);

    /// Takes the share of the stream that is over, 0 to 1, before every batch. For methods that are trained from time
    /// to time.
    fn pass(&mut self, part: f64) {
        let _ = part;
    }
}

/// A baseline, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaselineKind {
    /// Decayed popularity.
    Popularity,
    /// The user's own items, then popularity.
    Recent,
    /// Item neighbours by decayed co-occurrence.
    Cooccurrence,
    /// Incremental matrix factorisation.
    Isgd,
    /// Implicit ALS, trained again from time to time.
    Als,
}

impl BaselineKind {
    /// All, in the order of the report.
    pub const ALL: [Self; 5] = [Self::Popularity, Self::Recent, Self::Cooccurrence, Self::Isgd, Self::Als];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::Recent => "recent",
            Self::Cooccurrence => "knn",
            Self::Isgd => "isgd",
            Self::Als => "als",
        }
    }

    /// Returns the kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Makes the baseline in each of its settings, of which the better one counts, with a line on its method and
    /// source.
    pub fn variants(self, seed: u64) -> Vec<(&'static str, Box<dyn Baseline>)> {
        match self {
            Self::Popularity => vec![
                ("decayed popularity, half-life 10,000 events", Box::new(popularity::Popularity::new(10_000.0))),
                ("decayed popularity, half-life 1,000 events", Box::new(popularity::Popularity::new(1_000.0))),
            ],
            Self::Recent => vec![(
                "the user's own items by how lately and often, then popularity",
                Box::new(recent::Recent::default()),
            )],
            Self::Cooccurrence => vec![
                (
                    "item co-occurrence kNN, half-life 100,000 events (after Sarwar et al. 2001; Linden, Smith and York \
                     2003)",
                    Box::new(cooccurrence::Cooccurrence::new(100_000.0)),
                ),
                (
                    "item co-occurrence kNN, half-life 10,000 events (after Sarwar et al. 2001; Linden, Smith and York \
                     2003)",
                    Box::new(cooccurrence::Cooccurrence::new(10_000.0)),
                ),
            ],
            Self::Isgd => vec![(
                "incremental matrix factorisation, ISGD (Vinagre, Jorge and Gama 2014)",
                Box::new(isgd::Isgd::new(seed)),
            )],
            Self::Als => vec![(
                "implicit ALS, trained anew every 5% of the stream (Hu, Koren and Volinsky 2008)",
                Box::new(als::Als::new(seed)),
            )],
        }
    }
}

/// Extends `values` so that it has `row`.
fn grow<T: Clone>(values: &mut Vec<T>, row: u32, fill: T) {
    if values.len() <= row as usize {
        values.resize(row as usize + 1, fill);
    }
}
