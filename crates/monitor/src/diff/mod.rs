//! Diff of two states of a model: rows, answers, configuration and figures. A pure function from two views to a
//! [`Diff`].
//!
//! **Purpose.** It compares two versions, or a version and the live state, and shows beforehand what a rollback would
//! change.
//!
//! **Promises.**
//! - Rows are matched by id, not by number, since versions of different lineages number their rows differently.
//! - A row counts as moved when its bits differ. All rows are compared.
//! - Neighbours and recommendations need a pass over all items for each list, so they are sampled, and the diff says
//!   how many were compared. The sample depends on ids alone, so equal states give equal diffs, and diffs of one model
//!   are comparable.
//!
//! **Must not know** where the states come from. It neither loads nor waits.
//!
//! **Bounds.** [`SAMPLE`] items and as many users. Lists have at most [`TOP_MAX`] entries and [`K_MAX`] places. Memory:
//! 20 bytes for each moved row of the largest table. Time with 1,000,000 items of 64 values: a few seconds, so call it
//! outside the async workers.

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

/// Maximum number of entries of a list.
pub const TOP_MAX: usize = 1000;
/// Maximum length of a list of neighbours or recommendations.
pub const K_MAX: usize = 100;

/// Input: one of the two states.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The state as readers see it.
    pub view: &'a View,
    /// The version's label, if it has one.
    pub label: Option<&'a str>,
    /// The state's digest, where it is known.
    pub digest: Option<Digest>,
    /// Figures of the state: the `metrics` of its manifest.
    pub metrics: &'a serde_json::Value,
}

/// Size of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffOptions {
    /// Maximum number of entries of each list, at most [`TOP_MAX`].
    pub top: usize,
    /// Length of the compared lists of neighbours and recommendations, 1 to [`K_MAX`].
    pub k: usize,
}

/// One of the two states of a diff.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Compared {
    /// The version's number; null for the live state.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub version: Option<VersionNumber>,
    /// The version's label.
    pub label: Option<String>,
    /// Position of the state.
    pub position: Position,
    /// Its digest; null for the live state, whose digest is not computed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub digest: Option<Digest>,
    /// Number of users with an event.
    pub users: u64,
    /// Number of items, without removed ones.
    pub items: u64,
    /// Number of events applied.
    pub events: u64,
}

/// Differences of two states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diff {
    /// The state before.
    pub from: Compared,
    /// The state after.
    pub to: Compared,
    /// Learned rows by table. All rows are compared.
    pub tables: Vec<TableDiff>,
    /// Items whose vector moved farthest (`distance`), farthest first; `before` is `from`, `now` is `to`.
    pub movers: Vec<Mover>,
    /// Changes of the neighbours of sampled items.
    pub neighbours: Churn,
    /// Changes of the recommendations for sampled users.
    pub ranks: RankChurn,
    /// Settings that differ.
    pub configuration: Vec<Setting>,
    /// Figures of the two states side by side.
    pub metrics: Vec<Figure>,
}

/// Compares two states. Takes a few seconds of CPU for large ones.
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
