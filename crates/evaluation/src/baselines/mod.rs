//! What a recommender is compared with: five methods from the literature, run over the same stream, ranked by the same code.
//!
//! Every one learns after each unit and ranks before it, so none is staler than the model. Their settings are constants
//! beside their code, one set for all data: where a table shows a baseline tuned for each data set, it is told so.
//!
//! Bounds: a row of co-occurrence counts 2,000 entries; everything else grows with users and items.

mod als;
mod cooccurrence;
mod isgd;
mod popularity;
mod recent;

use super::actors::ActorHistory;

/// Somebody before a unit.
#[derive(Debug, Clone, Copy)]
pub struct KnownActor<'a> {
    /// Number of the actor, from 0 in order of first events.
    pub number: usize,
    /// What they did.
    pub history: &'a ActorHistory,
}

/// A method that is compared with the model.
pub trait Baseline: Send {
    /// Writes a score for every row; the caller knows which are candidates.
    fn score(&mut self, actor: &KnownActor<'_>, scores: &mut [f32]);

    /// Learns a unit: the rows of its distinct items. `actor` is as before it.
    fn learn(&mut self, actor: &KnownActor<'_>, items: &[u32]);

    /// Called before every batch with the part of the stream that is over, 0 to 1, for methods that are trained now and then.
    fn pass(&mut self, part: f64) {
        let _ = part;
    }
}

/// The baselines by name.
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
    /// Implicit ALS, trained anew now and then.
    Als,
}

impl BaselineKind {
    /// All, in the order of the report.
    pub const ALL: [Self; 5] = [Self::Popularity, Self::Recent, Self::Cooccurrence, Self::Isgd, Self::Als];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::Recent => "recent",
            Self::Cooccurrence => "knn",
            Self::Isgd => "isgd",
            Self::Als => "als",
        }
    }

    /// What it is, in one line, and where it comes from.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Popularity => "decayed popularity, half-life 10,000 events",
            Self::Recent => "the user's own items by how lately and often, then popularity",
            Self::Cooccurrence => {
                "item co-occurrence kNN, decayed (after Sarwar et al. 2001; Linden, Smith and York 2003)"
            }
            Self::Isgd => "incremental matrix factorisation, ISGD (Vinagre, Jorge and Gama 2014)",
            Self::Als => "implicit ALS, trained anew every 5% of the stream (Hu, Koren and Volinsky 2008)",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A new one.
    pub fn make(self, seed: u64) -> Box<dyn Baseline> {
        match self {
            Self::Popularity => Box::new(popularity::Popularity::default()),
            Self::Recent => Box::new(recent::Recent::default()),
            Self::Cooccurrence => Box::new(cooccurrence::Cooccurrence::default()),
            Self::Isgd => Box::new(isgd::Isgd::new(seed)),
            Self::Als => Box::new(als::Als::new(seed)),
        }
    }
}

/// Makes `values` long enough to have `row`.
fn grow<T: Clone>(values: &mut Vec<T>, row: u32, fill: T) {
    if values.len() <= row as usize {
        values.resize(row as usize + 1, fill);
    }
}
