//! Shelfmark serves item and user embeddings and recommendations from a model that learns from every event.
//!
//! `state = f(base version, ordered log of records, configuration)`: everything that can change a model is a record
//! in one append-only log; the learner applies records in order, deterministically. The modules stand in the order of
//! an event's way; `docs/ARCHITECTURE.md` is the long form and says which room may import which.

pub mod app;
pub use shelfmark_monitor::diff as compare;
pub mod config;
pub use shelfmark_domain as domain;
pub mod engine;
pub use shelfmark_datasets::feeds;
pub use shelfmark_evaluation as evaluation;
pub use shelfmark_monitor::health;
pub mod http;
pub use shelfmark_evaluation::svg_plot as plot;
pub use shelfmark_learner as learner;
pub use shelfmark_log as log;
pub use shelfmark_postgres as postgres;
pub use shelfmark_serving as serving;
pub use shelfmark_state as state;
pub use shelfmark_store::keys;
pub use shelfmark_store::model_catalog;
pub use shelfmark_store::operations;
pub mod telemetry;
pub use shelfmark_datasets::vectors;
pub use shelfmark_store::versions;

/// One allocator for everything in the process, libtorch's temporaries included: glibc's gives pages back to the system
/// after every step and every request, and faults them in again for the next (8% of the learner's time).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
