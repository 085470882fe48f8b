//! Shelfmark serves item and user embeddings and recommendations from a model that learns from every event.
//!
//! `state = f(base version, ordered log of records, configuration)`: everything that can change a model is a record
//! in one append-only log; the learner applies records in order, deterministically. The modules stand in the order of
//! an event's way; `docs/ARCHITECTURE.md` is the long form and says which room may import which.

pub mod app;
#[path = "../crates/monitor/src/diff/mod.rs"]
pub mod compare;
pub mod config;
pub use shelfmark_domain as domain;
pub mod engine;
#[path = "../crates/evaluation/src/lib.rs"]
pub mod evaluation;
#[path = "../crates/datasets/src/feeds/mod.rs"]
pub mod feeds;
#[path = "../crates/monitor/src/health/mod.rs"]
pub mod health;
pub mod http;
#[path = "../crates/store/src/keys/mod.rs"]
pub mod keys;
pub use shelfmark_learner as learner;
pub use shelfmark_log as log;
#[path = "../crates/store/src/operations/mod.rs"]
pub mod operations;
#[path = "../crates/evaluation/src/svg_plot.rs"]
pub mod plot;
pub use shelfmark_postgres as postgres;
#[path = "../crates/store/src/model_catalog/mod.rs"]
pub mod roster;
pub use shelfmark_serving as serving;
pub use shelfmark_state as state;
pub mod telemetry;
#[path = "../crates/datasets/src/vectors/mod.rs"]
pub mod vectors;
#[path = "../crates/store/src/versions/mod.rs"]
pub mod versions;

/// One allocator for everything in the process, libtorch's temporaries included: glibc's gives pages back to the system
/// after every step and every request, and faults them in again for the next (8% of the learner's time).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
