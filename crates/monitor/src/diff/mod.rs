//! What is different between two states of a model: which rows came, went and moved, what that does to answers, and
//! which configuration and figures went with it. Pure: two views in, a [`Diff`] out.
//!
//! **For.** The diff of two versions, or of a version and the live state, and whoever wants to know beforehand what a
//! rollback would change.
//!
//! **Promises.** Rows are matched by id, not by number: versions of different lines number their rows differently. A row
//! counts as moved when its bits differ. Rows are all looked at; what costs a pass over all items for each of something
//! (neighbours, recommendations) is sampled, and the answer says how many were. The sample depends on ids alone, so equal
//! sides give equal answers, and diffs of one model can be held side by side.
//!
//! **Does not** load, wait or know where the states come from.
//!
//! **Bounds.** [`SAMPLE`] items and as many users; lists of at most [`TOP_MAX`] entries and [`K_MAX`] places. Memory: 20 bytes a
//! moved row of the largest table. Time at 1,000,000 items of 64 values: a few seconds; call it off the async workers.

mod churn;
mod rows;
mod sample;
mod settings;

use serde::Serialize;

pub use churn::{Changed, Churn, RankChurn};
pub use rows::{Spread, TableDiff};
pub use sample::SAMPLE;
pub use settings::{Figure, Setting};

use shelfmark_domain::{Digest, Position, Served, VersionNumber};
use shelfmark_serving::View;

use crate::health::Mover;

/// Most entries of a list.
pub const TOP_MAX: usize = 1000;
/// Most neighbours, or recommendations, compared for each of the sample.
pub const K_MAX: usize = 100;

/// One of two states.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The state as readers see it.
    pub view: &'a View,
    /// The version's name, if it has one.
    pub label: Option<&'a str>,
    /// The state's digest, where it is known.
    pub digest: Option<Digest>,
    /// Figures that go with it: a manifest's `metrics`.
    pub metrics: &'a serde_json::Value,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffOptions {
    /// Entries of each list, at most [`TOP_MAX`].
    pub top: usize,
    /// Neighbours and recommendations compared, 1 to [`K_MAX`].
    pub k: usize,
}

/// One of the two states, as the answer names it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Compared {
    /// The version's number; null for the live state.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub version: Option<VersionNumber>,
    /// The version's name.
    pub label: Option<String>,
    /// Where the state stands.
    pub position: Position,
    /// Its digest; null where it is not known: of the live state.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub digest: Option<Digest>,
    /// Users with an event.
    pub users: u64,
    /// Items without removed ones.
    pub items: u64,
    /// Events applied.
    pub events: u64,
}

/// What is different between two states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diff {
    /// The state that is compared from.
    pub from: Compared,
    /// The state that is compared with it.
    pub to: Compared,
    /// Learned rows by table. All rows are looked at.
    pub tables: Vec<TableDiff>,
    /// Items whose vector moved farthest (`distance`), farthest first; `before` is `from`, `now` is `to`.
    pub movers: Vec<Mover>,
    /// How much the neighbours of sampled items changed.
    pub neighbours: Churn,
    /// How much what is recommended to sampled users changed.
    pub ranks: RankChurn,
    /// Settings that differ.
    pub configuration: Vec<Setting>,
    /// Figures of the two states side by side.
    pub metrics: Vec<Figure>,
}

/// Compares two states. CPU work of a few seconds for large ones.
pub fn diff(from: &Side<'_>, to: &Side<'_>, options: DiffOptions) -> Diff {
    let DiffOptions { top, k } = options;
    let (old, new) = (from.view.inference(), to.view.inference());
    let (tables, movers) = rows::tables(old, new, top.min(TOP_MAX));
    let (k, top) = (k.clamp(1, K_MAX), top.min(TOP_MAX));
    Diff {
        from: compared(from),
        to: compared(to),
        tables,
        movers,
        neighbours: churn::neighbours(from.view, to.view, k, top),
        ranks: churn::ranks(from.view, to.view, k, top),
        configuration: settings::settings(&old.config, &new.config),
        metrics: settings::figures(from.metrics, to.metrics),
    }
}

fn compared(side: &Side<'_>) -> Compared {
    let counts = side.view.counts();
    Compared {
        version: match side.view.served() {
            Served::Live => None,
            Served::Version(number) => Some(number),
        },
        label: side.label.map(str::to_owned),
        position: side.view.position(),
        digest: side.digest,
        users: counts.users,
        items: counts.items,
        events: counts.events,
    }
}
