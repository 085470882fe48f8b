//! Errors that end the connector.

use std::path::PathBuf;

use rdkafka::error::KafkaError;
use shelfmark_client::ClientError;

/// Why the connector ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of settings is no TOML, or has other fields.
    #[error("{}: {detail}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser met, with its place.
        detail: String,
    },
    /// A setting breaks its rule.
    #[error("{field}: {detail}")]
    Setting {
        /// Name of the setting, dotted.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// The service refuses what no attempt would change.
    #[error("the service")]
    Service(#[from] ClientError),
    /// Kafka refuses what no attempt would change.
    #[error("Kafka: {what}")]
    Kafka {
        /// What was tried.
        what: String,
        /// The client's error.
        source: KafkaError,
    },
    /// A topic does not exist.
    #[error("Kafka has no topic {0:?}")]
    NoTopic(String),
    /// A message cannot become an event, and there is no topic for such messages.
    #[error(
        "the message at offset {offset} of partition {partition} of {topic} becomes no event ({reason}: {detail}), and \
         kafka.dead_letter_topic is not set; everything before it is taken"
    )]
    BadMessage {
        /// Its topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// Code of the reason.
        reason: String,
        /// The reason in words.
        detail: String,
    },
    /// Kafka does not have the messages from the stored offset on.
    #[error(
        "Kafka does not have the messages from the stored offset on: they were deleted before they were read, or the topic \
         was made anew. Move the model's offset to go on (docs/how-to/connect-kafka.md)"
    )]
    OffsetLost(#[source] KafkaError),
    /// The stored offset is not one that this connector wrote.
    #[error("the stored offset of partition {partition} of {topic} is {offset:?}, which is no offset of Kafka")]
    NotAnOffset {
        /// The topic.
        topic: String,
        /// The partition.
        partition: String,
        /// The stored text.
        offset: String,
    },
}

impl ConnectorError {
    /// Makes the error of a setting.
    pub(crate) fn setting(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Setting { field: field.into(), detail: detail.into() }
    }

    /// Names what was tried with Kafka.
    pub(crate) fn kafka(what: impl Into<String>) -> impl FnOnce(KafkaError) -> Self {
        let what = what.into();
        |source| Self::Kafka { what, source }
    }

    /// Returns the exit status: 1 when messages before a bad one were taken, else 2.
    pub const fn exit_status(&self) -> u8 {
        if matches!(self, Self::BadMessage { .. }) { 1 } else { 2 }
    }
}
