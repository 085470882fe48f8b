//! State of a model at one position: everything that its answers and its next step depend on.
//!
//! **Promises.** Tables are copy-on-write: a clone costs a pointer for every 512 rows, and a write copies a leaf of at
//! least 8 rows. Rows are numbered in log order, so that all replicas number rows alike (P4). [`Table`] lists the parts
//! of a state. The digest and the stored form share one encoding of rows, so what is stored is what is compared (P7).
//!
//! **Must not know** torch, Postgres, files, clocks or threads. This crate is arithmetic and memory only. Random
//! numbers come from [`CounterRng`], seeded by position.
//!
//! **Used by** the learner, which writes states. Views and versions hold clones.
//!
//! **Bounds.** A history keeps 1,000 to 1,125 events of kinds with a positive weight, as many of the others, and 10,000
//! pairs of item and lasting kind. A row of the transition memory has 128 entries, the ring of recent items 32,768. At
//! most 65,536 circumstances, labels of users among them, have a vector. Dense vectors have at most 16 modalities with
//! 16,384 numbers together.

mod added_tables;
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
mod id_map;
mod idle;
mod inference_state;
mod learned_table;
mod math;
mod merge;
mod parameters;
mod popularity;
mod profiles;
mod query;
mod random;
mod read_back;
mod reset_modality;
mod retract;
mod scalars;
mod segment;
mod stance;
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
pub use content_vectors::{ContentVectors, REFRESHED_PER_STEP, normalise};
pub use context::{Context, ContextScratch, DISLIKES_POOLED, MemoryCandidate, Repeat};
pub use cow_vec::{CowRows, CowVec, PREFETCH_ROWS};
pub use digest::{Digester, row_hash};
pub use footprint::{SHARED_BYTES, TableFootprint, allocated, sampled};
pub use history::{HISTORY_EVENTS_MAX, History, PastEvent};
pub use id_map::IdMap;
pub use inference_state::{Actor, InferenceState, token_factor};
pub use learned_table::LearnedTable;
pub use math::{exp, ln, ln_1p};
pub use parameters::{ACCUMULATOR_INITIAL, Parameters};
pub use popularity::{ENTRY_GAP_SECONDS, EntryPopularity, HALF_LIVES_ENTRIES, HALF_LIVES_EVENTS, Popularity};
pub use profiles::Labelled;
pub use query::{ComposedQuery, QueryRows, add_scaled, add_scaled_4, compose, distance, dot};
pub use random::CounterRng;
pub use read_back::ReadBack;
pub use scalars::{
    AGE_BUCKETS, AddedWeights, COUNT_BUCKETS, EVENT_COLUMNS, GAP_BUCKETS, PLACES_MAX, POPULARITY_COLUMNS, Scalars,
};
pub use segment::{Segment, Segments};
pub use stance::{HistoryKinds, Stance};
pub use stored_row::{learned_row, stored_id};
pub use table::Table;
pub use tokens::{token_named, tokens_of};
pub use touched::{RowSet, Touched};
pub use transition_memory::TransitionRow;

use shelfmark_domain::{Digest, Id, Item, ItemPatch, ModelConfig, RowVector, VectorTable};

/// Length of the ring of recent items, from which negatives are sampled.
pub const RECENT_EVENTS: usize = 32_768;
/// Most circumstances with a vector; later names have no effect.
pub const CONTEXTS_MAX: usize = 65_536;
/// Standard deviation of initial vectors.
const INITIAL_DEVIATION: f32 = 0.05;

/// Error of decoding a stored state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A segment does not decode.
    #[error("segment {ordinal} of table {table:?} does not decode")]
    Corrupt {
        /// The table.
        table: Table,
        /// Number of the segment within the table.
        ordinal: i32,
    },
    /// The segment is of a newer program.
    #[error("table number {0} is unknown: a newer program wrote it")]
    UnknownTable(i16),
    /// A row that was read back differs from the stored one.
    #[error("row {row} of table {table:?} differs from the stored state when read back")]
    ReadBack {
        /// The table.
        table: Table,
        /// The row.
        row: u32,
    },
    /// Stored rows were not read back.
    #[error("rows are missing: the digest read back is {found} instead of {expected}")]
    Incomplete {
        /// Digest of the rows read back.
        found: Digest,
        /// Digest of the stored state.
        expected: Digest,
    },
    /// No segment holds the configuration.
    #[error("no segment holds the configuration")]
    Empty,
    /// The sizes of two tables do not agree.
    #[error("table {0:?} has the wrong number of rows")]
    Mismatch(Table),
}

/// Counters of a state.
#[derive(Debug, Clone, Copy, PartialEq, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Counters {
    /// Events applied: the clock of the transition memory.
    pub events: u64,
    /// Events counted in popularity, its clock. Advances after the step.
    pub counted: u64,
    /// Events whose step was dropped because a number was not finite.
    pub quarantined: u64,
    /// Steps whose gradient was clipped.
    pub clipped: u64,
    /// Timestamp of the open unit, in microseconds.
    unit_at: i64,
    /// Events of the open unit so far.
    unit_events: u64,
    /// Actor of the open unit, as encoded by [`Actor::code`].
    unit_actor: u64,
    /// Running median of the gradient norm over `sqrt(targets)`; 0 before the first step.
    pub norm_median: f32,
    /// Content row at which the next round-robin refresh begins.
    refresh_cursor: u32,
}

impl Counters {
    /// Closes the open unit: the next event begins a new one.
    const fn close_unit(&mut self) {
        self.unit_actor = 0;
        self.unit_events = 0;
        self.unit_at = 0;
    }
}

/// State of a model. Clones are cheap and share rows.
#[derive(Debug, Clone)]
pub struct State {
    /// The part that answers depend on.
    pub inference: InferenceState,
    /// AdaGrad accumulators, in the shape of the weights.
    pub accumulators: Parameters,
    /// Base of the regularizer; present exactly while `config.pull` is above 0.
    pub base_weights: Option<Box<BaseWeights>>,
    /// Ring of recent items: the item rows of the newest events.
    recent: CowVec<u32>,
    /// Number of occurrences in `recent`, by item row; derived, not stored.
    recent_counts: CowVec<u32>,
    /// Whether the tables that were added later are there. Not before a state of an earlier build learns.
    has_added: bool,
    /// When each actor was last active.
    last_active: idle::LastActive,
    /// Rows changed since the engine last took the set. Empty in snapshots and versions: with a copied set, learning
    /// that resumes from them would count these rows as changed again.
    pub touched: Touched,
}

impl State {
    /// Creates the state before the first record.
    pub fn empty(config: Arc<ModelConfig>) -> Self {
        let dim = config.dim;
        let parameters = || Parameters::new(dim, bytemuck::Zeroable::zeroed());
        let mut state = Self {
            base_weights: (config.pull > 0.0).then(|| Box::new(BaseWeights(parameters()))),
            inference: InferenceState::empty(config),
            accumulators: parameters(),
            recent: CowVec::default(),
            recent_counts: CowVec::default(),
            has_added: false,
            last_active: idle::LastActive::default(),
            touched: Touched::default(),
        };
        for table in [Table::Config, Table::Counters, Table::Scalars] {
            state.touched.mark(table, 0);
        }
        state
    }

    /// Creates a new state to learn from: [`State::empty`] with the rows that are always present.
    pub fn initial(config: Arc<ModelConfig>) -> Self {
        let mut state = Self::empty(config);
        state.push_row(LearnedTable::Last, ACCUMULATOR_INITIAL);
        state.begin_added();
        state
    }

    /// The configuration.
    #[inline]
    pub fn config(&self) -> &Arc<ModelConfig> {
        &self.inference.config
    }

    /// Replaces the configuration. Returns `false` and changes nothing when the dimension differs or a value is
    /// invalid.
    pub fn configure(&mut self, config: &ModelConfig) -> bool {
        if config.dim != self.inference.config.dim || config.check().is_err() {
            return false;
        }
        let before = std::mem::replace(&mut self.inference.config, Arc::new(config.clone()));
        self.touched.mark(Table::Config, 0);
        if before.modalities != config.modalities {
            self.switch_modalities();
        }
        if (before.drop_idle_events > 0) != (config.drop_idle_events > 0) {
            self.switch_eviction();
        }
        if (before.pull > 0.0) != (config.pull > 0.0) {
            self.base_weights = (config.pull > 0.0).then(|| Box::new(BaseWeights(self.inference.parameters.clone())));
            (0..self.rows(Table::BaseWeights)).for_each(|row| self.touched.mark(Table::BaseWeights, as_row(row)));
            self.touched.mark_reshaped();
        }
        true
    }

    /// Replaces an item's metadata.
    pub fn put_item(&mut self, item: &Item) {
        self.replace_item(item, false);
    }

    /// Merges changes into an item's metadata. An unknown item is created, a removed one stays removed. A patch whose
    /// result breaks the rules of items changes nothing; requests are checked for that as far as the view knows.
    pub fn patch_item(&mut self, patch: &ItemPatch) {
        let row = self.item_row(&patch.id);
        let entry = self.inference.catalog.entry(row);
        let (merged, removed) = (patch.merged(&entry.item), entry.removed);
        if merged.check().is_ok() {
            self.replace_item(&merged, removed);
        }
    }

    fn replace_item(&mut self, item: &Item, removed: bool) {
        let tokens_before = self.inference.catalog.tokens.len();
        self.item_row(&item.id);
        let row = self.inference.catalog.put(item, removed, &self.inference.config);
        self.touched.mark(Table::Items, row);
        for token in tokens_before..self.inference.catalog.tokens.len() {
            self.touched.mark(Table::Tokens, as_row(token));
            self.push_row(LearnedTable::Tokens, ACCUMULATOR_INITIAL);
        }
        self.take_vectors(row);
    }

    /// Imports a vector: replaces that of an item, which is created when unknown, or of an existing token. Resets its
    /// accumulators, so that the row adapts as fast as a new one. Returns `false` and changes nothing when the token is
    /// unknown or the vector does not fit.
    pub fn put_vector(&mut self, vector: &RowVector) -> bool {
        if vector.check(self.inference.config.dim).is_err() {
            return false;
        }
        let (table, row) = match vector.into {
            VectorTable::Items => (LearnedTable::Items, self.named_item_row(&vector.id, true)),
            VectorTable::Tokens => match self.inference.catalog.tokens.get(vector.id.as_str()) {
                Some(row) => (LearnedTable::Tokens, row),
                None => return false,
            },
        };
        let values = vector.values.as_slice();
        self.inference.parameters.table_mut(table).row_mut(row as usize).copy_from_slice(values);
        self.accumulators.table_mut(table).row_mut(row as usize).fill(ACCUMULATOR_INITIAL);
        self.touched.mark(table.table(), row);
        true
    }

    /// Removes an item from all answers until it is put again; events may still name it. An item that is not known gets
    /// a row, because events that name it may still be on their way.
    pub fn remove_item(&mut self, id: &Id) {
        let row = self.item_row(id);
        self.inference.catalog.entries.get_mut(row as usize).removed = true;
        self.touched.mark(Table::Items, row);
    }

    /// Returns the row of an item. Creates it when new, with vectors seeded by the id, so that the order of arrival
    /// does not matter.
    fn item_row(&mut self, id: &Id) -> u32 {
        let (row, new) = self.inference.catalog.ensure(id);
        if new {
            self.touched.mark(Table::Items, row);
            for (table, domain) in [(LearnedTable::Items, 1), (LearnedTable::Last, 2)] {
                let made = self.push_row(table, ACCUMULATOR_INITIAL);
                let key = xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes());
                let mut draws = CounterRng::new(self.inference.config.seed, domain, key);
                for value in self.inference.parameters.table_mut(table).row_mut(made) {
                    *value = INITIAL_DEVIATION * draws.normal();
                }
            }
            self.push_row(LearnedTable::Bias, 0.0);
            self.inference.popularity.push(Popularity::default());
            self.touched.mark(Table::Popularity, row);
            if self.has_added {
                self.inference.entries.push(EntryPopularity::default());
                self.touched.mark(Table::EntryPopularity, row);
            }
            self.inference.memory.push(Arc::default());
            self.touched.mark(Table::Memory, row);
            self.recent_counts.push(0);
        }
        row
    }

    fn push_row(&mut self, table: LearnedTable, accumulator: f32) -> usize {
        let weights = self.inference.parameters.table_mut(table);
        weights.push_filled(0.0);
        let row = weights.len() - 1;
        self.accumulators.table_mut(table).push_filled(accumulator);
        self.touched.mark(table.table(), as_row(row));
        row
    }

    /// Returns the ring of recent items, from which negatives are sampled, and the number of occurrences by item row.
    #[inline]
    pub const fn recent(&self) -> (&CowVec<u32>, &CowVec<u32>) {
        (&self.recent, &self.recent_counts)
    }

    /// Checks that the sizes of tables agree, and computes what is not stored.
    fn rebuild_derived(&mut self) -> Result<(), StateError> {
        let items = self.inference.catalog.len();
        let (users, sessions) = (self.inference.users.len(), self.inference.sessions.len());
        let seen = |rows: usize| if self.config().drop_idle_events > 0 { rows } else { 0 };
        for (table, rows) in [
            (Table::ItemVectors, items),
            (Table::LastVectors, items + 1),
            (Table::ItemBias, items),
            (Table::Popularity, items),
            (Table::EntryPopularity, if self.has_added { items } else { 0 }),
            (Table::Memory, items),
            (Table::UserVectors, users),
            (Table::UserHistories, users),
            (Table::SessionHistories, sessions),
            (Table::UsersLastActive, seen(users)),
            (Table::SessionsLastActive, seen(sessions)),
            (Table::TokenVectors, self.inference.catalog.tokens.len()),
            (Table::ContextVectors, self.inference.contexts.len()),
            (Table::Projections, self.inference.content_vectors.modalities().inputs()),
        ] {
            if self.rows(table) != rows {
                return Err(StateError::Mismatch(table));
            }
        }
        if !self.inference.profiles_fit() {
            return Err(StateError::Mismatch(Table::Profiles));
        }
        if self.inference.counters.refresh_cursor != 0
            && self.inference.counters.refresh_cursor as usize >= self.inference.content_vectors.len()
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

/// Converts a row number to its stored width.
#[inline]
pub fn as_row(row: usize) -> u32 {
    u32::try_from(row).expect("fewer than 2^32 rows fit in memory")
}
