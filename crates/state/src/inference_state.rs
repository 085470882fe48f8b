//! Readable part of a state: what answers depend on, and what a view holds.

use std::{hint::black_box, sync::Arc};

use shelfmark_domain::{Event, ModelConfig, Timestamp};

use super::{
    Catalog, ContentVectors, Context, ContextScratch, CounterRng, Counters, CowVec, EntryPopularity, History,
    HistoryKinds, IdMap, Labelled, POPULARITY_COLUMNS, Parameters, PastEvent, Popularity, Scalars, TransitionRow,
    add_scaled, add_scaled_4, context::ContextBuilder, dot,
};

/// Stream of the random numbers for exploration.
const DRAWS_EXPLORE: u64 = 4;

/// A user or session with a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Row of a user.
    User(u32),
    /// Row of a session without a user.
    Session(u32),
}

impl Actor {
    /// Encodes the actor as one number; 0 is left for nobody.
    pub(super) fn code(self) -> u64 {
        match self {
            Self::User(row) => u64::from(row) * 2 + 1,
            Self::Session(row) => u64::from(row) * 2 + 2,
        }
    }
}

/// Everything that an answer depends on. Clones are cheap and share rows.
#[derive(Debug, Clone)]
pub struct InferenceState {
    /// Model configuration.
    pub config: Arc<ModelConfig>,
    /// Item catalogue.
    pub catalog: Catalog,
    /// Ids of users.
    pub users: IdMap,
    /// Ids of sessions without a user.
    pub sessions: IdMap,
    /// Names of event kinds.
    pub kinds: IdMap,
    /// Names of circumstances.
    pub contexts: IdMap,
    /// Histories by user row.
    pub user_histories: CowVec<Arc<History>>,
    /// Histories by session row.
    pub session_histories: CowVec<Arc<History>>,
    /// Popularity by item row.
    pub popularity: CowVec<Popularity>,
    /// Entry popularity by item row. Empty in a state of an earlier build, until it learns.
    pub entries: CowVec<EntryPopularity>,
    /// Profiles, by user row, up to the last user who has one.
    pub profiles: CowVec<Arc<Labelled>>,
    /// Number of entries counted: the clock of `entries`.
    pub entries_counted: u64,
    /// Transition memory by item row.
    pub memory: CowVec<Arc<TransitionRow>>,
    /// Content vectors: what dense vectors add to item vectors.
    pub content_vectors: ContentVectors,
    /// Learned weights.
    pub parameters: Parameters,
    /// Counters.
    pub counters: Counters,
}

impl InferenceState {
    pub(super) fn empty(config: Arc<ModelConfig>) -> Self {
        let dim = config.dim;
        Self {
            config,
            catalog: Catalog::default(),
            users: IdMap::default(),
            sessions: IdMap::default(),
            kinds: IdMap::default(),
            contexts: IdMap::default(),
            user_histories: CowVec::default(),
            session_histories: CowVec::default(),
            popularity: CowVec::default(),
            entries: CowVec::default(),
            profiles: CowVec::default(),
            entries_counted: 0,
            memory: CowVec::default(),
            content_vectors: ContentVectors::new(dim),
            parameters: Parameters::new(dim, Scalars::initial()),
            counters: Counters::default(),
        }
    }

    /// Looks up a user by id.
    #[inline]
    pub fn user(&self, id: &str) -> Option<Actor> {
        self.users.get(id).map(Actor::User)
    }

    /// Looks up a session by id.
    #[inline]
    pub fn session(&self, id: &str) -> Option<Actor> {
        self.sessions.get(id).map(Actor::Session)
    }

    /// Returns an actor's history.
    #[inline]
    pub fn history(&self, actor: Actor) -> &History {
        match actor {
            Actor::User(row) => &self.user_histories[row as usize],
            Actor::Session(row) => &self.session_histories[row as usize],
        }
    }

    /// Returns the context of a query by `actor` at time `at`.
    pub fn context(&self, actor: Actor, at: Timestamp, scratch: &mut ContextScratch) -> Context {
        self.context_with(actor, self.history(actor), at, scratch)
    }

    /// Returns the context of a query by `actor` as if `history` were the actor's.
    pub fn context_with(
        &self,
        actor: Actor,
        history: &History,
        at: Timestamp,
        scratch: &mut ContextScratch,
    ) -> Context {
        let user = match actor {
            Actor::User(row) => Some(row),
            Actor::Session(_) => None,
        };
        self.context_builder().build(user, history, 0, at, scratch)
    }

    /// Returns the context of a query by a history that is not stored, such as a visit sent with a request.
    pub fn context_of(&self, history: &History, at: Timestamp, scratch: &mut ContextScratch) -> Context {
        self.context_builder().build(None, history, 0, at, scratch)
    }

    /// Iterates over the events that a query by this history uses, newest first: its context's `history`.
    #[inline]
    pub fn query_history<'a>(&self, history: &'a History) -> impl Iterator<Item = PastEvent> + use<'a> {
        self.context_builder().query_events(history, 0).map(|(past, _)| past)
    }

    pub(super) fn context_builder(&self) -> ContextBuilder<'_> {
        ContextBuilder {
            items: self.catalog.len(),
            history_max: self.config.history,
            by_unit: self.config.history_units,
            pool_dislikes: self.config.dislikes,
            memory: self.config.memory.then_some(&self.memory),
            now: self.counters.events,
            kinds: self.history_kinds(),
        }
    }

    /// Returns the kinds that histories treat in a way of their own.
    pub fn history_kinds(&self) -> HistoryKinds {
        let lasting = self.config.lasting_kinds.iter().filter_map(|kind| self.kinds.get(kind)).collect();
        // A kind whose weight is by value counts as one of weight 1 where an event has no stance of its own.
        let constant = self.config.kinds.iter().filter_map(|(kind, weight)| Some((kind, weight.constant()?)));
        let below = |limit: fn(f32) -> bool| {
            let kinds = constant.clone().filter(move |(_, weight)| limit(*weight));
            kinds.filter_map(|(kind, _)| self.kinds.get(kind)).collect()
        };
        let (non_positive, negative) = (below(|weight| weight <= 0.0), below(|weight| weight < 0.0));
        HistoryKinds { non_positive, negative, lasting }
    }

    /// Returns the rows of those circumstances that events have named before, ascending, distinct.
    pub fn context_rows<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
        if !self.config.context {
            return Vec::new();
        }
        let mut rows: Vec<u32> = names.into_iter().filter_map(|name| self.contexts.get(name)).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(Event::CONTEXT_MAX);
        rows
    }

    /// Computes the item vector with its content, `v_j = V_j + sum_t W_t / sqrt(tokens) + z_j`, into `out`, `[dim]`.
    #[inline]
    pub fn item_vector(&self, row: u32, out: &mut [f32]) {
        out.copy_from_slice(self.parameters.items.row(row as usize));
        let entry = self.catalog.entry(row);
        let factor = token_factor(entry.tokens.len());
        let token = |token: u32| self.parameters.tokens.row(token as usize);
        let (fours, rest) = entry.tokens.as_chunks::<4>();
        for four in fours {
            add_scaled_4(out, [factor; 4], four.map(token));
        }
        for one in rest {
            add_scaled(out, factor, token(*one));
        }
        if let Some(content) = entry.content {
            add_scaled(out, 1.0, self.content_vectors.row(content as usize));
        }
    }

    /// Prefetches the vectors of `rows`, see [`super::CowRows::prefetch`].
    #[inline]
    pub fn prefetch_items(&self, rows: &[u32]) {
        let [first, .., last] = rows else { return };
        let items = &self.parameters.items;
        if !items.is_scattered(*first, *last) {
            return;
        }
        let token = |row| self.catalog.entry(row).tokens.first().copied().unwrap_or(0);
        black_box(rows.iter().fold(0, |all, row| all ^ items.prefetch_leaf(*row as usize) ^ token(*row)));
        black_box(rows.iter().fold(0, |all, row| all ^ items.prefetch(*row as usize)));
    }

    /// Returns the exploration noise on an item's score: `explore * N(0, 1) / sqrt(1 + events)`, seeded by the answer's
    /// `seed`. `events` is the popularity at the half-life of 100,000 events.
    #[inline]
    pub fn exploration(&self, row: u32, seed: u64) -> f32 {
        let events = self.popularity[row as usize].counts(self.counters.counted)[2];
        let noise = CounterRng::new(seed, DRAWS_EXPLORE, u64::from(row)).normal();
        self.config.explore * noise / (1.0 + events).sqrt()
    }

    /// Returns `log(1 + count)` of an item's events and entries at each half-life.
    #[inline]
    pub fn popularity_logs(&self, row: u32) -> [f32; POPULARITY_COLUMNS] {
        let row = row as usize;
        let [a, b, c, d] = self.popularity[row].logs(self.counters.counted);
        let entry = if row < self.entries.len() { self.entries[row] } else { EntryPopularity::default() };
        let [ea, eb] = entry.logs(self.entries_counted);
        [a, b, c, d, ea, eb]
    }

    /// Returns what popularity adds to an item's score, given the weights of the query's context
    /// ([`Scalars::popularity_weights`]).
    #[inline]
    pub fn popularity_term(&self, row: u32, weights: &[f32; POPULARITY_COLUMNS]) -> f32 {
        dot(weights, &self.popularity_logs(row))
    }

    /// Returns the bias of an item in a query, `b_j + sum_h (wp_h + wpg[g0][h]) log(1 + pop_{h,j}) + sum_h we[g0][h]
    /// log(1 + entry_{h,j})`, given the weights of the query's context.
    #[inline]
    pub fn item_bias(&self, row: u32, weights: &[f32; POPULARITY_COLUMNS]) -> f32 {
        self.parameters.bias.row(row as usize)[0] + self.popularity_term(row, weights)
    }
}

/// Returns `1 / sqrt(count)`: the weight of each of several tokens or circumstances.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "an item has at most a few hundred tokens")]
pub fn token_factor(count: usize) -> f32 {
    1.0 / (count.max(1) as f32).sqrt()
}
