//! Drives the models: tail -> learn -> publish, versions, rollback, recovery; makes, forks and deletes them.
//!
//! Per model there is one learner thread (an OS thread: libtorch never runs on the async workers), one feed task that
//! reads the log in order and loads what restore records name, one task that follows what other processes serve, one that
//! takes versions, two that watch learning (one looks at the rows now and then, one ranks what came next), and one that
//! guards. Readers get immutable views by pointer; nothing here makes them wait.
//!
//! Promises: P2 and P4 (records are applied once, in order, from the newest sound version), P5 and P6 (views move forward,
//! whole), P7 (a version is refused unless its digest matches). A panic or an unusable record stops the learner, not reads
//! or the log: `/readyz` says why, and recovery from the newest version is tried again, more slowly each time.
//!
//! One task starts and ends models as the roster in the database says ([`Models`]); each can be ended alone.
//!
//! Beyond `--memory-budget` nothing is taken in that would make a new row (`memory_budget`).
//!
//! Bounds: 64 models by default, of each 8 appends between feed and learner, 64 waiting snapshots, 4 versions in memory by default; 64 streams of points,
//! each at most 64 points behind; one sample of live quality waiting; one trace, history, diff or bias report at a time, a
//! replay for one passing through at most 1,000,000 records in at most 45 s; 65,536 clicked lists remembered; 32 samples waiting for the guard.

mod blocking;
mod deployment;
mod erasure;
mod error;
mod guard;
mod health;
mod learning;
mod memory_budget;
mod metrics;
mod model;
mod models;
mod monitoring;
mod operations;
mod parts;
mod replay;
mod rollback;
mod settings;
mod snapshots;
mod status;
mod stores;

pub use crate::state::TableFootprint;
pub use deployment::arm_status::ArmStatus;
pub use deployment::slot::RunningRollback;
pub use erasure::{ErasedLog, ErasedVersion, ErasureReceipt, Unlearn};
pub use error::EngineError;
pub use guard::registry::{GuardFigures, GuardState, GuardStatus};
pub use learning::freeze::Freeze;
pub use model::Model;
pub use models::Models;
pub use models::create::{ConfigChange, CreateModel, ForkFrom};
pub use models::open::Surroundings;
pub use monitoring::history::{
    HISTORY_VERSIONS_MAX, HistoryOptions, LargeStep, LargeSteps, RowHistory, RowInVersion, RowNow, StepEvent,
};
pub use monitoring::monitor::{Learning, PointStream, STREAMS_MAX};
pub use monitoring::trace::TracedEvent;
pub use operations::{OperationContext, Operations, Started};
pub use replay::run::Counts;
pub use replay::trace::Stretch;
pub use rollback::RolledBack;
pub use rollback::dry_run::{DryRun, Standing};
pub use settings::{EngineSettings, REPLAY_RECORDS_MAX};
pub use snapshots::export::ExportSource;
pub use snapshots::take::{EXPORTS_MAX, TakeVersion};
pub use snapshots::verify::{VerifiedModel, VerifiedVersion, Verify, verify};
pub use status::ModelStatus;
