//! The items: ids, metadata, tokens, and which of them have been met in an event.

use std::sync::Arc;

use shelfmark_domain::{Id, Item};

use super::{CowVec, Interner, tokens::tokens_of};

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogEntry {
    /// Its metadata, bare when only events named it.
    pub item: Arc<Item>,
    /// Rows of its tokens, ascending.
    pub tokens: Arc<[u32]>,
    /// Whether it was removed; put it back to undo.
    pub removed: bool,
    /// Row of its content vector, once it had a dense vector.
    pub content: Option<u32>,
}

impl CatalogEntry {
    /// Whether it may be recommended.
    #[inline]
    pub fn recommendable(&self) -> bool {
        self.item.available && !self.removed
    }
}

/// All items of a state, by row.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) ids: Interner,
    pub(super) entries: CowVec<CatalogEntry>,
    pub(super) tokens: Interner,
    /// Rows in the order of their first event.
    pub(super) known: CowVec<u32>,
    /// Whether a row is in `known`.
    pub(super) is_known: CowVec<bool>,
}

impl Catalog {
    /// Number of items, removed ones too.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The row of an item.
    #[inline]
    pub fn row(&self, id: &str) -> Option<u32> {
        self.ids.get(id)
    }

    /// The id of a row.
    #[inline]
    pub fn id(&self, row: u32) -> &Id {
        self.ids.id(row)
    }

    /// One item.
    #[inline]
    pub fn entry(&self, row: u32) -> &CatalogEntry {
        &self.entries[row as usize]
    }

    /// Number of tokens.
    pub fn tokens_len(&self) -> usize {
        self.tokens.len()
    }

    /// The row of a token.
    #[inline]
    pub fn token_row(&self, token: &str) -> Option<u32> {
        self.tokens.get(token)
    }

    /// The text of a token.
    #[inline]
    pub fn token(&self, row: u32) -> &Id {
        self.tokens.id(row)
    }

    /// Rows of the items that an event has named, in the order of their first event.
    #[inline]
    pub const fn known(&self) -> &CowVec<u32> {
        &self.known
    }

    /// Whether an event has named the item.
    #[inline]
    pub fn is_known(&self, row: u32) -> bool {
        self.is_known[row as usize]
    }

    /// The row of `id`, with a bare entry when it is new.
    pub(super) fn ensure(&mut self, id: &Id) -> (u32, bool) {
        let (row, new) = self.ids.intern(id);
        if new {
            let item = Arc::new(Item::bare(id.clone()));
            self.entries.push(CatalogEntry { item, tokens: Arc::from([]), removed: false, content: None });
            self.is_known.push(false);
        }
        (row, new)
    }

    /// Replaces an item's metadata; returns its row.
    pub(super) fn put(&mut self, item: &Item, removed: bool, use_tokens: bool) -> u32 {
        let (row, _) = self.ensure(&item.id);
        let mut tokens: Vec<u32> = Vec::new();
        if use_tokens {
            tokens.extend(tokens_of(item).iter().map(|token| self.tokens.intern(token).0));
        }
        tokens.sort_unstable();
        let entry = self.entries.get_mut(row as usize);
        *entry = CatalogEntry { item: Arc::new(item.clone()), tokens: tokens.into(), removed, content: entry.content };
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
