//! The handle that readers hold.

use std::sync::Arc;

use crate::{
    domain::{
        Embedding, Forgotten, Id, Item, ModelConfig, Position, Query, Recommendations, ScoredItem, Served, Timestamp,
    },
    state::{Readable, State},
};

use super::{
    Publisher, QueryError, SearchScratch,
    plan::{self, Plan},
    scan::{Columns, Search, scan},
    scratch::with_scratch,
    tiles::{Line, Tiles},
};

/// How much a view holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Users with an event.
    pub users: u64,
    /// Items, by event or metadata, without removed ones.
    pub items: u64,
    /// Events applied.
    pub events: u64,
}

/// An immutable state for readers, at one position (P5).
#[derive(Debug, Clone)]
pub struct View {
    position: Position,
    served: Served,
    snapshot: Arc<Snapshot>,
}

/// What a view shares with its copies.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) readable: Readable,
    pub(super) tiles: Tiles,
    pub(super) bias: Vec<Line>,
    pub(super) items: u64,
}

impl View {
    pub(super) const fn new(position: Position, served: Served, snapshot: Arc<Snapshot>) -> Self {
        Self { position, served, snapshot }
    }

    /// The view before the first record.
    pub fn empty(config: Arc<ModelConfig>) -> Arc<Self> {
        Publisher::from_scratch(&State::empty(config).readable, Position::ZERO, Served::Live)
    }

    /// The same state under another name: a version that was just taken of it, say. Shares everything.
    #[must_use]
    pub fn served_as(&self, served: Served) -> Arc<Self> {
        Arc::new(Self { served, ..self.clone() })
    }

    /// The same state without a forgotten user's id. Shares everything else; costs the bias column.
    #[must_use]
    pub fn forgetting(&self, user: &Forgotten) -> Arc<Self> {
        let Snapshot { readable, tiles, bias, items } = &*self.snapshot;
        let mut readable = readable.clone();
        readable.users.forget(user);
        let snapshot = Snapshot { readable, tiles: tiles.clone(), bias: bias.clone(), items: *items };
        Arc::new(Self::new(self.position, self.served, Arc::new(snapshot)))
    }

    /// Where it stands.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Whether it is the live state or a version.
    pub const fn served(&self) -> Served {
        self.served
    }

    /// The state behind it.
    pub fn readable(&self) -> &Readable {
        &self.snapshot.readable
    }

    /// How much it holds.
    pub fn counts(&self) -> Counts {
        let readable = self.readable();
        Counts { users: readable.users.len() as u64, items: self.snapshot.items, events: readable.counters.events }
    }

    /// An item's metadata (bare when only events named it). `None`: unknown or removed.
    pub fn item(&self, id: &str) -> Option<Arc<Item>> {
        self.row(id).map(|row| Arc::clone(&self.readable().catalog.entry(row).item))
    }

    /// An item's vector, content included. `None`: unknown or removed.
    pub fn item_embedding(&self, id: &str) -> Option<Embedding> {
        self.row(id).map(|row| self.embedding_of(row))
    }

    /// A user's query vector as of `at`, `[dim]`. `None`: never seen.
    pub fn user_embedding(&self, id: &str, at: Timestamp) -> Option<Embedding> {
        let readable = self.readable();
        let actor = readable.user(id)?;
        let q = with_scratch(|scratch| {
            let context = readable.context(actor, at, &mut scratch.context);
            plan::query_vector(readable, &context, &mut scratch.history)
        });
        let id = Id::new("id", id).ok()?;
        Some(Embedding::new(id, q, self.position))
    }

    /// Items whose vectors point the same way (cosine), best first, the item itself and those that may not be
    /// recommended left out; `category` must be one of an item's, letter by letter. `limit` is 1 to
    /// [`Query::LIMIT_MAX`]. Blocking CPU work: use [`super::Searcher::similar`] from async code.
    pub fn similar(&self, item: &Id, limit: usize, category: Option<&str>) -> Result<Vec<ScoredItem>, QueryError> {
        let mut search = plan::similar(self, item, limit, category)?;
        self.scan(&mut [&mut search]);
        Ok(plan::similar_items(self, search))
    }

    /// Similar items of several items with one pass over all, in order; each as by [`View::similar`].
    pub fn similar_batch(&self, items: &[&Id], limit: usize) -> Vec<Result<Vec<ScoredItem>, QueryError>> {
        let mut planned: Vec<Result<Search, QueryError>> =
            items.iter().map(|item| plan::similar(self, item, limit, None)).collect();
        let mut searches: Vec<&mut Search> = planned.iter_mut().filter_map(|search| search.as_mut().ok()).collect();
        self.scan(&mut searches);
        planned.into_iter().map(|search| search.map(|search| plan::similar_items(self, search))).collect()
    }

    /// Answers a query on the calling thread. Blocking CPU work: use [`super::Searcher::recommend`] from async code.
    pub fn recommend(&self, query: &Query) -> Result<Recommendations, QueryError> {
        with_scratch(|scratch| self.recommend_batch(&[query], scratch).pop().expect("one query has one answer"))
    }

    /// The vector that a query searches with, `[dim]`: the one point where a user, a visit or circumstances end up. Empty
    /// when nothing is known of the subject.
    pub fn query_vector(&self, query: &Query) -> Result<Vec<f32>, QueryError> {
        with_scratch(|scratch| Ok(Plan::new(self, query, scratch)?.search.vector))
    }

    /// Answers several queries with one pass over the items, in order.
    pub fn recommend_batch(
        &self,
        queries: &[&Query],
        scratch: &mut SearchScratch,
    ) -> Vec<Result<Recommendations, QueryError>> {
        let mut plans: Vec<Result<Plan<'_>, QueryError>> =
            queries.iter().map(|query| Plan::new(self, query, scratch)).collect();
        let mut searches: Vec<&mut Search> =
            plans.iter_mut().filter_map(|plan| plan.as_mut().ok()).map(|plan| &mut plan.search).collect();
        self.scan(&mut searches);
        plans.into_iter().map(|plan| plan.map(|plan| plan.answer(self))).collect()
    }

    pub(super) fn scan(&self, searches: &mut [&mut Search]) {
        if searches.is_empty() {
            return;
        }
        let snapshot = &*self.snapshot;
        let columns = Columns { tiles: &snapshot.tiles, bias: &snapshot.bias, catalog: &snapshot.readable.catalog };
        scan(columns, searches);
    }

    /// Whether both are the same state, so that one pass serves both.
    pub(super) fn same_snapshot(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }

    /// The row of an item that is not removed.
    pub fn row(&self, id: &str) -> Option<u32> {
        let catalog = &self.readable().catalog;
        catalog.row(id).filter(|row| !catalog.entry(*row).removed)
    }

    /// The vector of an item's row, content included.
    pub fn embedding_of(&self, row: u32) -> Embedding {
        let readable = self.readable();
        let mut values = vec![0.0; readable.config.dim];
        readable.item_vector(row, &mut values);
        Embedding::new(readable.catalog.id(row).clone(), values, self.position)
    }
}
