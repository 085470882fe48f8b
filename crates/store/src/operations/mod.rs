//! Operations: the record of work that takes longer than a request, kept in Postgres.
//!
//! **Promises.**
//! - An operation ends once: as done, failed or cancelled. The first end that is written stays, whichever process
//!   writes it.
//! - An operation whose process died is marked as interrupted, at most 15 s after its last heartbeat
//!   ([`HEARTBEAT_TIMEOUT`]).
//! - Of the kinds that exclude each other, such as rollbacks, one operation of a model runs at a time, over all
//!   processes.
//!
//! **Bounds.** The newest 1,000 ended operations of a model are kept.
//!
//! It runs nothing itself: the engine does the work and sends the heartbeats.
//!
//! **Used by** `engine`, and by `http` through the engine's handle.

mod error;
mod operation;
mod store;

pub use error::OperationError;
pub use operation::{Operation, OperationId, OperationState};
pub use store::{HEARTBEAT_TIMEOUT, OperationOutcome, OperationStore, erase_user};
