//! Map of a model's items: the basis that fixes the coordinates, the states that are drawn, and the moves of live.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Semaphore;

use crate::engine::{
    EngineError,
    blocking::blocking,
    deployment::readers::Readers,
    monitoring::{
        map_drawing::{Basis, BasisState, Map, draw},
        map_moves::{MapFeed, MapMoves},
        monitor::Monitor,
    },
    replay::trace::{replay_through, state_before},
    stores::Stores,
};
use shelfmark_domain::{Id, Position, Served, VersionRef};
use shelfmark_learner::Observer;
use shelfmark_monitor::map::Projection;
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{State, Unit};

/// Projections that are kept, the newest used.
const BASES_MAX: usize = 8;
/// Streams of moves that may be open.
pub const MAP_STREAMS_MAX: usize = 64;

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

/// Basis and size of the sample of a feed.
type FeedKey = (BasisState, usize);

/// What the maps of one model share.
pub struct Maps {
    stores: Arc<Stores>,
    readers: Arc<Readers>,
    monitor: Arc<Monitor>,
    bases: Mutex<VecDeque<(BasisState, Arc<Projection>)>>,
    streams: Arc<Semaphore>,
    /// What is followed now, by basis and size of the sample. Each lives as long as its followers.
    feeds: Mutex<Vec<(FeedKey, Weak<MapFeed>)>>,
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
        Self { stores, readers, monitor, bases: Mutex::default(), streams, feeds: Mutex::default() }
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
        let feed = self.feed(basis, request.sample);
        Ok(MapMoves::new(feed, request.ids, permit))
    }

    /// The feed of all who follow this basis and sample.
    fn feed(&self, basis: Basis, sample: usize) -> Arc<MapFeed> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|(_, feed)| feed.strong_count() > 0);
        let key = (basis.state, sample);
        if let Some(feed) = feeds.iter().find(|(other, _)| *other == key).and_then(|(_, feed)| feed.upgrade()) {
            return feed;
        }
        let feed = Arc::new(MapFeed::new(Arc::clone(&self.readers), basis, sample));
        feeds.push((key, Arc::downgrade(&feed)));
        feed
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
