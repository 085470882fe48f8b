//! Map of a model's items: the basis that fixes the coordinates, the states that are drawn, and the moves of live.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::readers::Readers,
    monitoring::monitor::Monitor,
    replay::trace::{replay_through, state_before},
    stores::Stores,
};
use shelfmark_domain::{Id, Position, Served, VersionNumber, VersionRef};
use shelfmark_learner::Observer;
use shelfmark_monitor::map::{Projection, first_event_ranks, popularity, sample};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{State, Unit};

/// Projections that are kept, the newest used.
const BASES_MAX: usize = 8;
/// Streams of moves that may be open.
pub const MAP_STREAMS_MAX: usize = 64;
/// Moves of live are looked for this often.
const MOVES_INTERVAL: Duration = Duration::from_millis(400);
/// Shortest time between two samples of a stream, after which new items show.
const SAMPLE_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// A stream draws samples for one part in so many of its time, so that ten streams over a million items take 3% of a core.
const SAMPLE_REST: u32 = 300;

/// A state of the log or a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapState {
    /// The live state.
    Live,
    /// A version.
    Version(VersionRef),
    /// The state at the end of the append that holds a position; found by replay.
    Position(Position),
}

/// The state whose principal directions are the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasisState {
    /// A version.
    Version(VersionNumber),
    /// The live state as it was at a position.
    Position(Position),
}

/// Request for a map.
#[derive(Debug, Clone)]
pub struct MapRequest {
    /// The state that is drawn.
    pub state: MapState,
    /// The axes; left out, those of the newest version with enough items, else of the live state.
    pub basis: Option<MapState>,
    /// Number of sampled items.
    pub sample: usize,
    /// Items besides the sample.
    pub ids: Vec<Id>,
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

/// What the maps of one model share.
pub struct Maps {
    stores: Arc<Stores>,
    readers: Arc<Readers>,
    monitor: Arc<Monitor>,
    bases: Mutex<VecDeque<(BasisState, Arc<Projection>)>>,
    streams: Arc<Semaphore>,
}

/// Sees the steps of a replay, of which only the end is wanted.
struct Unobserved;

impl Observer for Unobserved {
    fn before_learning(&mut self, _: &State, _: &[Unit]) {}
}

impl Maps {
    /// Nothing is kept yet.
    pub fn new(stores: Arc<Stores>, readers: Arc<Readers>, monitor: Arc<Monitor>) -> Self {
        let streams = Arc::new(Semaphore::new(MAP_STREAMS_MAX));
        Self { stores, readers, monitor, bases: Mutex::default(), streams }
    }

    /// Draws a state. The sample is that of the live state, so that maps of several states show the same items.
    pub async fn map(&self, request: MapRequest) -> Result<Map, EngineError> {
        let basis = self.basis(request.basis.as_ref()).await?;
        let view = self.view(&request.state).await?;
        let live = self.readers.live.load_full();
        Ok(blocking(move || draw(view, &live, basis, request.sample, &request.ids)).await)
    }

    /// Follows the points of live.
    pub async fn follow(self: &Arc<Self>, request: MapRequest) -> Result<MapMoves, EngineError> {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let permit = permit.map_err(|_| EngineError::WatchBusy("too many maps are followed"))?;
        let basis = self.basis(request.basis.as_ref()).await?;
        Ok(MapMoves {
            maps: Arc::clone(self),
            sampled: request.sample,
            ids: request.ids,
            basis,
            seen: Seen::default(),
            _permit: permit,
        })
    }

    async fn basis(&self, wanted: Option<&MapState>) -> Result<Basis, EngineError> {
        let (state, view) = match wanted {
            None => match self.stores.versions.newest(None).await? {
                Some(manifest) => {
                    let basis = self.basis_of(BasisState::Version(manifest.version), None).await?;
                    if basis.projection.is_some() {
                        return Ok(basis);
                    }
                    self.live_basis()
                }
                None => self.live_basis(),
            },
            Some(MapState::Live) => self.live_basis(),
            Some(MapState::Version(version)) => {
                (BasisState::Version(self.stores.versions.get(version).await?.version), None)
            }
            Some(MapState::Position(position)) => (BasisState::Position(*position), None),
        };
        self.basis_of(state, view).await
    }

    fn live_basis(&self) -> (BasisState, Option<Arc<View>>) {
        let live = self.readers.live.load_full();
        (BasisState::Position(live.position()), Some(live))
    }

    async fn basis_of(&self, state: BasisState, view: Option<Arc<View>>) -> Result<Basis, EngineError> {
        if let Some(projection) = self.kept(state) {
            return Ok(Basis { state, projection: Some(projection) });
        }
        let view = match (view, state) {
            (Some(view), _) => view,
            (None, BasisState::Version(number)) => self.view(&MapState::Version(VersionRef::Number(number))).await?,
            (None, BasisState::Position(position)) => self.view(&MapState::Position(position)).await?,
        };
        let projection = blocking(move || Projection::of(&view)).await.map(Arc::new);
        if let Some(projection) = &projection {
            let mut bases = self.bases();
            bases.retain(|(kept, _)| *kept != state);
            if bases.len() == BASES_MAX {
                bases.pop_front();
            }
            bases.push_back((state, Arc::clone(projection)));
        }
        Ok(Basis { state, projection })
    }

    fn kept(&self, state: BasisState) -> Option<Arc<Projection>> {
        let mut bases = self.bases();
        let place = bases.iter().position(|(kept, _)| *kept == state)?;
        // To the end: the one that was not used for longest goes first.
        let kept = bases.remove(place)?;
        let projection = Arc::clone(&kept.1);
        bases.push_back(kept);
        Some(projection)
    }

    fn bases(&self) -> MutexGuard<'_, VecDeque<(BasisState, Arc<Projection>)>> {
        // Nothing panics halfway through a change.
        self.bases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn view(&self, state: &MapState) -> Result<Arc<View>, EngineError> {
        match state {
            MapState::Live => Ok(self.readers.live.load_full()),
            MapState::Version(version) => {
                let manifest = self.stores.versions.get(version).await?;
                let version = self.stores.version(manifest.version).await?;
                Ok(blocking(move || version.view()).await)
            }
            MapState::Position(position) => self.view_at(*position).await,
        }
    }

    /// The state at the end of the append that holds a position.
    async fn view_at(&self, position: Position) -> Result<Arc<View>, EngineError> {
        let live = self.readers.live.load_full();
        if live.position() == position {
            return Ok(live);
        }
        if live.position() < position {
            return Err(EngineError::NotReached { wanted: position, reached: live.position() });
        }
        let permit = self.monitor.work()?;
        // The state before the record after it: a state that stands exactly there needs no replay.
        let next = Position::new(position.get().saturating_add(1));
        let from = state_before(&self.stores, next, position).await?;
        let (state, reached) = if from.position == position {
            (from.state.clone(), position)
        } else {
            let (_, state, stretch) = Box::pin(replay_through(&self.stores, &from, position, Unobserved)).await?;
            (state, stretch.through)
        };
        let view = blocking(move || {
            let _permit = permit;
            Publisher::from_scratch(&state.inference, reached, Served::Live)
        });
        Ok(view.await)
    }
}

fn draw(view: Arc<View>, live: &View, basis: Basis, size: usize, ids: &[Id]) -> Map {
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
fn points(view: &View, rows: &[u32], projection: Option<&Projection>) -> Vec<f32> {
    let projection = projection.filter(|projection| projection.dim() == view.inference().config.dim);
    let point = |row: &u32| projection.map_or([0.0; 2], |projection| projection.point(view.vector(*row)));
    rows.iter().flat_map(point).collect()
}

/// What a follower was told last.
#[derive(Default)]
struct Seen {
    position: Option<Position>,
    rows: Vec<u32>,
    points: Vec<f32>,
    /// When the next sample is due; at once without one.
    sample_due: Option<Instant>,
}

/// Points of live that moved since the follower was told last.
pub struct Moves {
    /// The state that they are of.
    pub view: Arc<View>,
    /// Rows of it that moved or are new in the sample.
    pub rows: Vec<u32>,
    /// Coordinates of the rows, x and y by turns.
    pub points: Vec<f32>,
}

/// Follower of the points of live.
pub struct MapMoves {
    maps: Arc<Maps>,
    sampled: usize,
    ids: Vec<Id>,
    basis: Basis,
    seen: Seen,
    _permit: OwnedSemaphorePermit,
}

impl MapMoves {
    /// Waits for the next moves. The first answer has every point.
    pub async fn next(&mut self) -> Moves {
        loop {
            if self.seen.position.is_some() {
                tokio::time::sleep(MOVES_INTERVAL).await;
            }
            let live = self.maps.readers.live.load_full();
            if self.seen.position == Some(live.position()) {
                continue;
            }
            let seen = std::mem::take(&mut self.seen);
            let (size, ids, basis) = (self.sampled, self.ids.clone(), self.basis.clone());
            let moves;
            (moves, self.seen) = blocking(move || moved(live, seen, basis, size, &ids)).await;
            if !moves.rows.is_empty() {
                return moves;
            }
        }
    }
}

fn moved(live: Arc<View>, seen: Seen, basis: Basis, size: usize, ids: &[Id]) -> (Moves, Seen) {
    let position = live.position();
    // A restore takes rows away; otherwise they keep their numbers, and the sample need not be drawn each time.
    let still_there = seen.rows.iter().all(|row| (*row as usize) < live.inference().catalog.len());
    let started = Instant::now();
    let sampled = still_there
        && seen.position.is_some_and(|seen| seen < position)
        && seen.sample_due.is_some_and(|due| started < due);
    let (rows, points, sample_due) = if sampled {
        let points = points(&live, &seen.rows, basis.projection.as_deref());
        (seen.rows.clone(), points, seen.sample_due)
    } else {
        let map = draw(Arc::clone(&live), &live, basis, size, ids);
        let rest = (started.elapsed() * SAMPLE_REST).max(SAMPLE_INTERVAL_MIN);
        (map.rows, map.points, Some(Instant::now() + rest))
    };
    let before: std::collections::HashMap<u32, [f32; 2]> =
        seen.rows.iter().copied().zip(seen.points.chunks_exact(2).map(|point| [point[0], point[1]])).collect();
    let mut moves = Moves { view: live, rows: Vec::new(), points: Vec::new() };
    for (row, point) in rows.iter().zip(points.chunks_exact(2)) {
        if before.get(row).is_none_or(|before| before != point) {
            moves.rows.push(*row);
            moves.points.extend_from_slice(point);
        }
    }
    (moves, Seen { position: Some(position), rows, points, sample_due })
}
