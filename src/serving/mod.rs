//! The read side: immutable views of a model at one position, and the threads that search them.
//!
//! The engine publishes a [`View`] after learning ([`Publisher`]); requests hold an `Arc` of it and so see one whole
//! position, whatever is learned meanwhile (P5). An answer is exact: every item is scored in full, and equal scores
//! go to the item that came first into the model. Reads never wait for learning, nor learning for reads.
//!
//! A view holds 8-bit codes of all vectors, with the error of each, and upper bounds of all biases (`index`). A search reads
//! these (`scan`) and scores exactly, from the state, only rows that may be among the best: the answer is that of scoring every row, to the bit.
//! Publishing costs what was touched: codes lag behind their rows and are made anew by the block, popularity may be some thousand
//! events old. [`Searcher`] answers small searches at once and others on a few named threads; what waits for the same view is scanned together, so that memory
//! is read once for up to [`SearchSettings::batch_max`] requests. One answer in so many is compared with scoring every row (`checker`).
//!
//! Which rows may be answered is settled before the pass: an index of the items' metadata (`filters`), kept up by what changed,
//! gives the rows that a filter admits.
//!
//! Bounds: `limit` 1,000, `exclude` 10,000, a session and given candidates 1,000 items, a filter 32 properties and 1,000
//! values, the queue [`SearchSettings::queue_max`] searches and [`SearchSettings::wait_max`] of waiting; when the async threads
//! are [`SearchSettings::lag_max`] late all the time, searches get a rate (`throttle`).
//! It knows no HTTP, no Postgres and no torch; `engine` publishes and searches, `http` reads views.

mod checker;
mod codes;
mod columns;
mod diversity;
mod explain;
mod filters;
mod index;
mod kernel;
mod mask;
pub mod metric;
mod plan;
mod probe;
mod publisher;
mod queue;
mod request;
mod scan;
mod score;
mod scratch;
mod searcher;
mod subject;
mod throttle;
mod top;
mod view;
mod worker;

pub use mask::RowMask;
pub use publisher::Publisher;
pub use queue::SearchSettings;
pub use scratch::SearchScratch;
pub use searcher::Searcher;
pub use view::{Counts, View};

use crate::domain::{ErrorKind, FieldError, Id};

/// A query that cannot be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// A field's value breaks its rule.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The item is not in this view.
    #[error("no item {0:?}")]
    UnknownItem(Id),
    /// The user is not in this view.
    #[error("no user {0:?}")]
    UnknownUser(Id),
    /// Too many searches wait, or the service is stopping.
    #[error("too many searches wait")]
    Busy,
    /// The search itself failed (a defect of ours); the log has the cause.
    #[error("the search failed")]
    Failed,
}

impl QueryError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Field(_) => ErrorKind::Invalid,
            Self::UnknownItem(_) => ErrorKind::ItemNotFound,
            Self::UnknownUser(_) => ErrorKind::UserNotFound,
            Self::Busy => ErrorKind::SearchesBusy,
            Self::Failed => ErrorKind::SearchFailed,
        }
    }
}
