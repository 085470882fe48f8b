//! Errors of the log.

use std::{sync::Arc, time::Duration};

use shelfmark_domain::{ErrorKind, Id, ModelName, OffsetCommit, OffsetMismatch, Position};

/// Error of the log. Cloneable, because one failed group commit answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The queue is full. Nothing was accepted.
    #[error("the append queue is full ({records} records wait)")]
    Full {
        /// Waiting records.
        records: usize,
        /// Time after which to try again.
        retry_after: Duration,
    },
    /// The request has more records than an append may hold.
    #[error("the request has {records} records, and the maximum is {records_max}")]
    TooLarge {
        /// Records of the request.
        records: usize,
        /// Maximum.
        records_max: usize,
    },
    /// The request has more bytes than an append may hold.
    #[error("the records of the request take {bytes} bytes, and the maximum is {bytes_max}")]
    TooManyBytes {
        /// Bytes of the encoded records.
        bytes: usize,
        /// Maximum.
        bytes_max: usize,
    },
    /// A record cannot be stored, or names a version that does not exist. No record of the request was accepted.
    #[error("record {index} of the request cannot be stored: {detail}")]
    Refused {
        /// Index of the record in the request, from 0.
        index: usize,
        /// Reason.
        detail: String,
    },
    /// Events of a request with offsets have ids of other events. Nothing of the request was accepted.
    #[error("{} events of the request have ids of other events in the log", .0.len())]
    Conflicts(Vec<(usize, Position)>),
    /// Other offsets are stored than the sender began at. Nothing of the request was accepted.
    #[error("{}", moved_detail(.0))]
    OffsetsMoved(Vec<OffsetMismatch>),
    /// The model has offsets of as many partitions as it may have. Nothing of the request was accepted.
    #[error("the model has offsets of {} partitions, which is the maximum", OffsetCommit::PARTITIONS_MAX)]
    TooManyPartitions,
    /// Postgres could not be reached, or a statement failed. Nothing was committed, so sending the request again is
    /// safe.
    #[error("the database of the log failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The connection was lost during the commit, so the append may be durable or not. Sending events again with the
    /// same ids is safe.
    #[error("the connection was lost during the commit, so it is unknown whether the append is durable")]
    CommitUnknown(#[source] Arc<sqlx::Error>),
    /// The process is shutting down.
    #[error("the log is closed")]
    Closed,
    /// The model was deleted, and takes no more records.
    #[error("the model was deleted")]
    Deleted,
    /// The model does not exist.
    #[error("no model {0}")]
    UnknownModel(ModelName),
    /// The model has no configuration yet, and this process is read-only.
    #[error("model {0} has no configuration yet: a process that is not read-only has to start it first")]
    NotStarted(ModelName),
    /// A stored record cannot be read: a later release wrote it, or it is damaged.
    #[error("the record at position {position} cannot be read: {detail}")]
    Unreadable {
        /// Position of the record.
        position: Position,
        /// Reason.
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
            Self::Conflicts(_) => ErrorKind::EventConflict,
            Self::OffsetsMoved(_) => ErrorKind::OffsetConflict,
            Self::TooManyPartitions => ErrorKind::TooManyPartitions,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
            Self::CommitUnknown(_) => ErrorKind::CommitUnknown,
            Self::Closed => ErrorKind::ShuttingDown,
            Self::Deleted | Self::UnknownModel(_) => ErrorKind::ModelNotFound,
            Self::NotStarted(_) => ErrorKind::ModelNotStarted,
            Self::Unreadable { .. } => ErrorKind::RecordUnreadable,
        }
    }

    /// Detail for clients, where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::Database(_) => Some("the database did not answer; nothing was committed: try again".to_owned()),
            Self::CommitUnknown(_) => Some(
                "it is unknown whether the records are durable: sending events again with the same event_id is safe"
                    .to_owned(),
            ),
            Self::Full { .. }
            | Self::TooLarge { .. }
            | Self::TooManyBytes { .. }
            | Self::Refused { .. }
            | Self::Conflicts(_)
            | Self::OffsetsMoved(_)
            | Self::TooManyPartitions
            | Self::Closed
            | Self::Deleted
            | Self::UnknownModel(_)
            | Self::NotStarted(_)
            | Self::Unreadable { .. } => None,
        }
    }
}

fn moved_detail(moved: &[OffsetMismatch]) -> String {
    let Some(OffsetMismatch { topic, partition, start_offset, next_offset }) = moved.first() else {
        return String::new();
    };
    let told = |offset: &Option<Id>| offset.as_ref().map_or_else(|| "none".to_owned(), Id::to_string);
    format!(
        "partition {partition} of {topic}: the stored offset is {}, and the request begins at {}; nothing was taken",
        told(next_offset),
        told(start_offset)
    )
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}
