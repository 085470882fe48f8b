//! Shelfmark serves item and user embeddings and recommendations from a model that learns from every event.
//!
//! `state = f(base version, ordered log of records, configuration)`: everything that can change a model is a record
//! in one append-only log; the learner applies records in order, deterministically. The modules stand in the order of
//! an event's way; `docs/ARCHITECTURE.md` is the long form and says which room may import which.

pub mod app;
pub mod compare;
pub mod config;
pub mod domain;
pub mod engine;
pub mod evaluation;
pub mod feeds;
pub mod health;
pub mod http;
pub mod keys;
pub mod learner;
pub mod log;
pub mod operations;
pub mod plot;
pub mod postgres;
pub mod roster;
pub mod serving;
pub mod state;
pub mod telemetry;
pub mod vectors;
pub mod versions;

/// One allocator for everything in the process, libtorch's temporaries included: glibc's gives pages back to the system
/// after every step and every request, and faults them in again for the next (8% of the learner's time).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
