//! The rows that have a label, by label.

use std::sync::Arc;

use imbl::HashMap;
use roaring::{MultiOps, RoaringBitmap};

/// A set of rows that clones share until one of them changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Postings(Arc<RoaringBitmap>);

impl Postings {
    pub(super) fn insert(&mut self, row: u32) {
        Arc::make_mut(&mut self.0).insert(row);
    }

    pub(super) fn remove(&mut self, row: u32) {
        Arc::make_mut(&mut self.0).remove(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rows(&self) -> &RoaringBitmap {
        &self.0
    }
}

/// Rows by label. Labels that no row has are not kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms(pub(super) HashMap<Arc<str>, Postings>);

impl Terms {
    pub(super) fn insert(&mut self, label: &str, row: u32) {
        match self.0.get_mut(label) {
            Some(having) => having.insert(row),
            None => self.0.entry(Arc::from(label)).or_default().insert(row),
        }
    }

    pub(super) fn remove(&mut self, label: &str, row: u32) {
        let Some(having) = self.0.get_mut(label) else { return };
        having.remove(row);
        if having.is_empty() {
            self.0.remove(label);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, label: &str) -> Option<&RoaringBitmap> {
        self.0.get(label).map(Postings::rows)
    }

    /// The rows with at least one of the labels.
    pub(super) fn union<'a>(&self, labels: impl Iterator<Item = &'a str>) -> RoaringBitmap {
        labels.filter_map(|label| self.get(label)).union()
    }
}
