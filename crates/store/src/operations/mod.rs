//! Operations: the record of work that takes longer than a request, kept in Postgres.
//!
//! Promises: an operation ends once, as done, failed or cancelled, whatever process asks for what; of one whose process is
//! gone it is known that it was interrupted, at the latest 15 s after the process fell silent; a rollback runs
//! alone, over all processes. Bounds: the newest 1,000 ended ones of a model are kept.
//!
//! It runs nothing itself: the engine runs the work and keeps its row up to date.
//!
//! Who may call: `engine`; `http` through the engine's handle.

mod error;
mod operation;
mod store;

pub use error::OperationError;
pub use operation::{Operation, OperationId, OperationState};
pub use store::{HEARTBEAT_TIMEOUT, OperationOutcome, OperationStore};
