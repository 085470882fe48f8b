//! The topic for messages that become no event.

use std::time::Duration;

use rdkafka::{
    Message,
    message::{Header, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};

use crate::{
    ConnectorError, Settings,
    batch::Partition,
    kafka_client::{self, Context},
    mapping::BadMessage,
};

/// Pause after a failed delivery. Kafka's client tried for a minute by then.
const PAUSE: Duration = Duration::from_secs(1);

/// Producer of the dead-letter topic.
pub struct DeadLetters {
    topic: String,
    producer: FutureProducer<Context>,
}

impl DeadLetters {
    /// Makes the producer; `None` without such a topic.
    pub fn new(settings: &Settings) -> Result<Option<Self>, ConnectorError> {
        let Some(topic) = settings.kafka.dead_letter_topic.clone() else { return Ok(None) };
        let mut config = kafka_client::config(settings)?;
        config.set("message.timeout.ms", "60000").set("acks", "all").set("enable.idempotence", "true");
        let producer = config.create_with_context(Context::default());
        let producer = producer.map_err(ConnectorError::kafka("making a producer of the dead-letter topic"))?;
        Ok(Some(Self { topic, producer }))
    }

    /// Sends a message, and returns once Kafka has it. Tries until then.
    pub async fn send(&self, partition: &Partition, message: &OwnedMessage, bad: &BadMessage) {
        let offset = message.offset().to_string();
        let number = partition.number.to_string();
        let fields = [
            ("shelfmark.reason", bad.reason.as_str()),
            ("shelfmark.detail", bad.detail.as_str()),
            ("shelfmark.topic", &partition.topic),
            ("shelfmark.partition", &number),
            ("shelfmark.offset", &offset),
        ];
        let headers = message.headers().cloned().unwrap_or_default();
        let headers = fields
            .into_iter()
            .fold(headers, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        loop {
            let mut record = FutureRecord::to(&self.topic).headers(headers.clone());
            if let Some(payload) = message.payload() {
                record = record.payload(payload);
            }
            if let Some(key) = message.key() {
                record = record.key(key);
            }
            match self.producer.send(record, PAUSE).await {
                Ok(_) => return,
                Err((error, _)) => tracing::warn!(%error, topic = self.topic, "kafka.dead_letter_not_sent"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
