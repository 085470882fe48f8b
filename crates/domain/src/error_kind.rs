//! Kinds of failure: what went wrong, whichever room found it and however it words it.

/// The kind of an error. Each room's error type has a method `kind`; the edges decide by it alone how an error looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// A value breaks its rule.
    Invalid,
    /// No such model, or the model was deleted.
    ModelNotFound,
    /// No such version.
    VersionNotFound,
    /// No such operation.
    OperationNotFound,
    /// No such item.
    ItemNotFound,
    /// No such user.
    UserNotFound,
    /// No such API key.
    KeyNotFound,
    /// Another API key has this name.
    KeyExists,
    /// There are as many API keys as there may be.
    TooManyKeys,
    /// The API key is the only one, and without keys there is no authentication.
    LastKey,
    /// Another model has this name.
    ModelExists,
    /// There are as many models as there may be.
    TooManyModels,
    /// Forks depend on the model's versions.
    ModelInUse,
    /// The model cannot be deleted.
    ModelRequired,
    /// Another version has this label.
    LabelTaken,
    /// The version is served or needed.
    VersionInUse,
    /// Another event has this id.
    EventConflict,
    /// Another offset of a stream is stored than the sender began at.
    OffsetConflict,
    /// The model has offsets of as many partitions as it may have.
    TooManyPartitions,
    /// Another rollback is running.
    RollbackRunning,
    /// Another operation is running.
    OperationRunning,
    /// No state is near enough to learn the log again from.
    ReplayNotAvailable,
    /// The event was not learned, so there is nothing to trace.
    EventNotLearned,
    /// More records in one request than an append may hold.
    TooManyRecords,
    /// More bytes in one request than an append may hold.
    TooManyBytes,
    /// The append queue is full.
    QueueFull,
    /// The learner is further behind than it may be.
    LearnerBehind,
    /// Too many searches wait.
    SearchesBusy,
    /// Another report is being made, or too many streams are open.
    ReportsBusy,
    /// The view did not reach the position in time.
    PositionNotReached,
    /// The learner stopped after a failure.
    LearnerDown,
    /// The model does not run in this process.
    ModelNotStarted,
    /// The work was cancelled.
    Cancelled,
    /// The service is shutting down.
    ShuttingDown,
    /// Postgres could not be reached, or refused.
    DatabaseUnavailable,
    /// The connection to Postgres was lost during a commit: whether it took place is not known.
    CommitUnknown,
    /// A user was forgotten while a version was taken: take it again.
    UserForgottenMeanwhile,
    /// A stored record cannot be read.
    RecordUnreadable,
    /// A stored version is damaged.
    VersionCorrupt,
    /// A version did not come back as it was stored.
    VersionReadBackFailed,
    /// A replay ended with an error.
    ReplayFailed,
    /// A search ended with an error.
    SearchFailed,
}
