//! The log: one ordered, durable sequence of records for each model, in Postgres.
//!
//! Promises:
//! - P1: [`Log::append`] returns after the commit. What it accepted survives `kill -9` of the service and of Postgres.
//! - P2: an event's id stands in a log once. A retry is a [`Outcome::Duplicate`], another body a [`Outcome::Conflict`].
//! - P3: positions are dense, from 1, in commit order, over all processes.
//! - P4: what a [`Tail`] hands over from memory equals what it reads from the table, bit for bit, with the same
//!   boundaries.
//! - P9: nothing here grows without bound. 65,536 records, 256 MiB and 16,384 requests may wait, then an append is refused at once;
//!   an append holds 10,000 records and 32 MiB; 65,536 records and 64 MiB of the newest appends stay in memory; a read of
//!   the table stops after 64 MiB. [`LogSettings`] has them all.
//!
//! A failed append answers its callers and is over; the next one connects again. A tail waits for Postgres to come back.
//!
//! It does not check what a record means (that is `domain`'s and the edges' work) and never changes what it holds; of a deleted
//! model it takes nothing more ([`LogError::Deleted`]) and removes all ([`remove_records`]).
//!
//! Who may call: `engine` and `app`; `http` through the engine's handle. One [`Log`] a model and process.
//!
//! The files, in the order of a record's way: [`handle`](self) (callers encode their rows: `body`, `copy`) → `queue` →
//! `appender` (`commit_delay`, `batch`, `commit`) → `recent` and `head` → `tail`, which falls back on `reader`; `wake` tells of other
//! processes.

mod appender;
mod batch;
mod body;
mod commit;
mod commit_delay;
mod connect;
mod copy;
mod erase;
mod error;
mod handle;
mod head;
pub mod metrics;
mod models;
mod outcome;
mod queue;
mod reader;
mod recent;
mod restore;
mod settings;
mod tail;
mod wake;

pub use erase::{ErasedRecords, append_forget, erase_user};
pub use error::LogError;
pub use handle::Log;
pub use models::{base_config, names_of, remove_records, settled_config, write_first};
pub use outcome::{Outcome, Page};
pub use restore::append_restore;
pub use settings::LogSettings;
pub use tail::Tail;
