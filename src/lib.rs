//! Shelfmark serves item and user embeddings and recommendations from a model that learns from every event.
//!
//! `state = f(base version, ordered log of records, configuration)`: everything that can change a model is a record
//! in one append-only log; the learner applies records in order, deterministically. The modules stand in the order of
//! an event's way; `docs/ARCHITECTURE.md` is the long form and says which room may import which.

pub mod app;
mod backup_schedule;
pub mod config;
pub mod engine;
pub mod http;
pub mod telemetry;

/// One allocator for everything in the process, libtorch's temporaries included: glibc's gives pages back to the system
/// after every step and every request, and faults them in again for the next (8% of the learner's time).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
