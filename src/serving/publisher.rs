//! Makes views out of states, at the cost of what changed.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    domain::{Item, Position, Served},
    state::{Readable, Table, Touched},
};

use super::{
    bias::BiasSource,
    filters::Filters,
    tiles::Tiles,
    view::{Snapshot, View},
};

/// Keeps what is derived from a state for searching, and publishes it. One for each line of states: the learner's thread
/// owns the live one. After a restore go on with one of the restored state: a row set cannot say that rows went away. A clone
/// costs a pointer or two an item and shares what was searched.
#[derive(Debug, Clone, Default)]
pub struct Publisher {
    tiles: Option<Tiles>,
    bias: BiasSource,
    filters: Arc<Filters>,
    items: Vec<PublishedItem>,
    /// Item rows by token: whom a moved token moves.
    holders: Vec<BTreeSet<u32>>,
    removed: u64,
    /// One bit an item row whose vector must be computed again.
    dirty: Vec<u64>,
    row: Vec<f32>,
}

/// What was last seen of an item's metadata.
#[derive(Debug, Clone, Default)]
struct PublishedItem {
    tokens: Arc<[u32]>,
    /// Its metadata while it may be recommended.
    shown: Option<Arc<Item>>,
    removed: bool,
}

impl Publisher {
    /// Nothing published yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A view of a state that is not the live one, such as a version's. Costs the whole state.
    pub fn from_scratch(readable: &Readable, position: Position, served: Served) -> Arc<View> {
        Self::new().rebuild(readable, position, served)
    }

    /// Forgets everything and publishes the whole state.
    pub fn rebuild(&mut self, readable: &Readable, position: Position, served: Served) -> Arc<View> {
        *self = Self::default();
        self.grow(readable);
        for row in 0..self.items.len() {
            self.take_item(readable, row);
            self.take_bias(readable, row);
            self.bias.set_popularity(row, &readable.popularity[row]);
        }
        self.dirty.fill(u64::MAX);
        self.finish(readable, position, served)
    }

    /// Publishes a state. `touched` names at least the rows that changed since this publisher's last view; the first view is
    /// of all rows.
    ///
    /// Costs the touched rows, the items that share a touched token, and one pass over the bias column
    /// (0.04 ms for 10,000 items, 0.4 ms for 100,000). A step that touches most tokens moves most items: then it is a
    /// rebuild of all vectors, some 10 ms for 10,000 items of six tokens and 64 values, so publish once a batch.
    pub fn publish(&mut self, readable: &Readable, touched: &Touched, position: Position, served: Served) -> Arc<View> {
        let known = self.items.len();
        if self.tiles.is_none() || readable.catalog.len() < known {
            // The first view of a recovered or restored state, whose rows nobody touched lately; or the state went back
            // in time: never show rows that are no longer there.
            return self.rebuild(readable, position, served);
        }
        self.grow(readable);
        for row in (known..self.items.len()).chain(as_rows(touched, Table::Items)) {
            self.take_item(readable, row);
            self.take_bias(readable, row);
        }
        for row in as_rows(touched, Table::ItemBias) {
            self.take_bias(readable, row);
        }
        for row in as_rows(touched, Table::Popularity) {
            self.bias.set_popularity(row, &readable.popularity[row]);
        }
        for row in as_rows(touched, Table::ItemVectors) {
            self.dirty[row / 64] |= 1 << (row % 64);
        }
        for content in as_rows(touched, Table::Contents) {
            let row = readable.contents.item(content) as usize;
            self.dirty[row / 64] |= 1 << (row % 64);
        }
        for token in as_rows(touched, Table::TokenVectors) {
            // A token that no item has yet, or any more, moves nothing.
            for row in self.holders.get(token).into_iter().flatten() {
                self.dirty[*row as usize / 64] |= 1 << (row % 64);
            }
        }
        self.finish(readable, position, served)
    }

    fn grow(&mut self, readable: &Readable) {
        let rows = readable.catalog.len();
        self.row.resize(readable.config.dim, 0.0);
        self.items.resize(rows, PublishedItem::default());
        self.dirty.resize(rows.div_ceil(64), 0);
        self.bias.grow(rows);
        self.tiles.get_or_insert_with(|| Tiles::new(readable.config.dim)).grow(rows);
    }

    fn take_item(&mut self, readable: &Readable, row: usize) {
        let number = as_number(row);
        let entry = readable.catalog.entry(number);
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

    fn take_bias(&mut self, readable: &Readable, row: usize) {
        self.bias.set_learned(row, readable.parameters.bias.row(row)[0], self.items[row].shown.is_some());
    }

    fn finish(&mut self, readable: &Readable, position: Position, served: Served) -> Arc<View> {
        let tiles = self.tiles.as_mut().expect("grown just before");
        let rows = self.items.len();
        // Bit by bit in ascending order, so that the rows of one tile are written one after the other.
        for (word, bits) in self.dirty.iter_mut().enumerate() {
            while *bits != 0 {
                let row = word * 64 + bits.trailing_zeros() as usize;
                *bits &= *bits - 1;
                if row < rows {
                    readable.item_vector(as_number(row), &mut self.row);
                    tiles.set(row, &self.row);
                }
            }
        }
        self.bias.rebase(readable);
        let bias = self.bias.column(readable.counters.settled, &readable.parameters.scalars.wp);
        let snapshot = Snapshot {
            readable: readable.clone(),
            tiles: tiles.clone(),
            bias,
            filters: Arc::clone(&self.filters),
            items: rows as u64 - self.removed,
        };
        Arc::new(View::new(position, served, Arc::new(snapshot)))
    }
}

fn as_rows(touched: &Touched, table: Table) -> impl Iterator<Item = usize> {
    touched.rows(table).iter().map(|row| *row as usize)
}

fn as_number(row: usize) -> u32 {
    u32::try_from(row).expect("rows are u32")
}
