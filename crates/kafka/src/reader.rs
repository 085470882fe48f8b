//! The consumer: which partitions it has, and where each is begun.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::{
    ConnectorError, Settings,
    batch::{Partition, Range},
    kafka_client::{self, Assignment, Context},
    sender::Sender,
    settings::Start,
};

/// Longest answer of Kafka to a question about a partition.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Pause after a question without an answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Offsets at which partitions are begun, of one assignment.
pub struct Begin {
    /// Which assignment.
    pub generation: u64,
    /// The offsets.
    pub offsets: BTreeMap<Partition, i64>,
}

/// A member of the consumer group.
pub struct Reader {
    pub consumer: Arc<StreamConsumer<Context>>,
    topics: Vec<String>,
    start: Start,
}

impl Reader {
    /// Makes the consumer. It connects, and joins the group, with [`Reader::subscribe`].
    pub fn new(settings: &Settings) -> Result<Self, ConnectorError> {
        let mut config = kafka_client::config(settings)?;
        config.set("group.id", &settings.kafka.group);
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "error").set("partition.assignment.strategy", "range,roundrobin");
        let consumer = config.create_with_context(Context::default());
        let consumer = consumer.map_err(ConnectorError::kafka("making a consumer"))?;
        Ok(Self { consumer: Arc::new(consumer), topics: settings.kafka.topics.clone(), start: settings.kafka.start })
    }

    /// Joins the group.
    pub fn subscribe(&self) -> Result<(), ConnectorError> {
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        self.consumer.subscribe(&topics).map_err(ConnectorError::kafka("subscribing to the topics"))
    }

    /// Finds where the partitions of an assignment are begun: where the service has them. What it does not have is begun
    /// as the settings say, and the service is told so first: the next start would else find other messages.
    pub async fn find_begin(&self, assignment: Assignment, sender: &Sender) -> Result<Begin, ConnectorError> {
        let mut stored = sender.offsets(&self.topics).await?;
        let mut offsets = BTreeMap::new();
        for partition in assignment.partitions {
            let offset = match stored.remove(&partition) {
                Some(offset) => offset,
                None => {
                    let first = self.first_offset(&partition).await;
                    sender.begin(&partition, first).await?
                }
            };
            offsets.insert(partition, offset);
        }
        Ok(Begin { generation: assignment.generation, offsets })
    }

    /// Asks Kafka where a partition is begun that the service has no offset of. Asks until there is an answer.
    async fn first_offset(&self, partition: &Partition) -> i64 {
        loop {
            let (consumer, of) = (Arc::clone(&self.consumer), partition.clone());
            let ask = move || consumer.fetch_watermarks(&of.topic, of.number, ANSWER_MAX);
            match tokio::task::spawn_blocking(ask).await {
                Ok(Ok((earliest, latest))) => {
                    return if self.start == Start::Earliest { earliest } else { latest };
                }
                Ok(Err(error)) => tracing::warn!(%error, %partition, "kafka.no_offset"),
                Err(error) => tracing::warn!(%error, %partition, "kafka.no_offset"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Begins to read the partitions at their offsets. What was read ahead before is dropped.
    pub fn begin(&self, offsets: &BTreeMap<Partition, i64>) -> Result<(), ConnectorError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(&partition.topic, partition.number, Offset::Offset(*offset))
                .map_err(ConnectorError::kafka("beginning to read"))?;
        }
        self.consumer.assign(&list).map_err(ConnectorError::kafka("beginning to read"))?;
        // An assignment does not undo a pause, not even one of a partition that was somebody else's in between.
        self.pause(offsets.keys(), false);
        Ok(())
    }

    /// Shows the tools of Kafka how far the service is. Nothing is decided by it.
    pub fn show(&self, ranges: &BTreeMap<Partition, Range>) {
        let mut list = TopicPartitionList::new();
        for (Partition { topic, number }, range) in ranges {
            if let Err(error) = list.add_partition_offset(topic, *number, Offset::Offset(range.next)) {
                tracing::debug!(%error, "kafka.offset_not_shown");
                return;
            }
        }
        if let Err(error) = self.consumer.commit(&list, CommitMode::Async) {
            tracing::debug!(%error, "kafka.offset_not_shown");
        }
    }

    /// Pauses partitions, or lets them go on.
    pub fn pause<'p>(&self, partitions: impl Iterator<Item = &'p Partition>, pause: bool) {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&partition.topic, partition.number);
        }
        let done = if pause { self.consumer.pause(&list) } else { self.consumer.resume(&list) };
        if let Err(error) = done {
            tracing::warn!(%error, pause, "kafka.not_paused");
        }
    }
}

/// Decides whether an error of the consumer passes.
pub fn lasting(error: KafkaError) -> Result<(), ConnectorError> {
    if let KafkaError::MessageConsumption(code) = &error
        && [RDKafkaErrorCode::AutoOffsetReset, RDKafkaErrorCode::OffsetOutOfRange].contains(code)
    {
        return Err(ConnectorError::OffsetLost(error));
    }
    if matches!(error, KafkaError::MessageConsumptionFatal(_)) {
        return Err(ConnectorError::kafka("reading")(error));
    }
    let away = [
        RDKafkaErrorCode::AllBrokersDown,
        RDKafkaErrorCode::BrokerTransportFailure,
        RDKafkaErrorCode::OperationTimedOut,
        RDKafkaErrorCode::Resolve,
    ];
    if matches!(&error, KafkaError::MessageConsumption(code) if away.contains(code)) {
        tracing::debug!(%error, "kafka.read_failed");
    } else {
        tracing::warn!(%error, "kafka.read_failed");
    }
    Ok(())
}
