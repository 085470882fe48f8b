//! A connector that feeds a model from topics of Kafka: each message becomes its event once.
//!
//! **Promises.**
//! - The offsets that count are those of the service: they are committed in the transaction of the events. The connector
//!   goes on there after every start and every rebalance, so a crash of connector, Kafka or service neither loses nor
//!   doubles an event.
//! - A message that becomes no event, because it cannot be mapped or the service rejects it, is in the dead-letter topic
//!   before the offset moves past it. That can happen twice after a crash. Without such a topic the connector stops at
//!   the message.
//! - It ends by itself only where nothing it could do would help. Outages of Kafka and of the service are waited for.
//!
//! **Must not know** how the service works inside: it is a client of the HTTP API.
//!
//! **Used by** its program `shelfmark-kafka` alone. It is a crate of its own, so that the service is built without
//! librdkafka.
//!
//! **Bounds.** Two batches are held at most, one that is sent and one that is collected, each of `batch.records`
//! messages and about `batch.bytes` bytes. Kafka's client holds `queued.max.messages.kbytes` besides. Pauses between
//! attempts are 5 s at most, or as long as the service asks for.
//!
//! **Files.** `connector` is the loop, `reader` the consumer, `batch` what is read until it is sent, `sender` a batch's
//! way to the service, `dead_letters` the producer, `mapping` a message's way to an event, `settings` the file.

mod batch;
mod check;
mod connector;
mod dead_letters;
mod error;
mod field_path;
mod kafka_client;
mod mapping;
mod reader;
mod sender;
mod settings;

pub use check::check;
pub use connector::run;
pub use error::ConnectorError;
pub use settings::Settings;
