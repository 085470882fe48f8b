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
//! Beyond `--memory-budget` nothing is taken in that would make a new row (`room`).
//!
//! Bounds: 64 models by default, of each 8 appends between feed and learner, 64 waiting snapshots, 4 versions in memory by default; 64 streams of points,
//! each at most 64 points behind; one sample of live quality waiting; one trace, history, diff or bias report at a time, a
//! replay for one passing through at most 1,000,000 records in at most 45 s; 65,536 clicked lists remembered; 32 samples waiting for the guard.

mod arms;
mod cache;
mod compare;
mod configure;
mod erasure;
mod error;
mod export;
mod feed;
mod fold;
mod follow;
mod freeze;
mod growth;
mod guard;
mod health;
mod history;
mod metrics;
mod model;
mod models;
mod operations;
mod recovery;
mod relearning;
mod retention;
mod rollback;
mod room;
mod sampling;
mod settings;
mod shared;
mod splitting;
mod status;
mod supervisor;
mod surveying;
mod trace;
mod verify;
mod versioning;
mod watch;
mod watch_metrics;
mod worker;

pub use crate::state::TableFootprint;
pub use erasure::{ErasedLog, ErasedVersion, ErasureReceipt, Unlearn};
pub use error::EngineError;
pub use export::{EXPORTS_MAX, ExportSource};
pub use fold::Counts;
pub use freeze::Freeze;
pub use guard::desk::{GuardFigures, GuardState, GuardStatus};
pub use history::{
    HISTORY_VERSIONS_MAX, HistoryOptions, LargeStep, LargeSteps, RowHistory, RowInVersion, RowNow, StepEvent,
};
pub use model::{Model, Surroundings};
pub use models::Models;
pub use models::creating::{ConfigChange, CreateModel, ForkFrom};
pub use operations::{OperationContext, Operations, Started};
pub use relearning::{REPLAY_RECORDS_MAX, Stretch};
pub use rollback::RolledBack;
pub use rollback::dry_run::{DryRun, Standing};
pub use rollback::slot::RunningRollback;
pub use settings::EngineSettings;
pub use splitting::ArmStatus;
pub use status::ModelStatus;
pub use trace::TracedEvent;
pub use verify::{VerifiedModel, VerifiedVersion, Verify, verify};
pub use versioning::TakeVersion;
pub use watch::{Learning, PointStream, STREAMS_MAX};
