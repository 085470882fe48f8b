//! Everything but the log that is kept in Postgres: versions, deployments, the catalogue of models, operations, keys.
//!
//! | module | what it keeps |
//! |---|---|
//! | [`versions`] | states, the history of what was served, guards |
//! | [`model_catalog`] | which models there are, and what each was forked from |
//! | [`operations`] | work that takes longer than a request |
//! | [`keys`] | API keys, hashed |
//!
//! **Promises.** Each table has one module that writes it. What is stored is there whole or not at all; a call that
//! belongs to a larger change takes the caller's transaction. A version that does not read back as it was written is
//! refused by name (P7).
//!
//! **Must not know** the log, the learner, views or HTTP. It starts nothing by itself but the tasks that renew the
//! snapshots of keys, and decides nothing: when to take a version, and whom to serve, is the engine's work.
//!
//! **Used by** the engine and the service's start. The modules do not use each other.
//!
//! **Bounds** are those of the modules: lists of 1,000 entries, 1,000 keys, one compressed segment in memory on the way
//! out.

pub mod keys;
pub mod model_catalog;
pub mod operations;
pub mod versions;
