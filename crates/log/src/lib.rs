//! Log: one ordered, durable sequence of records for each model, in Postgres.
//!
//! **Promises.**
//! - P1: [`Log::append`] returns after the commit. Accepted records survive `kill -9` of the service and of Postgres.
//! - P2: an event id occurs once in a log. A retry is an [`AppendOutcome::Duplicate`], another event with the same id
//!   an [`AppendOutcome::Conflict`].
//! - P3: positions are dense, from 1, in commit order, over all processes.
//! - P4: what a [`Tail`] returns from memory equals what it reads from the table, bit for bit, with the same
//!   boundaries.
//! - An append read from the table is the one that was written: its checksum covers every column and continues that of
//!   the append before ([`LogError::Unreadable`] otherwise). [`Log::check`] compares them all.
//! - A failed append answers its callers with an error, and the next append reconnects. A tail waits until Postgres is
//!   reachable again.
//! - Offsets of streams outside are committed in the transaction of their records, and only when the sender began at the
//!   stored ones ([`LogError::OffsetsMoved`] otherwise). The records of such a request are accepted all or none.
//! - A deleted model takes no more records ([`LogError::Deleted`]). [`purge_records`] deletes those it has.
//!
//! **Must not know** what a record means, or who learns from it. Stored records do not change, except that an erasure
//! removes a user from them ([`erase_user`]).
//!
//! **Used by** the engine and the service's start; HTTP reaches it through the engine. A process has one [`Log`] for
//! each model.
//!
//! **Bounds** (P9). The queue holds at most 65,536 records, 256 MiB and 16,384 requests; beyond that an append is
//! refused at once. An append holds at most 10,000 records and 32 MiB. The newest 65,536 records, at most 64 MiB, stay
//! in memory. A read of the table stops after 64 MiB. All bounds are in [`LogSettings`].
//!
//! A page of one user's or item's records is searched for a quarter of a second.
//!
//! **Files**, in the order in which a record passes them: `handle` (callers encode their rows with `body` and `copy`),
//! `queue`, `appender` (with `commit_delay`, `batch` and `commit`), `recent_appends` and `known_head`, and `tail`,
//! which falls back on `read_appends`. `listener` learns of appends of other processes. `checksum`, `chain`,
//! `append_check` and `rewriting` make, continue, compare and renew checksums.

mod append_check;
mod appender;
mod batch;
mod body;
mod chain;
mod check_log;
mod checksum;
mod commit;
mod commit_delay;
mod connect;
mod copy;
mod database_health;
mod erase;
mod error;
mod filtered_page;
mod handle;
mod item_rest;
mod known_head;
mod listener;
mod log_target;
mod lookups;
mod metrics;
mod models;
mod moved_history;
mod outcome;
mod queue;
mod read_appends;
mod reader;
mod recent_appends;
mod rest;
mod restore;
mod rewriting;
mod settings;
mod state;
mod stored_row;
mod stream_offsets;
mod summaries;
mod tail;
mod type_code;
mod write_probe;

pub use self::metrics::METRICS;
pub use check_log::LogCheck;
pub use erase::{ErasedRecords, append_forget, erase_user, linked_names, names_of};
pub use error::LogError;
pub use handle::Log;
pub use models::{base_config_or_init, insert_first_record, model_names, purge_records, read_base_config};
pub use outcome::{AppendOutcome, RecordsPage};
pub use restore::{LockedHead, append_restore, lock_head};
pub use settings::LogSettings;
pub use tail::Tail;
