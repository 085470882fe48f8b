//! Work space that searches reuse.

use std::cell::RefCell;

use shelfmark_state::ContextScratch;

/// Reusable work space of one searching thread; 12 bytes an item.
#[derive(Debug, Default)]
pub struct SearchScratch {
    pub(super) context: ContextScratch,
}

thread_local! {
    static SCRATCH: RefCell<SearchScratch> = RefCell::default();
}

/// Runs `search` with this thread's work space, for callers that keep none.
pub(super) fn with_scratch<T>(search: impl FnOnce(&mut SearchScratch) -> T) -> T {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => search(&mut scratch),
        Err(_) => search(&mut SearchScratch::default()),
    })
}
