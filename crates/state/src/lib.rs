//! The state of one model at one position: everything that its answers and its next step depend on.
//!
//! **Promises.** Tables are copy-on-write: a clone costs a pointer for every 512 rows, and a write copies 8 rows at
//! most. Rows are numbered in log order, so that replicas number them alike (P4). [`Table`] lists what a state is made
//! of. The digest and the stored form share one encoding of rows, so what is stored is what is compared (P7).
//!
//! **Must not know** torch, Postgres, a file, a clock or a thread. It is arithmetic and memory only; random numbers
//! come from [`CounterRng`], seeded by position.
//!
//! **Used by** the learner, which writes it; views and versions hold clones.
//!
//! **Bounds.** A history keeps 1,000 to 1,125 events, a memory row 128 entries, the ring of newest events 32,768. At
//! most 65,536 circumstances have a vector. Dense vectors are of at most 16 modalities with 16,384 numbers together.

mod apply;
mod assembler;
mod base_weights;
mod bits;
mod catalog;
mod content_vectors;
mod context;
mod cow_vec;
mod digest;
mod footprint;
mod forget;
mod history;
mod id_index;
mod idle;
mod interner;
mod math;
mod parameters;
mod popularity;
mod query;
mod random;
mod read_back;
mod readable;
mod scalars;
mod segment;
mod stored_row;
mod table;
mod tokens;
mod touched;
mod transition_memory;

use std::sync::Arc;

pub use apply::{EventItem, TrainingTarget, Unit};
pub use assembler::Assembler;
pub use base_weights::BaseWeights;
pub use bits::set_bits;
pub use catalog::{Catalog, CatalogEntry};
pub use content_vectors::{ContentVectors, SWEPT_MAX, normalise};
pub use context::{Context, ContextScratch, MemoryCandidate, Repeat, popularity_term};
pub use cow_vec::{CowRows, CowVec, ROWS_AHEAD};
pub use digest::{Digester, row_hash};
pub use footprint::{SHARED_BYTES, TableFootprint, allocated, sampled};
pub use history::{HISTORY_EVENTS_MAX, History, PastEvent};
pub use interner::Interner;
pub use math::{exp, ln, ln_1p};
pub use parameters::{ACCUMULATOR_INITIAL, Parameters};
pub use popularity::{HALF_LIVES_EVENTS, Popularity};
pub use query::{ComposedQuery, QueryRows, add_scaled, add_scaled_4, compose, distance, dot};
pub use random::CounterRng;
pub use read_back::ReadBack;
pub use readable::{Actor, Readable, token_factor};
pub use scalars::{AGE_BUCKETS, COUNT_BUCKETS, GAP_BUCKETS, PLACES_MAX, Scalars};
pub use segment::{Segment, Segments};
pub use stored_row::{learned_row, stored_id};
pub use table::Table;
pub use tokens::{token_named, tokens_of};
pub use touched::{RowSet, Touched};
pub use transition_memory::TransitionRow;

use shelfmark_domain::{Digest, Id, Item, ModelConfig, RowVector, VectorTable};

/// Events whose items the sampler draws "recent" negatives from.
pub const RECENT_EVENTS: usize = 32_768;
/// Circumstances that have a vector; names that come later say nothing.
pub const CONTEXTS_MAX: usize = 65_536;
/// Deviation of initial vectors.
const INITIAL_DEVIATION: f32 = 0.05;

/// Why a stored state cannot be built back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A segment does not decode.
    #[error("segment {ordinal} of table {table:?} does not decode")]
    Corrupt {
        /// The table.
        table: Table,
        /// The segment.
        ordinal: i32,
    },
    /// Written by a newer program.
    #[error("table number {0} is unknown to this program")]
    UnknownTable(i16),
    /// A row that was read back is not the row that was stored.
    #[error("row {row} of table {table:?} was read back different from what was stored")]
    ReadBack {
        /// The table.
        table: Table,
        /// The row.
        row: u32,
    },
    /// Rows that were stored did not come back.
    #[error("what was read back has digest {found} instead of {expected}")]
    Incomplete {
        /// Of what was read back.
        found: Digest,
        /// Of what was stored.
        expected: Digest,
    },
    /// There is no configuration among the segments.
    #[error("the segments hold no configuration")]
    Empty,
    /// Tables that must have as many rows as each other have not.
    #[error("table {0:?} does not have as many rows as it must")]
    Mismatch(Table),
}

/// Counters that are part of the state.
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Counters {
    /// Events applied: the clock of the transition memory.
    pub events: u64,
    /// Events counted in popularity: the same, but only after their step.
    pub counted: u64,
    /// Events whose step was dropped because a number was not finite.
    pub quarantined: u64,
    /// Steps whose gradient was scaled down.
    pub clipped: u64,
    /// Timestamp of the open unit, microseconds.
    unit_at: i64,
    /// Events of the open unit so far.
    unit_events: u64,
    /// Actor of the open unit, as by [`Actor::code`].
    unit_actor: u64,
    /// Running median of the gradient norm, over `sqrt(targets)`; 0 before the first step.
    pub norm_median: f32,
    /// Content row at which the next sweep begins.
    swept: u32,
}

impl Counters {
    /// The next event begins a unit.
    const fn close_unit(&mut self) {
        self.unit_actor = 0;
        self.unit_events = 0;
        self.unit_at = 0;
    }
}

/// A whole state. `Clone` is cheap and shares rows.
#[derive(Debug, Clone)]
pub struct State {
    /// What readers need.
    pub readable: Readable,
    /// Adagrad accumulators, row by row beside their weights.
    pub accumulators: Parameters,
    /// What `config.pull` pulls towards; there is one exactly while it is above 0.
    pub base_weights: Option<Box<BaseWeights>>,
    /// Ring of the newest events' item rows, in no order that matters.
    recent: CowVec<u32>,
    /// How often an item is in `recent`; derived.
    recent_counts: CowVec<u32>,
    /// When everybody was last there.
    seen: idle::Seen,
    /// Rows changed since the engine last took the marks. A state that is kept (a snapshot, a version) has none: marks that were
    /// copied with it would count as changes once more where learning goes on from it.
    pub touched: Touched,
}

impl State {
    /// The state before the first record.
    pub fn empty(config: Arc<ModelConfig>) -> Self {
        let dim = config.dim;
        let parameters = || Parameters::new(dim, bytemuck::Zeroable::zeroed());
        let mut state = Self {
            base_weights: (config.pull > 0.0).then(|| Box::new(BaseWeights(parameters()))),
            readable: Readable::empty(config),
            accumulators: parameters(),
            recent: CowVec::default(),
            recent_counts: CowVec::default(),
            seen: idle::Seen::default(),
            touched: Touched::default(),
        };
        for table in [Table::Config, Table::Counters, Table::Scalars] {
            state.touched.mark(table, 0);
        }
        state
    }

    /// A new state as learning starts it: [`State::empty`] plus the rows that are always there.
    pub fn initial(config: Arc<ModelConfig>) -> Self {
        let mut state = Self::empty(config);
        state.push_row(Table::LastVectors, ACCUMULATOR_INITIAL);
        state
    }

    /// The configuration.
    #[inline]
    pub fn config(&self) -> &Arc<ModelConfig> {
        &self.readable.config
    }

    /// Replaces the configuration. The dimension cannot change: returns `false` and changes nothing then.
    pub fn configure(&mut self, config: &ModelConfig) -> bool {
        if config.dim != self.readable.config.dim || config.check().is_err() {
            return false;
        }
        let before = std::mem::replace(&mut self.readable.config, Arc::new(config.clone()));
        self.touched.mark(Table::Config, 0);
        if before.modalities != config.modalities {
            self.switch_modalities();
        }
        if (before.drop_idle_events > 0) != (config.drop_idle_events > 0) {
            self.switch_seen();
        }
        if (before.pull > 0.0) != (config.pull > 0.0) {
            self.base_weights = (config.pull > 0.0).then(|| Box::new(BaseWeights(self.readable.parameters.clone())));
            (0..self.rows(Table::BaseWeights)).for_each(|row| self.touched.mark(Table::BaseWeights, as_row(row)));
            self.touched.mark_reshaped();
        }
        true
    }

    /// Replaces an item's metadata.
    pub fn put_item(&mut self, item: &Item) {
        let tokens_before = self.readable.catalog.tokens.len();
        self.item_row(&item.id);
        let row = self.readable.catalog.put(item, false, self.readable.config.tokens);
        self.touched.mark(Table::Items, row);
        for token in tokens_before..self.readable.catalog.tokens.len() {
            self.touched.mark(Table::Tokens, as_row(token));
            self.push_row(Table::TokenVectors, ACCUMULATOR_INITIAL);
        }
        self.take_vectors(row);
    }

    /// Puts a vector from outside in place of a row: of an item, made bare when it is new, or of a token that there is.
    /// Its accumulators begin again, so that the row adapts as quickly as a new one. `false`: the token is unknown or
    /// the vector does not fit, and nothing changed.
    pub fn put_vector(&mut self, vector: &RowVector) -> bool {
        if vector.check(self.readable.config.dim).is_err() {
            return false;
        }
        let (table, row) = match vector.into {
            VectorTable::Items => (Table::ItemVectors, self.item_row(&vector.id)),
            VectorTable::Tokens => match self.readable.catalog.tokens.get(vector.id.as_str()) {
                Some(row) => (Table::TokenVectors, row),
                None => return false,
            },
        };
        let values = vector.values.as_slice();
        self.readable.parameters.table_mut(table).row_mut(row as usize).copy_from_slice(values);
        self.accumulators.table_mut(table).row_mut(row as usize).fill(ACCUMULATOR_INITIAL);
        self.touched.mark(table, row);
        true
    }

    /// Removes an item from every answer; events may still name it. `false` when it is unknown.
    pub fn remove_item(&mut self, id: &Id) -> bool {
        let Some(row) = self.readable.catalog.row(id.as_str()) else { return false };
        self.readable.catalog.entries.get_mut(row as usize).removed = true;
        self.touched.mark(Table::Items, row);
        true
    }

    /// The row of an item, made when it is new: vectors drawn by its id, so that the order of arrival does not matter.
    fn item_row(&mut self, id: &Id) -> u32 {
        let (row, new) = self.readable.catalog.ensure(id);
        if new {
            self.touched.mark(Table::Items, row);
            for (table, domain) in [(Table::ItemVectors, 1), (Table::LastVectors, 2)] {
                let made = self.push_row(table, ACCUMULATOR_INITIAL);
                let key = xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes());
                let mut draws = CounterRng::new(self.readable.config.seed, domain, key);
                for value in self.readable.parameters.table_mut(table).row_mut(made) {
                    *value = INITIAL_DEVIATION * draws.normal();
                }
            }
            self.push_row(Table::ItemBias, 0.0);
            self.readable.popularity.push(Popularity::default());
            self.touched.mark(Table::Popularity, row);
            self.readable.memory.push(Arc::default());
            self.touched.mark(Table::Memory, row);
            self.recent_counts.push(0);
        }
        row
    }

    fn push_row(&mut self, table: Table, accumulator: f32) -> usize {
        let weights = self.readable.parameters.table_mut(table);
        weights.push_filled(0.0);
        let row = weights.len() - 1;
        self.accumulators.table_mut(table).push_filled(accumulator);
        self.touched.mark(table, as_row(row));
        row
    }

    /// A draw of the sampler: item rows of the newest events, and how often each is among them.
    #[inline]
    pub const fn recent(&self) -> (&CowVec<u32>, &CowVec<u32>) {
        (&self.recent, &self.recent_counts)
    }

    /// Checks that tables fit each other and builds what is not stored.
    fn rebuild_derived(&mut self) -> Result<(), StateError> {
        let items = self.readable.catalog.len();
        let (users, sessions) = (self.readable.users.len(), self.readable.sessions.len());
        let seen = |rows: usize| if self.config().drop_idle_events > 0 { rows } else { 0 };
        for (table, rows) in [
            (Table::ItemVectors, items),
            (Table::LastVectors, items + 1),
            (Table::ItemBias, items),
            (Table::Popularity, items),
            (Table::Memory, items),
            (Table::UserVectors, users),
            (Table::UserHistories, users),
            (Table::SessionHistories, sessions),
            (Table::UsersSeen, seen(users)),
            (Table::SessionsSeen, seen(sessions)),
            (Table::TokenVectors, self.readable.catalog.tokens.len()),
            (Table::ContextVectors, self.readable.contexts.len()),
            (Table::Projections, self.readable.content_vectors.modalities().inputs()),
        ] {
            if self.rows(table) != rows {
                return Err(StateError::Mismatch(table));
            }
        }
        if self.readable.counters.swept != 0
            && self.readable.counters.swept as usize >= self.readable.content_vectors.len()
        {
            return Err(StateError::Mismatch(Table::ContentVectors));
        }
        for _ in 0..items {
            self.recent_counts.push(0);
        }
        for index in 0..self.recent.len() {
            let row = self.recent[index] as usize;
            if row >= items {
                return Err(StateError::Mismatch(Table::Recent));
            }
            *self.recent_counts.get_mut(row) += 1;
        }
        self.touched.clear();
        Ok(())
    }
}

/// A row number as it is stored.
#[inline]
pub fn as_row(row: usize) -> u32 {
    u32::try_from(row).expect("fewer than 2^32 rows fit in memory")
}
