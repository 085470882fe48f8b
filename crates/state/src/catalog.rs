//! Item catalogue: ids, metadata, tokens, and which items have had an event.

use std::sync::Arc;

use shelfmark_domain::{Id, Item, ModelConfig};

use super::{CowVec, IdMap, tokens::tokens_of};

/// An item with its metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogEntry {
    /// The metadata; only the id for an item that was created by an event.
    pub item: Arc<Item>,
    /// Token rows, ascending.
    pub tokens: Arc<[u32]>,
    /// Whether the item was removed. A later `put_item` clears it.
    pub removed: bool,
    /// Whether nothing but events of weight 0 named the item so far: a row for histories, and for no list.
    pub weightless: bool,
    /// Row of the content vector, once the item has had a dense vector.
    pub content: Option<u32>,
}

impl CatalogEntry {
    /// Whether the item may be recommended: available, not removed, and named by more than events of weight 0.
    #[inline]
    pub fn recommendable(&self) -> bool {
        self.item.available && !self.removed && !self.weightless
    }
}

/// All items of a state, by row number.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) ids: IdMap,
    pub(super) entries: CowVec<CatalogEntry>,
    pub(super) tokens: IdMap,
    /// Item rows in the order of their first event.
    pub(super) known: CowVec<u32>,
    /// Whether an item row is in `known`.
    pub(super) is_known: CowVec<bool>,
}

impl Catalog {
    /// Number of items, including removed ones.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the catalogue is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Looks up the row of an item.
    #[inline]
    pub fn row(&self, id: &str) -> Option<u32> {
        self.ids.get(id)
    }

    /// Returns the id of a row. Panics when out of range.
    #[inline]
    pub fn id(&self, row: u32) -> &Id {
        self.ids.id(row)
    }

    /// Returns an item's entry. Panics when out of range.
    #[inline]
    pub fn entry(&self, row: u32) -> &CatalogEntry {
        &self.entries[row as usize]
    }

    /// Number of tokens.
    pub fn tokens_len(&self) -> usize {
        self.tokens.len()
    }

    /// Looks up the row of a token.
    #[inline]
    pub fn token_row(&self, token: &str) -> Option<u32> {
        self.tokens.get(token)
    }

    /// Returns the text of a token. Panics when out of range.
    #[inline]
    pub fn token(&self, row: u32) -> &Id {
        self.tokens.id(row)
    }

    /// Returns the rows of items that have had an event, in the order of their first event.
    #[inline]
    pub const fn known(&self) -> &CowVec<u32> {
        &self.known
    }

    /// Whether the item has had an event.
    #[inline]
    pub fn is_known(&self, row: u32) -> bool {
        self.is_known[row as usize]
    }

    /// Returns the row of `id` and whether it is new. A new item gets an entry without metadata.
    pub(super) fn ensure(&mut self, id: &Id) -> (u32, bool) {
        let (row, new) = self.ids.get_or_insert(id);
        if new {
            let item = Arc::new(Item::bare(id.clone()));
            let tokens = Arc::from([]);
            self.entries.push(CatalogEntry { item, tokens, removed: false, weightless: false, content: None });
            self.is_known.push(false);
        }
        (row, new)
    }

    /// Replaces an item's metadata and tokens, as the configuration wants them. Returns its row.
    pub(super) fn put(&mut self, item: &Item, removed: bool, config: &ModelConfig) -> u32 {
        let (row, _) = self.ensure(&item.id);
        let mut tokens: Vec<u32> = Vec::new();
        if config.tokens {
            tokens.extend(tokens_of(item, config.words).iter().map(|token| self.tokens.get_or_insert(token).0));
        }
        tokens.sort_unstable();
        let entry = self.entries.get_mut(row as usize);
        let (item, content) = (Arc::new(item.clone()), entry.content);
        *entry = CatalogEntry { item, tokens: tokens.into(), removed, weightless: false, content };
        row
    }

    pub(super) fn set_content(&mut self, row: u32, content: u32) {
        self.entries.get_mut(row as usize).content = Some(content);
    }

    pub(super) fn set_known(&mut self, row: u32) {
        if !self.is_known[row as usize] {
            *self.is_known.get_mut(row as usize) = true;
            self.known.push(row);
        }
    }
}
