//! The newest filters with their rows: readers ask with few filters, many times each.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use shelfmark_domain::Filter;

use super::RowMask;

/// Filters that are remembered.
pub(super) const FILTERS_MAX: usize = 16;

/// Newest first. A clone remembers nothing, because it is of an index that is about to change.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<(Filter, RowMask)>>);

impl Clone for Recent {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Recent {
    pub(super) fn get(&self, filter: &Filter) -> Option<RowMask> {
        let mut known = self.lock();
        let place = known.iter().position(|(other, _)| other == filter)?;
        let found = known.remove(place)?;
        let rows = found.1.clone();
        known.push_front(found);
        Some(rows)
    }

    pub(super) fn put(&self, filter: &Filter, rows: &RowMask) {
        let mut known = self.lock();
        known.truncate(FILTERS_MAX - 1);
        known.push_front((filter.clone(), rows.clone()));
    }

    /// What the sets take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.lock().iter().map(|(_, rows)| rows.bytes()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Filter, RowMask)>> {
        // Nothing panics while it holds the lock, and every state of the list is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
