//! Reads: immutable views of a model at one position, and the threads that search them.
//!
//! The engine publishes a [`View`] after learning ([`Publisher`]); requests hold an `Arc` of it. A view holds 8-bit
//! codes of all vectors with the error of each, and upper bounds of all biases (`index`). A search reads these (`scan`)
//! and scores exactly, from the state, only the rows that may be among the best. Which rows may be answered is settled
//! before that pass: an index of the items' metadata (`filters`) gives the rows that a filter admits. [`Searcher`]
//! answers small searches at once and others on a few named threads. Searches that wait for the same view are scanned
//! together, so that memory is read once for up to [`SearchSettings::batch_max`] requests.
//!
//! **Promises.** A request sees one whole position, whatever is learned meanwhile (P5). An answer is that of scoring
//! every row, to the bit; equal scores go to the item that came first into the model. One answer in so many is compared
//! with scoring every row (`recall_audit`). Reads never wait for learning, nor learning for reads. Publishing costs
//! what was touched: codes lag behind their rows and are renewed by the block.
//!
//! **Must not know** HTTP, Postgres or torch.
//!
//! **Used by** the engine, which publishes and searches, by HTTP, which reads views, and by `monitor`, which compares
//! them.
//!
//! **Bounds.** `limit` 1,000, `exclude` 10,000, a session and given candidates 1,000 items, a filter 32 properties and
//! 1,000 values. [`SearchSettings::queue_max`] searches wait, for [`SearchSettings::wait_max`] at most. When
//! searches make the async threads [`SearchSettings::lag_max`] late all the time, a rate limiter refuses some of them
//! (load shedding, `rate_limiter`).

mod batch;
mod codes;
mod cpu_time;
mod diversity;
mod explain;
mod filters;
mod grouping;
mod index;
mod kernel;
mod lag_probe;
mod mask;
mod metric;
mod plan;
mod published;
mod publisher;
mod quantized_query;
mod queue;
mod ranking;
mod rate_limiter;
mod recall_audit;
mod request;
mod row_bounds;
mod scan;
mod score;
mod scratch;
mod search;
mod searcher;
mod similar_users;
mod subject;
mod top_k;
mod view;
mod worker;

pub use cpu_time::with_cpu_time;
pub use mask::RowMask;
pub use metric::METRICS;
pub use publisher::Publisher;
pub use queue::SearchSettings;
pub use scratch::SearchScratch;
pub use searcher::Searcher;
pub use view::{Counts, View};

use shelfmark_domain::{ErrorKind, FieldError, Id};

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
