//! Published items: what a publisher last saw of each, and what that takes.

use std::{collections::BTreeSet, sync::Arc};

use shelfmark_domain::Item;
use shelfmark_state::{Catalog, as_row, sampled};

/// Of an item row in the set of a token's holders, in bytes: rows come in order, which leaves nodes half full.
const HOLDER_BYTES: usize = 12;

/// What was last seen of an item's metadata.
#[derive(Debug, Clone, Default)]
pub(super) struct PublishedItem {
    pub(super) tokens: Arc<[u32]>,
    /// Its metadata while it may be recommended.
    pub(super) shown: Option<Arc<Item>>,
    pub(super) removed: bool,
}

/// What a publisher keeps of these items beside what it publishes, in bytes.
pub(super) fn kept_bytes(catalog: &Catalog) -> usize {
    let rows = 0..as_row(catalog.len());
    let holders = sampled(rows, |row| HOLDER_BYTES * catalog.entry(row).tokens.len());
    catalog.len() * size_of::<PublishedItem>() + catalog.tokens_len() * size_of::<BTreeSet<u32>>() + holders
}
