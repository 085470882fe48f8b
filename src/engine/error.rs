//! Errors of the engine.

use std::time::Duration;

use crate::engine::deployment::slot::RunningRollback;
use shelfmark_domain::{ErrorKind, FieldError, ModelName, Position, VersionNumber};
use shelfmark_log::LogError;
use shelfmark_serving::QueryError;
use shelfmark_state::StateError;
use shelfmark_store::model_catalog::ModelCatalogError;
use shelfmark_store::operations::{Operation, OperationError};
use shelfmark_store::versions::VersionError;

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
    /// A record lies too far from every state, in memory or stored, for the way to it to be learned again.
    #[error(
        "the log cannot be learned again up to position {position}: the nearest state to begin from stands at \
         {nearest}, more than {records_max} records before it; versions taken more often bring them nearer"
    )]
    ReplayTooFar {
        /// The record.
        position: Position,
        /// The nearest state before what is wanted.
        nearest: Position,
        /// Records replayed at most.
        records_max: u64,
    },
    /// A replay took longer than it may.
    #[error(
        "learning the log again up to position {position} took longer than {seconds_max} seconds and was ended at \
         {reached}; versions taken more often make the way shorter"
    )]
    ReplayTooLong {
        /// Where it was to end.
        position: Position,
        /// Where it was.
        reached: Position,
        /// Longest time of one.
        seconds_max: u64,
    },
    /// A replay did not pass through a record (a defect of ours, or a damaged log).
    #[error("the log cannot be learned again up to position {position}: {detail}")]
    ReplayFailed {
        /// The record.
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
    /// A model is there, but does not run in this process.
    #[error("model {model} does not start: {reason}")]
    NotStarted {
        /// The model.
        model: ModelName,
        /// Why.
        reason: String,
    },
    /// The learner is further behind than it may be.
    #[error("learning is {records} records and {seconds:.1} s behind, and events are refused until it has caught up")]
    LearnerBehind {
        /// Records that are not learned, those that wait to be committed included.
        records: u64,
        /// Age of the oldest committed one.
        seconds: f64,
        /// Time after which to try again.
        retry_after: Duration,
    },
    /// Another rollback is running.
    #[error("another rollback is running: {0}")]
    RollbackRunning(Box<RunningRollback>),
    /// An operation is running that this one must not run beside.
    #[error("operation {} is running: {}", .0.id, .0.kind)]
    OperationRunning(Box<Operation>),
    /// Somebody asked for the end of the work, or the service ends.
    #[error("it was cancelled")]
    Cancelled,
    /// The target of a rollback is not one.
    #[error(transparent)]
    Target(FieldError),
    /// The operations' records failed.
    #[error(transparent)]
    Operation(#[from] OperationError),
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
    /// The model catalogue returned an error.
    #[error(transparent)]
    ModelCatalog(#[from] ModelCatalogError),
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

impl From<Box<RunningRollback>> for EngineError {
    fn from(running: Box<RunningRollback>) -> Self {
        Self::RollbackRunning(running)
    }
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
        found: shelfmark_domain::Digest,
        /// Of the manifest.
        expected: shelfmark_domain::Digest,
    },
}

impl EngineError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotReached { .. } => ErrorKind::PositionNotReached,
            Self::LearnerDown(_) => ErrorKind::LearnerDown,
            Self::ReplayTooFar { .. } | Self::ReplayTooLong { .. } => ErrorKind::ReplayNotAvailable,
            Self::ReplayFailed { .. } => ErrorKind::ReplayFailed,
            Self::TraceFrozen { .. } => ErrorKind::EventNotLearned,
            Self::LearnerBehind { .. } => ErrorKind::LearnerBehind,
            Self::WatchBusy(_) => ErrorKind::ReportsBusy,
            Self::NotStarted { .. } => ErrorKind::ModelNotStarted,
            Self::RollbackRunning(_) => ErrorKind::RollbackRunning,
            Self::OperationRunning(_) => ErrorKind::OperationRunning,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Target(_) | Self::Config(_) => ErrorKind::Invalid,
            Self::CorruptVersion { .. } => ErrorKind::VersionCorrupt,
            Self::Operation(error) => error.kind(),
            Self::ModelCatalog(error) => error.kind(),
            Self::Log(error) => error.kind(),
            Self::Version(error) => error.kind(),
            Self::Query(error) => error.kind(),
        }
    }

    /// What a client is told where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::LearnerDown(_) => {
                Some("the learner stopped after a failure; reads and the log go on, see /readyz".to_owned())
            }
            Self::NotStarted { model, .. } => {
                Some(format!("model {model} is there, but does not start here; /readyz says why"))
            }
            Self::CorruptVersion { version, .. } => {
                Some(format!("version {version} does not match its checksums and was refused"))
            }
            Self::ModelCatalog(error) => error.public_detail(),
            Self::Log(error) => error.public_detail(),
            Self::Version(error) => error.public_detail(),
            Self::NotReached { .. }
            | Self::ReplayTooFar { .. }
            | Self::ReplayTooLong { .. }
            | Self::ReplayFailed { .. }
            | Self::TraceFrozen { .. }
            | Self::LearnerBehind { .. }
            | Self::WatchBusy(_)
            | Self::RollbackRunning(_)
            | Self::OperationRunning(_)
            | Self::Cancelled
            | Self::Target(_)
            | Self::Config(_)
            | Self::Operation(_)
            | Self::Query(_) => None,
        }
    }

    /// The field at fault, where one is.
    pub const fn field(&self) -> Option<&FieldError> {
        if let Self::Config(error) | Self::Target(error) | Self::Query(QueryError::Field(error)) = self {
            return Some(error);
        }
        None
    }

    /// When to try again, where that is known.
    pub const fn retry_after(&self) -> Option<Duration> {
        if let Self::Log(LogError::Full { retry_after, .. }) | Self::LearnerBehind { retry_after, .. } = self {
            return Some(*retry_after);
        }
        None
    }
}
