//! Properties and callbacks that consumer and producer share.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, ClientContext, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult},
    types::RDKafkaRespErr,
};
use tokio::sync::Notify;

use crate::{ConnectorError, Settings, batch::Partition};

/// How long an outage of Kafka is not said again.
const SAID_AGAIN: Duration = Duration::from_secs(10);

/// Makes the properties of a client.
pub fn config(settings: &Settings) -> Result<ClientConfig, ConnectorError> {
    let mut config = ClientConfig::new();
    config.set("client.id", "shelfmark-kafka");
    for (name, value) in settings.properties()? {
        config.set(name, value);
    }
    config.set("bootstrap.servers", &settings.kafka.brokers);
    config.set_log_level(RDKafkaLogLevel::Warning);
    Ok(config)
}

/// Which partitions this member of the group has.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// Counts the changes.
    pub generation: u64,
    /// The partitions.
    pub partitions: Vec<Partition>,
}

/// Receiver of librdkafka's callbacks.
#[derive(Default)]
pub struct Context {
    assignment: Mutex<Assignment>,
    changed: Notify,
    /// When it was last said that Kafka is away.
    said: Mutex<Option<Instant>>,
}

impl Context {
    /// Returns the newest assignment.
    pub fn assignment(&self) -> Assignment {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the assignment changes.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn assign(&self, partitions: Vec<Partition>) {
        let mut assignment = self.assignment.lock().unwrap_or_else(PoisonError::into_inner);
        assignment.generation += 1;
        assignment.partitions = partitions;
        self.changed.notify_one();
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, line, "kafka.client");
            }
            // Lost connections among them, which come back by themselves and are said by `error`.
            RDKafkaLogLevel::Error if facility == "FAIL" => tracing::debug!(facility, line, "kafka.client"),
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => tracing::warn!(facility, line, "kafka.client"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(facility, line, "kafka.client");
            }
        }
    }

    /// Says that Kafka is away, once in ten seconds: the client says so at every attempt.
    fn error(&self, error: KafkaError, reason: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= SAID_AGAIN) {
            *said = Some(Instant::now());
            tracing::warn!(%error, reason, "kafka.unavailable");
        }
    }
}

impl ConsumerContext for Context {
    /// Takes the partitions without reading them. They are begun once the service has said where.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, err: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let (partitions, done) = if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let elements = list.elements();
            let partitions = elements.iter().map(|of| Partition::new(of.topic(), of.partition())).collect();
            (partitions, consumer.assign(&TopicPartitionList::new()))
        } else {
            (Vec::new(), consumer.unassign())
        };
        if let Err(error) = done {
            tracing::error!(%error, "kafka.rebalance_failed");
        }
        self.assign(partitions);
    }

    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            // Nothing is decided by these offsets: they show the lag in the tools of Kafka.
            tracing::debug!(%error, "kafka.offset_not_shown");
        }
    }
}
