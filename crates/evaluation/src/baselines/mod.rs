//! Baselines: seven methods from the literature, run over the same stream and ranked by the same code.
//!
//! Each learns after every unit and ranks before it, so none is staler than the model but for its schedule of
//! trainings. Settings that the literature tunes for each data set have several values here, and the best one counts.
//! The others are constants beside their code, one set for all data.
//!
//! **Bounds.** A row of co-occurrence counts has 2,000 entries, EASE's matrix 4,096 items, a session 50 events.
//! Everything else grows with users and items.

mod als;
mod cooccurrence;
mod ease;
mod isgd;
mod popularity;
mod recent;
mod session_knn;

use super::actors::ActorHistory;
use session_knn::SessionKnn;

/// An actor before a unit.
#[derive(Debug, Clone, Copy)]
pub struct KnownActor<'a> {
    /// Number of the actor, from 0 in order of first events.
    pub number: usize,
    /// Time of the unit, microseconds since the epoch.
    pub at: i64,
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
    /// Session neighbours.
    SessionKnn,
    /// Linear autoencoder, trained again from time to time.
    Ease,
}

impl BaselineKind {
    /// All, in the order of the report.
    pub const ALL: [Self; 7] =
        [Self::Popularity, Self::Recent, Self::Cooccurrence, Self::SessionKnn, Self::Isgd, Self::Als, Self::Ease];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::Recent => "recent",
            Self::Cooccurrence => "knn",
            Self::Isgd => "isgd",
            Self::Als => "als",
            Self::SessionKnn => "stan",
            Self::Ease => "ease",
        }
    }

    /// Returns the kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Makes the baseline in each of its settings, of which the best one counts, with a line on its method and
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
            Self::SessionKnn => vec![
                (
                    "session kNN on visits with 8 hours between them, STAN (Garg et al. 2019)",
                    Box::new(SessionKnn::new(session_knn::VISITS)),
                ),
                (
                    "session kNN on whole histories, STAN (Garg et al. 2019)",
                    Box::new(SessionKnn::new(session_knn::HISTORIES)),
                ),
            ],
            Self::Ease => vec![
                (
                    "EASE, regularisation 100, trained anew every 5% of the stream (Steck 2019)",
                    Box::new(ease::Ease::new(100.0)),
                ),
                (
                    "EASE, regularisation 500, trained anew every 5% of the stream (Steck 2019)",
                    Box::new(ease::Ease::new(500.0)),
                ),
            ],
        }
    }
}

/// Schedule of methods that are trained again after each part of the stream.
#[derive(Debug)]
struct Schedule {
    next: f64,
}

impl Schedule {
    /// Share of the stream between trainings.
    const EVERY: f64 = 0.05;

    /// Whether a training is due when this share of the stream is over, 0 to 1. It counts as done then.
    fn is_due(&mut self, part: f64) -> bool {
        let due = part >= self.next;
        while self.next <= part {
            self.next += Self::EVERY;
        }
        due
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self { next: Self::EVERY }
    }
}

/// Extends `values` so that it has `row`.
fn grow<T: Clone>(values: &mut Vec<T>, row: u32, fill: T) {
    if values.len() <= row as usize {
        values.resize(row as usize + 1, fill);
    }
}
