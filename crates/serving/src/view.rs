//! View: the handle that readers hold.

use std::sync::Arc;

use shelfmark_domain::{
    Embedding, Filter, ForgottenUser, Id, Item, Position, Query, Recommendations, ScoredItem, Served, Timestamp,
};
use shelfmark_state::{InferenceState, TableFootprint, dot};

use super::{
    QueryError, RowMask, SearchScratch,
    filters::Filters,
    index::Index,
    plan::{self, Plan},
    published,
    scan::scan,
    score::best_of_all,
    scratch::with_scratch,
    search::Search,
};

/// Values of all vectors of a view, at most, that is searched where the query arrives: 16,384 rows of 64.
const AT_ONCE_VALUES_MAX: usize = 1 << 20;
/// Rows of such an answer at most.
const AT_ONCE_LIMIT_MAX: usize = 100;

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
    pub(super) inference: InferenceState,
    pub(super) index: Index,
    pub(super) filters: Arc<Filters>,
    pub(super) items: u64,
}

impl View {
    pub(super) const fn new(position: Position, served: Served, snapshot: Arc<Snapshot>) -> Self {
        Self { position, served, snapshot }
    }

    /// The same state under another name: a version that was just taken of it, say. Shares everything.
    #[must_use]
    pub fn served_as(&self, served: Served) -> Arc<Self> {
        Arc::new(Self { served, ..self.clone() })
    }

    /// The same state without a forgotten user's id. Shares everything else.
    #[must_use]
    pub fn forgetting(&self, user: &ForgottenUser) -> Arc<Self> {
        let Snapshot { inference, index, filters, items } = &*self.snapshot;
        let mut inference = inference.clone();
        inference.forget_ids(user);
        let snapshot = Snapshot { inference, index: index.clone(), filters: Arc::clone(filters), items: *items };
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
    pub fn inference(&self) -> &InferenceState {
        &self.snapshot.inference
    }

    #[cfg(test)]
    pub(super) fn index(&self) -> &Index {
        &self.snapshot.index
    }

    /// How much it holds.
    pub fn counts(&self) -> Counts {
        let inference = self.inference();
        Counts { users: inference.users.count() as u64, items: self.snapshot.items, events: inference.counters.events }
    }

    /// What the state takes, and what is searched of it, table by table.
    pub fn footprint(&self) -> Vec<TableFootprint> {
        let Snapshot { inference, index, filters, .. } = &*self.snapshot;
        let search = index.bytes() + published::kept_bytes(&inference.catalog);
        let mut tables = inference.footprint();
        tables.push(TableFootprint { table: "search", rows: inference.catalog.len() as u64, bytes: search as u64 });
        tables.push(TableFootprint { table: "filters", rows: filters.len(), bytes: filters.bytes() as u64 });
        tables
    }

    /// An item's metadata (bare when only events named it). `None`: unknown or removed.
    pub fn item(&self, id: &str) -> Option<Arc<Item>> {
        self.row(id).map(|row| Arc::clone(&self.inference().catalog.entry(row).item))
    }

    /// An item's vector, content included. `None`: unknown or removed.
    pub fn item_embedding(&self, id: &str) -> Option<Embedding> {
        self.row(id).map(|row| self.embedding_of(row))
    }

    /// A user's query vector as of `at`, `[dim]`. `None`: never seen.
    pub fn user_embedding(&self, id: &str, at: Timestamp) -> Option<Embedding> {
        let inference = self.inference();
        let actor = inference.user(id)?;
        let q = with_scratch(|scratch| {
            let context = inference.context(actor, at, &mut scratch.context);
            plan::composed(self, &context).q
        });
        let id = Id::new("id", id).ok()?;
        Some(Embedding::new(id, q, self.position))
    }

    /// Items whose vectors point the same way (cosine), best first, the item itself and those that may not be
    /// recommended left out, as well as those that `filter` does not admit. `limit` is 1 to
    /// [`Query::LIMIT_MAX`]. Blocking CPU work: use [`super::Searcher::similar`] from async code.
    pub fn similar(&self, item: &Id, limit: usize, filter: &Filter) -> Result<Vec<ScoredItem>, QueryError> {
        let mut search = plan::similar(self, item, limit, filter)?;
        self.scan(&mut [&mut search]);
        Ok(plan::similar_items(self, search))
    }

    /// Similar items of several items with one pass over all, in order; each as by [`View::similar`].
    pub fn similar_batch(&self, items: &[&Id], limit: usize) -> Vec<Result<Vec<ScoredItem>, QueryError>> {
        let filter = Filter::default();
        let mut planned: Vec<Result<Search, QueryError>> =
            items.iter().map(|item| plan::similar(self, item, limit, &filter)).collect();
        let mut searches: Vec<&mut Search> = planned.iter_mut().filter_map(|search| search.as_mut().ok()).collect();
        self.scan(&mut searches);
        planned.into_iter().map(|search| search.map(|search| plan::similar_items(self, search))).collect()
    }

    /// Answers a query on the calling thread. Blocking CPU work: use [`super::Searcher::recommend`] from async code.
    pub fn recommend(&self, query: &Query) -> Result<Recommendations, QueryError> {
        with_scratch(|scratch| self.recommend_batch(&[query], scratch).pop().expect("one query has one answer"))
    }

    /// The vector that a query searches with, `[dim]`: the one point where a user, a visit or circumstances end up.
    /// Empty when nothing is known of the subject.
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

    /// Rows that a query finds, and the rows that scoring every row finds.
    pub(super) fn best_rows_both_ways(&self, query: &Query) -> Result<(Vec<u32>, Vec<u32>), QueryError> {
        let mut search = with_scratch(|scratch| Plan::new(self, query, scratch).map(|plan| plan.search))?;
        let best = best_of_all(self.inference(), &search).iter().map(|hit| hit.row).collect();
        self.scan(&mut [&mut search]);
        Ok((search.top.into_hits().map(|hit| hit.row).collect(), best))
    }

    /// Whether a query is answered in some 50 microseconds, so that handing it to another thread would cost as much.
    pub(super) fn answers_at_once(&self, query: &Query) -> bool {
        let inference = self.inference();
        inference.catalog.len() * inference.config.dim <= AT_ONCE_VALUES_MAX
            && query.limit <= AT_ONCE_LIMIT_MAX
            && query.diversity <= 0.0
            && query.boosts.is_empty()
            && query.group_by.is_none()
            && !query.with_explanation
            && inference.config.explore <= 0.0
    }

    pub(super) fn scan(&self, searches: &mut [&mut Search]) {
        if searches.is_empty() {
            return;
        }
        scan(&self.snapshot.index, &self.snapshot.inference, searches);
    }

    /// Whether both are the same state, so that one pass serves both.
    pub(super) fn same_snapshot(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }

    /// The row of an item that is not removed.
    pub fn row(&self, id: &str) -> Option<u32> {
        let catalog = &self.inference().catalog;
        // Metadata lie all over memory; what may be recommended is not removed.
        let there = |row: u32| self.snapshot.index.may_be_recommended(row as usize) || !catalog.entry(row).removed;
        catalog.row(id).filter(|row| there(*row))
    }

    /// Whether an item is there and may be recommended.
    pub fn is_recommendable(&self, id: &str) -> bool {
        let row = self.inference().catalog.row(id);
        row.is_some_and(|row| self.snapshot.index.may_be_recommended(row as usize))
    }

    /// The rows that may be recommended and that `filter` admits; `None` for all that may be recommended.
    pub fn matching(&self, filter: &Filter) -> Option<RowMask> {
        (!filter.is_empty()).then(|| self.snapshot.filters.rows(filter))
    }

    /// The same, of a filter that nobody asks with again.
    pub(super) fn filtered_once(&self, filter: &Filter) -> RowMask {
        self.snapshot.filters.rows_once(filter)
    }

    /// The rows that may be answered; `None` for all. `among` are the only items that are answered.
    pub(super) fn admitted(&self, filter: &Filter, among: Option<&[Id]>) -> Option<RowMask> {
        let filtered = self.matching(filter);
        let Some(among) = among else { return filtered };
        let rows = among.iter().filter_map(|id| self.inference().catalog.row(id.as_str()));
        let rows = rows.filter(|row| filtered.as_ref().is_none_or(|filtered| filtered.contains(*row)));
        Some(RowMask::from_rows(&rows.collect()))
    }

    /// The vector of an item's row, content included, `[dim]`.
    pub fn vector(&self, row: u32) -> &[f32] {
        self.snapshot.index.vector(row as usize)
    }

    /// The vector of an item's row with length 1, `[dim]`; zero when it is.
    pub(super) fn direction(&self, row: u32) -> Vec<f32> {
        let mut vector = self.vector(row).to_vec();
        let norm = dot(&vector, &vector).sqrt();
        if norm > 0.0 {
            vector.iter_mut().for_each(|value| *value /= norm);
        }
        vector
    }

    /// The vector of an item's row with its id and position.
    pub fn embedding_of(&self, row: u32) -> Embedding {
        Embedding::new(self.inference().catalog.id(row).clone(), self.vector(row).to_vec(), self.position)
    }
}
