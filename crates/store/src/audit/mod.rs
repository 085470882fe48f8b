//! Audit log: who changed what, when, and with what result.
//!
//! **Promises.**
//! - An entry is written before its action begins, and completed with the status of the reply. An action whose entry
//!   cannot be written does not begin.
//! - An entry names no user of a model, so that it may outlive an erasure (P10).
//!
//! **Bounds.** The newest 100,000 entries are kept.

mod log;

pub use log::{AuditEntry, AuditError, AuditLog, NewAuditEntry};
