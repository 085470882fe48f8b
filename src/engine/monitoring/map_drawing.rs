//! Drawing of a map: a sample of a view's items, and the points that a basis gives them.

use std::sync::Arc;

use shelfmark_domain::{Id, Position, VersionNumber};
use shelfmark_monitor::map::{Projection, first_event_ranks, popularity, sample};
use shelfmark_serving::View;

/// The state whose principal directions are the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasisState {
    /// A version.
    Version(VersionNumber),
    /// The live state as it was at a position.
    Position(Position),
}

/// A map: rows of a view, and the projection that gives each its point.
pub struct Map {
    /// The state that is drawn.
    pub view: Arc<View>,
    /// Its rows: the sample, then those that were asked for.
    pub rows: Vec<u32>,
    /// Coordinates of the rows, x and y by turns.
    pub points: Vec<f32>,
    /// Decayed number of events of each row.
    pub popularity: Vec<f32>,
    /// How many items had their first event before each row had its own; `None` without an event.
    pub first_event_ranks: Vec<Option<u32>>,
    /// What fixes the coordinates.
    pub basis: Basis,
}

/// A projection and the state that it comes from.
#[derive(Clone)]
pub struct Basis {
    /// The state.
    pub state: BasisState,
    /// `None` while the state has fewer than three items.
    pub projection: Option<Arc<Projection>>,
}

/// Draws a view: the sample of the live view, then the items that were asked for. Reads every item.
pub(super) fn draw(view: Arc<View>, live: &View, basis: Basis, size: usize, ids: &[Id]) -> Map {
    let sampled = sample(live, size);
    let mut rows: Vec<u32> = match Arc::as_ptr(&view) == std::ptr::from_ref(live) {
        true => sampled,
        // States of different lines number their rows differently.
        false => sampled.iter().filter_map(|row| view.row(live.inference().catalog.id(*row).as_str())).collect(),
    };
    let drawn: std::collections::BTreeSet<u32> = rows.iter().copied().collect();
    let asked: std::collections::BTreeSet<u32> = ids.iter().filter_map(|id| view.row(id.as_str())).collect();
    rows.extend(asked.difference(&drawn));
    let points = points(&view, &rows, basis.projection.as_deref());
    let popularity = rows.iter().map(|row| popularity(&view, *row)).collect();
    let first_event_ranks = first_event_ranks(&view, &rows);
    Map { rows, points, popularity, first_event_ranks, basis, view }
}

/// Coordinates of rows; zeros without a projection, or when vectors have another length.
pub(super) fn points(view: &View, rows: &[u32], projection: Option<&Projection>) -> Vec<f32> {
    let projection = projection.filter(|projection| projection.dim() == view.inference().config.dim);
    let point = |row: &u32| projection.map_or([0.0; 2], |projection| projection.point(view.vector(*row)));
    rows.iter().flat_map(point).collect()
}
