//! Drives one model: tail -> learn -> publish, versions, rollback, recovery.
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
//! Bounds: 8 appends between feed and learner, 64 waiting snapshots, 4 versions in memory by default; 64 streams of points,
//! each at most 64 points behind; one sample of live quality waiting; one trace or bias report at a time, a trace replaying
//! at most 16,384 records; 65,536 clicked lists remembered; 32 samples waiting for the guard.

mod arms;
mod cache;
mod configure;
mod error;
mod feed;
mod follow;
mod freeze;
mod guard;
mod guard_desk;
mod guard_post;
mod guard_sample;
mod guard_shadow;
mod health;
mod metrics;
mod model;
mod models;
mod recovery;
mod rollback;
mod sampling;
mod settings;
mod shared;
mod splitting;
mod status;
mod supervisor;
mod surveying;
mod trace;
mod versioning;
mod watch;
mod watch_metrics;
mod worker;

pub use error::EngineError;
pub use freeze::Freeze;
pub use guard_desk::{GuardFigures, GuardState, GuardStatus};
pub use model::{Model, Surroundings};
pub use models::Models;
pub use settings::EngineSettings;
pub use splitting::ArmStatus;
pub use status::ModelStatus;
pub use trace::TracedEvent;
pub use versioning::TakeVersion;
pub use watch::{Learning, PointStream, STREAMS_MAX};
