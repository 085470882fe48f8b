//! Memory accounting: the bytes that a state takes, by table.
//!
//! Sizes are computed from the data structures and rounded as the allocator rounds them. Tables with rows of one length
//! are counted exactly. Of rows that differ in length (ids, histories, metadata), at most [`SAMPLED_MAX`] are sampled,
//! evenly spaced, so that the cost does not grow with the model: about 100 us.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use shelfmark_domain::{Id, Item, PropertyValue};

use super::{
    CatalogEntry, CowRows, CowVec, EntryPopularity, History, IdMap, InferenceState, Labelled, Popularity, Scalars,
    TransitionRow,
};

/// Rows that are sampled per table.
const SAMPLED_MAX: usize = 512;
/// Bytes of the hash that the digest keeps for each row of each table.
const HASH_BYTES: usize = size_of::<u128>();
/// Bytes of the header of an `Arc`: two counts.
pub const SHARED_BYTES: usize = 16;
/// Capacity of a B-tree node, and its typical number of entries.
const NODE_ROOM: usize = 11;
const NODE_FILL: usize = 8;

/// Memory taken by one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableFootprint {
    /// Name of the table.
    pub table: &'static str,
    /// Number of rows, including free ones.
    pub rows: u64,
    /// Bytes of all rows, including accumulators, row hashes and the containers around them.
    pub bytes: u64,
}

impl InferenceState {
    /// Returns the footprint of a state with these rows: tables, accumulators, base weights and row hashes.
    pub fn footprint(&self) -> Vec<TableFootprint> {
        let parameters = &self.parameters;
        // Weights, accumulators and, with the regularizer, base weights. The latter count in full, as if no row were
        // shared.
        let copies = if self.config.pull > 0.0 { 3 } else { 2 };
        let learned = |rows: &CowRows| copies * rows.footprint() + rows.len() * HASH_BYTES;
        let seen = if self.config.drop_idle_events > 0 { size_of::<u64>() + HASH_BYTES } else { 0 };
        let actors = |ids: &IdMap, histories: &CowVec<Arc<History>>| {
            ids.footprint() + histories.footprint(shared(History::footprint)) + ids.len() * seen
        };
        let catalog = &self.catalog;
        let items = catalog.ids.footprint()
            + catalog.entries.footprint(entry)
            + catalog.len() * (size_of::<bool>() + size_of::<u32>())
            + catalog.known.footprint(|_| 0);
        let contents = self.content_vectors.rows.footprint() + self.content_vectors.items.footprint(|_| 0);
        let tables = [
            ("items", catalog.len(), items),
            ("item_vectors", parameters.items.len(), learned(&parameters.items)),
            ("last_vectors", parameters.last.len(), learned(&parameters.last)),
            ("item_bias", parameters.bias.len(), learned(&parameters.bias)),
            ("popularity", self.popularity.len(), self.popularity.footprint(|_: &Popularity| 0)),
            ("entries", self.entries.len(), self.entries.footprint(|_: &EntryPopularity| 0)),
            ("memory", self.memory.len(), self.memory.footprint(shared(TransitionRow::footprint))),
            ("contents", self.content_vectors.len(), contents),
            ("users", self.users.len(), actors(&self.users, &self.user_histories)),
            ("profiles", self.profiles.len(), self.profiles.footprint(shared(Labelled::footprint))),
            ("user_vectors", parameters.users.len(), learned(&parameters.users)),
            ("sessions", self.sessions.len(), actors(&self.sessions, &self.session_histories)),
            ("tokens", catalog.tokens.len(), catalog.tokens.footprint()),
            ("token_vectors", parameters.tokens.len(), learned(&parameters.tokens)),
            ("contexts", self.contexts.len(), self.contexts.footprint()),
            ("context_vectors", parameters.contexts.len(), learned(&parameters.contexts)),
            ("projections", parameters.projections.len(), learned(&parameters.projections)),
            ("small", 1, copies * size_of::<Scalars>()),
        ];
        let told = tables.map(|(table, rows, bytes)| TableFootprint { table, rows: rows as u64, bytes: bytes as u64 });
        told.into()
    }
}

/// Rounds a size up to the allocator's size classes: eight steps for each doubling.
pub const fn allocated(bytes: usize) -> usize {
    if bytes <= 64 { bytes.next_multiple_of(8) } else { bytes.next_multiple_of(bytes.next_power_of_two() / 8) }
}

/// Estimates the total size of `rows` in bytes from at most 512 samples, evenly spaced.
pub fn sampled<T>(rows: impl ExactSizeIterator<Item = T>, bytes: impl Fn(T) -> usize) -> usize {
    let len = rows.len();
    let looked_at = rows.step_by(len.div_ceil(SAMPLED_MAX).max(1)).map(bytes);
    let (count, sum) = looked_at.fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes));
    len * sum / count.max(1)
}

/// Returns the size of a value behind an `Arc`, given the size of what the value owns.
fn shared<T>(bytes: impl Fn(&T) -> usize) -> impl Fn(&Arc<T>) -> usize {
    move |row| allocated(SHARED_BYTES + size_of::<T>()) + bytes(row)
}

impl<T: Clone> CowVec<T> {
    /// Returns the bytes taken, including row hashes. `beside` returns what an element owns elsewhere.
    fn footprint(&self, beside: impl Fn(&T) -> usize) -> usize {
        let rows = self.len();
        self.chunk_bytes() + rows * HASH_BYTES + sampled(0..rows, |row| beside(&self[row]))
    }
}

impl IdMap {
    fn footprint(&self) -> usize {
        let id = |id: &Option<Id>| match id {
            Some(id) if id.is_shared() => allocated(SHARED_BYTES + id.as_str().len()),
            Some(_) | None => 0,
        };
        self.ids.footprint(id) + self.index.bytes()
    }
}

fn entry(entry: &CatalogEntry) -> usize {
    allocated(SHARED_BYTES + size_of_val::<[u32]>(&entry.tokens))
        + allocated(SHARED_BYTES + size_of::<Item>())
        + metadata(&entry.item)
}

/// Returns the bytes that an item's metadata owns elsewhere. The id belongs to the id map.
fn metadata(item: &Item) -> usize {
    let texts = |texts: &[String]| texts.iter().map(|text| size_of::<String>() + allocated(text.len())).sum::<usize>();
    let property = |(name, value): (&String, &PropertyValue)| {
        let list = if let PropertyValue::List(values) = value { size_of_val(&values[..]) } else { 0 };
        let texts = value.values().iter().map(|value| match value {
            PropertyValue::Text(text) => allocated(text.len()),
            PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::List(_) => 0,
        });
        let text = list + texts.sum::<usize>();
        allocated(name.len()) + text
    };
    let vector =
        |(name, values): (&String, &Vec<f32>)| allocated(name.len()) + allocated(size_of_val(values.as_slice()));
    let text = |text: &Option<String>| text.as_ref().map_or(0, |text| allocated(text.len()));
    text(&item.title)
        + text(&item.text)
        + texts(&item.categories)
        + texts(&item.tags)
        + nodes(&item.properties)
        + item.properties.iter().map(property).sum::<usize>()
        + nodes(&item.vectors)
        + item.vectors.iter().map(vector).sum::<usize>()
}

/// Returns the bytes of a B-tree map's nodes.
fn nodes<K, V>(map: &BTreeMap<K, V>) -> usize {
    map.len().div_ceil(NODE_FILL) * allocated(NODE_ROOM * size_of::<(K, V)>() + SHARED_BYTES)
}
