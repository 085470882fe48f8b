//! Errors of the log.

use std::{sync::Arc, time::Duration};

use shelfmark_domain::{ErrorKind, ModelName, Position};

/// What can go wrong with the log. Cloneable, because one failed group commit answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The queue is full; nothing was taken.
    #[error("the append queue is full ({records} records wait)")]
    Full {
        /// Records that wait.
        records: usize,
        /// When to try again.
        retry_after: Duration,
    },
    /// More records in one request than an append may hold.
    #[error("{records} records in one request, at most {records_max}")]
    TooLarge {
        /// Records in the request.
        records: usize,
        /// Most records.
        records_max: usize,
    },
    /// More bytes in one request than an append may hold.
    #[error("the request's records take {bytes} bytes, at most {bytes_max}")]
    TooManyBytes {
        /// Bytes of the encoded records.
        bytes: usize,
        /// Most bytes.
        bytes_max: usize,
    },
    /// A record that could not be read back, or that names what does not exist; nothing of the request was taken.
    #[error("record {index} of the request cannot be kept: {detail}")]
    Refused {
        /// Which record of the request, from 0.
        index: usize,
        /// Why.
        detail: String,
    },
    /// Postgres could not be reached or refused; nothing was committed. Sending it again is safe.
    #[error("the log's database failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The connection was lost while the append was being committed: it may stand in the log or not. Sending events
    /// again with the same ids is safe.
    #[error("the connection was lost during the commit: whether the append is durable is not known")]
    CommitUnknown(#[source] Arc<sqlx::Error>),
    /// The process is shutting down.
    #[error("the log is closed")]
    Closed,
    /// The model was deleted; nothing is appended to it any more.
    #[error("the model was deleted")]
    Deleted,
    /// There is no such model.
    #[error("no model {0}")]
    UnknownModel(ModelName),
    /// The model has no configuration yet, and this process may not settle it.
    #[error("model {0} has not begun: the first process that may write settles its configuration")]
    NotBegun(ModelName),
    /// A stored record that this release cannot read: written by a later one, or damaged.
    #[error("the record at position {position} cannot be read: {detail}")]
    Unreadable {
        /// Where it stands.
        position: Position,
        /// What is wrong.
        detail: String,
    },
}

impl LogError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Full { .. } => ErrorKind::QueueFull,
            Self::TooLarge { .. } => ErrorKind::TooManyRecords,
            Self::TooManyBytes { .. } => ErrorKind::TooManyBytes,
            Self::Refused { .. } => ErrorKind::Invalid,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
            Self::CommitUnknown(_) => ErrorKind::CommitUnknown,
            Self::Closed => ErrorKind::ShuttingDown,
            Self::Deleted | Self::UnknownModel(_) => ErrorKind::ModelNotFound,
            Self::NotBegun(_) => ErrorKind::ModelNotStarted,
            Self::Unreadable { .. } => ErrorKind::RecordUnreadable,
        }
    }

    /// What a client is told where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::Database(_) => Some("the database did not answer; nothing was committed: try again".to_owned()),
            Self::CommitUnknown(_) => Some(
                "whether the records are durable is not known: sending events again with the same event_id is safe"
                    .to_owned(),
            ),
            Self::Full { .. }
            | Self::TooLarge { .. }
            | Self::TooManyBytes { .. }
            | Self::Refused { .. }
            | Self::Closed
            | Self::Deleted
            | Self::UnknownModel(_)
            | Self::NotBegun(_)
            | Self::Unreadable { .. } => None,
        }
    }
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}
