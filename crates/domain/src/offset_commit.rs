//! Offsets: places in partitioned streams outside, such as topics of Kafka, that events are read from.

use serde::Serialize;

use super::{Id, Position, Timestamp};

/// A partition of a stream outside, such as a topic of Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamPartition {
    /// Name of the stream.
    pub topic: Id,
    /// Name or number of the partition.
    pub partition: Id,
}

/// How far a partition was read, to be committed together with the events that were read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The partition.
    pub of: StreamPartition,
    /// Offset that the reader began at, which must be the stored one; `None` when none is stored.
    pub start: Option<Id>,
    /// Offset of the next message to read; `None` to store none any more.
    pub next: Option<Id>,
}

impl OffsetCommit {
    /// Most partitions of one request.
    pub const COUNT_MAX: usize = 1_000;
    /// Most partitions that a model has offsets of.
    pub const PARTITIONS_MAX: usize = 4_096;

    /// Returns how many bytes its texts take.
    pub fn bytes(&self) -> usize {
        let offset = |offset: &Option<Id>| offset.as_ref().map_or(0, |offset| offset.as_str().len());
        self.of.topic.as_str().len() + self.of.partition.as_str().len() + offset(&self.start) + offset(&self.next)
    }
}

/// Offset of a partition that another one was expected to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OffsetMismatch {
    /// Name of the stream.
    pub topic: Id,
    /// Name or number of the partition.
    pub partition: Id,
    /// `start_offset` of the request.
    pub start_offset: Option<Id>,
    /// The stored offset; null when none is stored.
    pub next_offset: Option<Id>,
}

/// Offset of a partition that is stored with a model's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredOffset {
    /// Name of the stream.
    pub topic: Id,
    /// Name or number of the partition.
    pub partition: Id,
    /// Offset of the next message to read.
    pub next_offset: Id,
    /// Head of the log once it was committed: what was made of the messages before it stands here or earlier.
    pub position: Position,
    /// When it was committed.
    pub updated_at: Timestamp,
}
