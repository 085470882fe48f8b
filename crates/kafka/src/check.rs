//! The check of settings and connections, before a connector is put to work.

use std::{io::Write, time::Duration};

use rdkafka::consumer::Consumer;
use shelfmark_client::{ApiRequest, Client};

use crate::{ConnectorError, Settings, reader::Reader};

/// Longest answer of Kafka.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Tries the connections to Kafka and to the service, and tells what was found. Reads no message and writes nothing.
///
/// # Errors
/// What a connector could not work with.
pub async fn check(settings: &Settings, told: &mut (dyn Write + Send)) -> Result<(), ConnectorError> {
    let mut tell = |line: String| drop(writeln!(told, "{line}"));
    let reader = Reader::new(settings)?;
    let topics = settings.kafka.topics.iter().chain(&settings.kafka.dead_letter_topic);
    for topic in topics {
        let (consumer, name) = (reader.consumer.clone(), topic.clone());
        let ask = move || consumer.fetch_metadata(Some(&name), ANSWER_MAX);
        let metadata = tokio::task::spawn_blocking(ask).await.unwrap_or(Err(rdkafka::error::KafkaError::Canceled));
        let metadata = metadata.map_err(ConnectorError::kafka(format!("reading about the topic {topic}")))?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        if partitions == 0 {
            return Err(ConnectorError::NoTopic(topic.clone()));
        }
        tell(format!("topic {topic}: {partitions} partitions"));
    }
    if settings.kafka.dead_letter_topic.is_none() {
        tell("no dead-letter topic: the connector stops at a message that becomes no event".to_owned());
    }
    let client = Client::new(&settings.address()?)?;
    let head = client.status().await?.head;
    let stored: serde_json::Value = client.send(ApiRequest::get(&["offsets"])).await?;
    let stored = stored["offsets"].as_array().map_or(0, Vec::len);
    client.append_events(bytes::Bytes::from_static(b"{\"events\":[]}")).await?;
    tell(format!("model {}: at position {head}, with offsets of {stored} partitions", settings.service.model));
    // The consumer joined no group, and is dropped where waiting is no harm.
    if tokio::task::spawn_blocking(move || drop(reader)).await.is_err() {
        tell("the connection to Kafka was not closed".to_owned());
    }
    Ok(())
}
