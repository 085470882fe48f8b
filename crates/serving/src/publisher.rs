//! Publisher of views: makes them out of states, at the cost of what changed.

use std::{collections::BTreeSet, sync::Arc};

use shelfmark_domain::{ModelConfig, Position, Served};
use shelfmark_state::{InferenceState, State, Table, Touched, as_row, set_bits};

use super::{
    codes::{BLOCK_ROWS, STRIP_ROWS},
    filters::Filters,
    index::Index,
    published::PublishedItem,
    row_bounds::Written,
    view::{Snapshot, View},
};

/// Every row's popularity is written once in about so many events, whoever touches it: what stands in the columns may
/// be this old.
const ROUND_EVENTS: u64 = 8_192;
/// Words of a set of rows in one block.
const BLOCK_WORDS: usize = BLOCK_ROWS / 64;

/// Keeps what is derived from a state for searching, and publishes it. One for each line of states: the learner's
/// thread owns the live one. After a restore go on with one of the restored state: a row set cannot say that rows went
/// away. A clone costs a pointer or two an item and shares what was searched.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    index: Option<Index>,
    filters: Arc<Filters>,
    items: Vec<PublishedItem>,
    /// Item rows by token: whom a moved token moves.
    holders: Vec<BTreeSet<u32>>,
    removed: u64,
    /// One bit an item row whose vector must be computed again.
    dirty: Vec<u64>,
    /// One bit an item row that moved since its code was made.
    lagging: Vec<u64>,
    round: Round,
}

/// The round in which the popularity of all rows is written.
#[derive(Debug, Clone, Default)]
struct Round {
    /// Strip that is next.
    next: usize,
    /// By strip: as of when it was written.
    written: Vec<Written>,
    /// Event number up to which the round has come.
    counted: u64,
}

impl View {
    /// The view before the first record.
    pub fn empty(config: Arc<ModelConfig>) -> Arc<Self> {
        Publisher::from_scratch(&State::empty(config).inference, Position::ZERO, Served::Live)
    }
}

impl Publisher {
    /// Nothing published yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A view of a state that is not the live one, such as a version's. Costs the whole state.
    pub fn from_scratch(inference: &InferenceState, position: Position, served: Served) -> Arc<View> {
        Self::new().rebuild(inference, position, served)
    }

    /// Forgets everything and publishes the whole state.
    pub fn rebuild(&mut self, inference: &InferenceState, position: Position, served: Served) -> Arc<View> {
        *self = Self::default();
        self.grow(inference);
        for row in 0..self.items.len() {
            self.take_item(inference, row);
            self.take_bias(inference, row);
            self.take_popularity(inference, row);
        }
        self.dirty.fill(u64::MAX);
        self.finish(inference, position, served)
    }

    /// Publishes a state. `touched` names at least the rows that changed since this publisher's last view; the first
    /// view is of all rows.
    ///
    /// Costs the touched rows and the items that share a touched token: about 1 us each, or more where they lie so far
    /// apart that each is the only one of its strip (8 kB to copy). A step that touches most tokens moves most items:
    /// then it is a rebuild of all vectors, some 10 ms for 10,000 items of six tokens and 64 values, so publish once a
    /// batch.
    pub fn publish(
        &mut self,
        inference: &InferenceState,
        touched: &Touched,
        position: Position,
        served: Served,
    ) -> Arc<View> {
        let known = self.items.len();
        if self.index.is_none() || inference.catalog.len() < known {
            // The first view of a recovered or restored state, whose rows nobody touched lately; or the state went back
            // in time: never show rows that are no longer there.
            return self.rebuild(inference, position, served);
        }
        self.grow(inference);
        for row in (known..self.items.len()).chain(as_rows(touched, Table::Items)) {
            self.take_item(inference, row);
            self.take_bias(inference, row);
        }
        for row in as_rows(touched, Table::ItemBias) {
            self.take_bias(inference, row);
        }
        let moved = as_rows(touched, Table::Popularity).chain(as_rows(touched, Table::EntryPopularity));
        for row in (known..self.items.len()).chain(moved) {
            self.take_popularity(inference, row);
        }
        for row in as_rows(touched, Table::ItemVectors) {
            self.dirty[row / 64] |= 1 << (row % 64);
        }
        for content in as_rows(touched, Table::ContentVectors) {
            let row = inference.content_vectors.item(content) as usize;
            self.dirty[row / 64] |= 1 << (row % 64);
        }
        for token in as_rows(touched, Table::TokenVectors) {
            // A token that no item has yet, or any more, moves nothing.
            for row in self.holders.get(token).into_iter().flatten() {
                self.dirty[*row as usize / 64] |= 1 << (row % 64);
            }
        }
        self.finish(inference, position, served)
    }

    fn grow(&mut self, inference: &InferenceState) {
        let rows = inference.catalog.len();
        self.items.resize(rows, PublishedItem::default());
        self.dirty.resize(rows.div_ceil(64), 0);
        self.lagging.resize(rows.div_ceil(64), 0);
        let index = self.index.get_or_insert_with(|| Index::new(inference.config.dim));
        index.grow(rows);
        // Its rows are new, and written when they are taken.
        self.round.written.resize(index.strips(), now(inference));
    }

    fn take_item(&mut self, inference: &InferenceState, row: usize) {
        let number = as_row(row);
        let entry = inference.catalog.entry(number);
        let item = &mut self.items[row];
        for token in item.tokens.iter().filter(|token| !entry.tokens.contains(token)) {
            self.holders[*token as usize].remove(&number);
        }
        for token in entry.tokens.iter() {
            let token = *token as usize;
            if token >= self.holders.len() {
                self.holders.resize(token + 1, BTreeSet::new());
            }
            self.holders[token].insert(number);
        }
        self.removed += u64::from(entry.removed);
        self.removed -= u64::from(item.removed);
        let shown = entry.recommendable().then(|| Arc::clone(&entry.item));
        Filters::replace(&mut self.filters, number, item.shown.as_deref(), shown.as_deref());
        *item = PublishedItem { tokens: Arc::clone(&entry.tokens), shown, removed: entry.removed };
        self.dirty[row / 64] |= 1 << (row % 64);
    }

    fn index(&mut self) -> &mut Index {
        self.index.as_mut().expect("grown before rows are taken")
    }

    fn take_bias(&mut self, inference: &InferenceState, row: usize) {
        let shown = self.items[row].shown.is_some();
        let bias = if shown { inference.parameters.bias.row(row)[0] } else { f32::NEG_INFINITY };
        let (columns, row) = self.index().columns_mut(row);
        columns.set_bias(row, bias);
    }

    fn take_popularity(&mut self, inference: &InferenceState, row: usize) {
        let logs = inference.popularity_logs(as_row(row));
        let (columns, row) = self.index().columns_mut(row);
        columns.set_logs(row, logs);
    }

    fn finish(&mut self, inference: &InferenceState, position: Position, served: Served) -> Arc<View> {
        self.go_round(inference);
        for block in 0..self.index().blocks() {
            self.take_vectors(inference, block);
        }
        let snapshot = Snapshot {
            inference: inference.clone(),
            index: self.index().clone(),
            filters: Arc::clone(&self.filters),
            items: self.items.len() as u64 - self.removed,
        };
        Arc::new(View::new(position, served, Arc::new(snapshot)))
    }

    /// Takes the rows of a block whose vectors moved: a few keep their codes and get larger errors; once they are many,
    /// all that lag are encoded anew, because then copying the block costs little for each.
    fn take_vectors(&mut self, inference: &InferenceState, block: usize) {
        let words = block * BLOCK_WORDS..self.dirty.len().min((block + 1) * BLOCK_WORDS);
        if self.dirty[words.clone()].iter().all(|word| *word == 0) {
            return;
        }
        let Self { index: Some(index), dirty, lagging, items, .. } = self else { return };
        for (lagging, dirty) in lagging[words.clone()].iter_mut().zip(&dirty[words.clone()]) {
            *lagging |= dirty;
        }
        let count: usize = lagging[words.clone()].iter().map(|word| word.count_ones() as usize).sum();
        let anew = count >= lagging_max(block, items.len());
        for word in words {
            let mut bits = std::mem::take(&mut dirty[word]);
            if anew {
                bits = std::mem::take(&mut lagging[word]);
            }
            for bit in set_bits(bits) {
                let row = word * 64 + bit as usize;
                if row < items.len() {
                    index.take_vector(inference, as_row(row), anew);
                }
            }
        }
    }

    /// Writes the popularity of the strips that are next in the round: so many as events have gone by.
    fn go_round(&mut self, inference: &InferenceState) {
        let (now, written) = (inference.counters.counted, now(inference));
        let strips = self.round.written.len() as u64;
        let due = now.saturating_sub(self.round.counted).saturating_mul(strips) / ROUND_EVENTS;
        if due > 0 {
            self.round.counted = now;
        }
        for _ in 0..due.min(strips) {
            let strip = self.round.next;
            for row in strip * STRIP_ROWS..self.items.len().min((strip + 1) * STRIP_ROWS) {
                self.take_popularity(inference, row);
            }
            self.round.written[strip] = written;
            self.round.next = (strip + 1) % self.round.written.len();
        }
        let oldest = |of: fn(&Written) -> u64| self.round.written.iter().map(of).min();
        let (events, entries) = (oldest(|written| written.events), oldest(|written| written.entries));
        self.index().set_written(Written {
            events: events.unwrap_or(written.events),
            entries: entries.unwrap_or(written.entries),
        });
    }
}

/// Rows of a block that may lag: a sixteenth to an eighth, so that it is not the turn of all blocks at once.
fn lagging_max(block: usize, rows: usize) -> usize {
    let rows = rows.saturating_sub(block * BLOCK_ROWS).min(BLOCK_ROWS);
    rows / 16 + block * 37 % 256 * rows / (256 * 16)
}

fn now(inference: &InferenceState) -> Written {
    Written { events: inference.counters.counted, entries: inference.entries_counted }
}

fn as_rows(touched: &Touched, table: Table) -> impl Iterator<Item = usize> {
    touched.rows(table).iter().map(|row| *row as usize)
}
