//! The log: one ordered, durable sequence of records for each model, in Postgres.
//!
//! **Promises.**
//! - P1: [`Log::append`] returns after the commit. What it accepted survives `kill -9` of the service and of Postgres.
//! - P2: an event's id stands in a log once. A retry is an [`AppendOutcome::Duplicate`], another body an
//!   [`AppendOutcome::Conflict`].
//! - P3: positions are dense, from 1, in commit order, over all processes.
//! - P4: what a [`Tail`] returns from memory equals what it reads from the table, bit for bit, with the same
//!   boundaries.
//! - A failed append answers its callers and is over; the next one connects again. A tail waits until Postgres is back.
//! - Nothing more is taken for a deleted model ([`LogError::Deleted`]); [`remove_records`] removes its records.
//!
//! **Must not know** what a record means, or who learns from it. It never changes the records that it holds; only an
//! erasure rewrites what names a user ([`erase_user`]).
//!
//! **Used by** the engine and the service's start; HTTP reaches it through the engine. There is one [`Log`] for a model
//! in a process.
//!
//! **Bounds** (P9). At most 65,536 records, 256 MiB and 16,384 requests wait; then an append is refused at once. An
//! append holds 10,000 records and 32 MiB. The newest 65,536 records, 64 MiB at most, stay in memory. A read of the
//! table stops after 64 MiB. All of them are in [`LogSettings`].
//!
//! **Files**, in the order of a record's way: [`handle`](self) (callers encode their rows: `body`, `copy`), `queue`,
//! `appender` (`commit_delay`, `batch`, `commit`), `recent` and `head`, `tail`, which falls back on `reader`. `wake` hears of appends
//! of other processes.

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
mod metrics;
mod models;
mod outcome;
mod queue;
mod reader;
mod recent;
mod restore;
mod settings;
mod state;
mod tail;
mod wake;

pub use self::metrics::METRICS;
pub use erase::{ErasedRecords, append_forget, erase_user};
pub use error::LogError;
pub use handle::Log;
pub use models::{base_config, names_of, remove_records, settled_config, write_first};
pub use outcome::{AppendOutcome, RecordsPage};
pub use restore::append_restore;
pub use settings::LogSettings;
pub use tail::Tail;
