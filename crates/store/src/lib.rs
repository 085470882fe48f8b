//! Storage in Postgres of everything but the log: versions, deployments, the model catalogue, operations, keys.
//!
//! | module | what it keeps |
//! |---|---|
//! | [`versions`] | snapshots of states, deployments, guards, receipts of erasures |
//! | [`model_catalog`] | the models, and what each was forked from |
//! | [`operations`] | work that takes longer than a request |
//! | [`keys`] | API keys, hashed |
//! | [`audit`] | who changed what |
//! | [`processes`] | where each process on the database stands |
//!
//! **Promises.** Each table has one module that writes it. Every write is atomic. A call that belongs to a larger
//! change takes the caller's transaction. A version that does not read back as it was written is refused by name (P7).
//!
//! **Must not know** the log, the learner, views or HTTP. It decides nothing: when to take a version and what to serve
//! is the engine's work. Its only background tasks refresh the cache of keys and follow deployments.
//!
//! **Used by** the engine and the service's start. The modules do not use each other.
//!
//! **Bounds.** A list has at most 1,000 entries. There are at most 1,000 keys. Storing a version holds two segments in
//! memory.

pub mod audit;
pub mod keys;
pub mod model_catalog;
pub mod operations;
pub mod processes;
pub mod versions;
