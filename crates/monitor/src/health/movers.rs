//! Movers: the items that moved most since a version.

use serde::Serialize;

use shelfmark_domain::{Id, Item};
use shelfmark_state::{InferenceState, distance, dot};

/// Maximum number of listed items.
pub const MOVERS_MAX: usize = 50;

/// Item whose vector moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mover {
    /// The item.
    pub item: Id,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Norm of its vector in the version.
    pub norm_before: f32,
    /// Norm of its vector now.
    pub norm_now: f32,
    /// Euclidean distance of the two vectors.
    pub distance: f32,
    /// Distance over the norm of the longer vector: 0 unmoved, 2 reversed.
    pub relative: f32,
    /// Cosine of the two vectors.
    pub cosine: f32,
}

impl Mover {
    /// Compares an item's vector before and now, each `[dim]`.
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

/// Computes the cosine of two vectors; 0 when either is 0.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
    (dot(a, b) / lengths.max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0)
}

/// Computes the distance of two vectors over the norm of the longer one; 0 when both are 0.
pub fn relative_distance(before: &[f32], now: &[f32]) -> f32 {
    let longer = dot(before, before).max(dot(now, now)).sqrt();
    if longer > 0.0 { distance(before, now) / longer } else { 0.0 }
}

/// Lists the [`MOVERS_MAX`] items that moved most, farthest first. `moved` has item rows with their relative distances.
pub(super) fn movers(mut moved: Vec<(f32, u32)>, before: &InferenceState, now: &InferenceState) -> Vec<Mover> {
    moved.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    moved.truncate(MOVERS_MAX);
    let mover = |(_, row): (f32, u32)| {
        let [old, new] = [before, now].map(|inference| inference.parameters.items.row(row as usize));
        Mover::of(&now.catalog.entry(row).item, old, new)
    };
    moved.into_iter().filter(|(relative, _)| *relative > 0.0).map(mover).collect()
}
