//! Engine: drives each model from its log to published views, keeps versions, rolls back, recovers, and makes, forks
//! and deletes models.
//!
//! Each model has one learner thread (an OS thread: libtorch never runs on the async workers) and a few tasks: a feed
//! that reads the log in order, a follower of deployments, a taker of versions, a survey of rows, a sampler of live
//! quality, and a guard. Readers take immutable views by pointer and never wait for any of them.
//!
//! | module | what it does |
//! |---|---|
//! | `learning` | feeds, runs and recovers the learner |
//! | `replay` | applies a part of the log beside the learner |
//! | `snapshots` | takes, caches, retains, compares, exports and verifies versions |
//! | `deployment` | says which view a reader gets, and attributes clicks |
//! | `rollback` | pins, restores, replays |
//! | `monitoring` | health, live quality, traces, histories, the map of items |
//! | `guard` | compares live with a reference, and acts |
//! | `models` | starts, stops, creates and deletes models |
//! | `memory_budget`, `lag_bound` | admission of rows, and of events while learning is behind |
//! | `erasure`, `operations` | erasure of users, long work |
//! | `append` | appends to a model's log |
//! | `processes` | tells other processes where this one stands |
//! | `parts`, `model` | put a model together, and are its handle |
//!
//! No module imports one that imports it. What a module needs of a model it takes by name (`Stores`, `Readers`,
//! `LearnerHandle`, `Monitor`); only `parts` and `model` know the whole.
//!
//! **Promises.** P2 and P4: records are applied once, in order, from the newest sound version. P5 and P6: views move
//! forward, whole. P7: a version is refused unless its digest matches. A panic or an unusable record stops the learner,
//! not reads or the log: `/readyz` says why, and recovery from the newest version is tried again, more slowly each
//! time.
//!
//! **Bounds.** 64 models by default. Of each: 8 appends between feed and learner, 64 waiting snapshots, 4 versions in
//! memory by default; 64 streams of points, each at most 64 points behind; one sample of live quality waiting, 32 for
//! the guard; 64 streams of the map and 8 of its projections; one trace, history, diff or bias report at a time, whose
//! replay passes through at most 1,000,000 records in at most 45 s; 65,536 clicked lists remembered. Beyond
//! `--memory-budget` nothing is taken in that would make a new row.

mod append;
mod blocking;
mod deployment;
mod erasure;
mod erasure_places;
mod error;
mod guard;
mod health;
mod lag_bound;
mod learning;
mod memory_budget;
mod metrics;
mod model;
mod models;
mod monitoring;
mod operations;
mod parts;
mod processes;
mod replay;
mod rollback;
mod settings;
mod snapshots;
mod status;
mod stores;

pub use append::Appended;
pub use blocking::try_blocking;
pub use deployment::arm_status::ArmStatus;
pub use deployment::slot::RunningRollback;
pub use erasure::{ErasedLog, ErasedVersion, ErasureReceipt, Unlearn, forget_again};
pub use erasure_places::{ERASURE_PLACES, ErasurePlaces, OnErasure};
pub use error::EngineError;
pub use guard::registry::{GuardFigures, GuardState, GuardStatus};
pub use learning::freeze::Freeze;
pub use model::Model;
pub use models::Models;
pub use models::create::{ConfigChange, CreateModel, ForkFrom};
pub use models::open::Dependencies;
pub use monitoring::history::{
    HISTORY_VERSIONS_MAX, HistoryOptions, LargeStep, LargeSteps, RowHistory, RowInVersion, RowNow, Shown, StepEvent,
};
pub use monitoring::map::{MAP_STREAMS_MAX, MapRequest, MapState, Maps};
pub use monitoring::map_drawing::{Basis, BasisState, Map};
pub use monitoring::map_moves::{MapMoves, Moves};
pub use monitoring::monitor::{Learning, PointStream, REPORTS_MAX, STREAMS_MAX};
pub use monitoring::reports::{CompareRequest, ComparedState, TermsRequest};
pub use monitoring::trace::TracedEvent;
pub use operations::{OperationContext, Operations, Started};
pub use processes::Processes;
pub use replay::run::Counts;
pub use replay::trace::Stretch;
pub use rollback::RolledBack;
pub use rollback::dry_run::{DryRun, Standing};
pub use settings::{EngineSettings, REPLAY_RECORDS_MAX};
pub use shelfmark_state::TableFootprint;
pub use snapshots::export::ExportSource;
pub use snapshots::take::{EXPORTS_MAX, TakeVersion};
pub use snapshots::verify::{VerifiedModel, VerifiedVersion, Verify, verify};
pub use status::ModelStatus;

/// Metrics of the engine.
pub const METRICS: [shelfmark_metrics::MetricSection; 5] = [
    metrics::METRICS,
    monitoring::metrics::METRICS,
    deployment::arm_status::METRICS,
    guard::METRICS,
    memory_budget::METRICS,
];
