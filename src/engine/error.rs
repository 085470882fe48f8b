//! What can go wrong with a model.

use crate::{
    domain::{FieldError, Position, VersionNumber},
    log::LogError,
    serving::QueryError,
    state::StateError,
    versions::VersionError,
};

/// What can go wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The view did not get there in time.
    #[error("position {wanted} was not reached in time, the view stands at {reached}")]
    NotReached {
        /// Asked for.
        wanted: Position,
        /// Where the view stands.
        reached: Position,
    },
    /// The learner stopped after a failure; reads and the log go on.
    #[error("the learner is not running: {0}")]
    LearnerDown(String),
    /// An event lies too far from every state that is in memory to be traced.
    #[error(
        "the event at position {position} cannot be traced: the nearest state in memory before it stands at {nearest}, more than {records_max} records away"
    )]
    TraceTooFar {
        /// The event.
        position: Position,
        /// The nearest state before it.
        nearest: Position,
        /// Records replayed at most.
        records_max: u64,
    },
    /// A replay did not pass through the event (a defect of ours, or a damaged log).
    #[error("the event at position {position} cannot be traced: {detail}")]
    TraceFailed {
        /// The event.
        position: Position,
        /// What happened.
        detail: String,
    },
    /// The event came while learning was frozen: there is nothing to trace.
    #[error("the event at position {position} was not learned: learning was frozen")]
    TraceFrozen {
        /// The event.
        position: Position,
    },
    /// Another trace or report is being made, or too many streams are open.
    #[error("{0}")]
    WatchBusy(&'static str),
    /// Another rollback is running.
    #[error("another rollback is running")]
    RollbackRunning,
    /// The new configuration is not one.
    #[error(transparent)]
    Config(#[from] FieldError),
    /// A stored version decodes to something else than what was stored.
    #[error("version {version} is corrupt: {source}")]
    CorruptVersion {
        /// The version.
        version: VersionNumber,
        /// How it is corrupt.
        source: CorruptState,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The version store failed.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The query cannot be answered.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// How a stored state is not what it was.
#[derive(Debug, thiserror::Error)]
pub enum CorruptState {
    /// It does not decode.
    #[error(transparent)]
    Undecodable(#[from] StateError),
    /// It decodes to another digest (P7).
    #[error("its digest is {found}, its manifest says {expected}")]
    Digest {
        /// Of the decoded state.
        found: crate::domain::Digest,
        /// Of the manifest.
        expected: crate::domain::Digest,
    },
}
