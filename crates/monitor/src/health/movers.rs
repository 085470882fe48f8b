//! Which items moved most since a version.

use serde::Serialize;

use shelfmark_domain::{Id, Item};
use shelfmark_state::{InferenceState, distance, dot};

/// Items listed.
pub const MOVERS_MAX: usize = 50;

/// An item whose vector moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mover {
    /// The item.
    pub item: Id,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Length of its vector in the version.
    pub norm_before: f32,
    /// Length now.
    pub norm_now: f32,
    /// Distance between the two.
    pub distance: f32,
    /// Distance over the longer of the two vectors: 0 unmoved, 2 turned round.
    pub relative: f32,
    /// Cosine between the two.
    pub cosine: f32,
}

impl Mover {
    /// Of an item and its vector before and now.
    pub fn of(item: &Item, before: &[f32], now: &[f32]) -> Self {
        let (norm_before, norm_now) = (dot(before, before).sqrt(), dot(now, now).sqrt());
        Self {
            item: item.id.clone(),
            title: item.title.clone(),
            norm_before,
            norm_now,
            distance: distance(before, now),
            relative: relative_distance(before, now),
            cosine: cosine(before, now),
        }
    }
}

/// Cosine of two vectors; 0 when either is 0.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
    (dot(a, b) / lengths.max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0)
}

/// Distance between two vectors over the length of the longer one; 0 when both are 0.
pub fn relative_distance(before: &[f32], now: &[f32]) -> f32 {
    let longer = dot(before, before).max(dot(now, now)).sqrt();
    if longer > 0.0 { distance(before, now) / longer } else { 0.0 }
}

/// The [`MOVERS_MAX`] of `moved` (item rows with their relative distance) that moved most, farthest first.
pub(super) fn movers(mut moved: Vec<(f32, u32)>, before: &InferenceState, now: &InferenceState) -> Vec<Mover> {
    moved.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    moved.truncate(MOVERS_MAX);
    let mover = |(_, row): (f32, u32)| {
        let [old, new] = [before, now].map(|inference| inference.parameters.items.row(row as usize));
        Mover::of(&now.catalog.entry(row).item, old, new)
    };
    moved.into_iter().filter(|(relative, _)| *relative > 0.0).map(mover).collect()
}
