//! A batch's way to the service, whatever it takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;
use shelfmark_client::{ApiRequest, BatchReply, Client, ClientError, ServiceAddress, StatusCode, retry};

use crate::{
    ConnectorError,
    batch::{Batch, Partition, Range, Request},
    dead_letters::DeadLetters,
    mapping::BadMessage,
};

/// How long requests are repeated: an outage is waited for, however long it is.
const PATIENCE: Duration = Duration::from_secs(u32::MAX as u64);
/// Code of a refusal for want of memory, which may pass.
const NO_ROOM: &str = "memory_budget";

/// What became of a batch.
#[derive(Default)]
pub struct Sent {
    /// Offsets that were committed.
    pub moved: BTreeMap<Partition, Range>,
    /// Whether the service has other offsets of some partitions, so that they are to be begun anew.
    pub elsewhere: bool,
    /// The message that the connector stops at.
    pub stop: Option<ConnectorError>,
}

/// Client of the service.
pub struct Sender {
    client: Client,
    dead_letters: Option<DeadLetters>,
}

#[derive(Deserialize)]
struct Offsets {
    offsets: Vec<StoredOffset>,
}

#[derive(Deserialize)]
struct StoredOffset {
    topic: String,
    partition: String,
    next_offset: String,
}

impl Sender {
    /// Makes the client. The first request connects.
    pub fn new(address: &ServiceAddress, dead_letters: Option<DeadLetters>) -> Result<Self, ConnectorError> {
        Ok(Self { client: Client::new(address)?, dead_letters })
    }

    /// Reads the stored offsets of some topics.
    pub async fn offsets(&self, topics: &[String]) -> Result<BTreeMap<Partition, i64>, ConnectorError> {
        let mut found = BTreeMap::new();
        for name in topics {
            let send = async || self.client.send(ApiRequest::get(&["offsets"]).query("topic", name)).await;
            let Offsets { offsets } = patiently(send).await?;
            for StoredOffset { topic, partition, next_offset } in offsets {
                let not_an_offset = || ConnectorError::NotAnOffset {
                    topic: topic.clone(),
                    partition: partition.clone(),
                    offset: next_offset.clone(),
                };
                let number = partition.parse().map_err(|_| not_an_offset())?;
                let next = next_offset.parse::<i64>().ok().filter(|next| *next >= 0).ok_or_else(not_an_offset)?;
                found.insert(Partition::new(&topic, number), next);
            }
        }
        Ok(found)
    }

    /// Stores the first offset of a partition. Returns the one that is stored then, which may be another process's.
    pub async fn begin(&self, Partition { topic, number }: &Partition, first: i64) -> Result<i64, ConnectorError> {
        let offset = json!({"topic": &**topic, "partition": number, "start_offset": null, "next_offset": first});
        let body = json!({"events": [], "offsets": [offset]}).to_string().into_bytes();
        match self.append(body).await {
            Ok(_) => Ok(first),
            Err(ClientError::Refused { code, .. }) if code == "offset_conflict" => {
                let stored = self.offsets(&[topic.to_string()]).await?;
                Ok(stored.get(&Partition { topic: topic.clone(), number: *number }).copied().unwrap_or(first))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a batch: its events and offsets in one transaction, after its bad messages went to the dead-letter topic.
    /// Repeats what may pass. Each round settles a message, gives a partition up, or ends.
    pub async fn send(&self, mut batch: Batch) -> Result<Sent, ConnectorError> {
        let mut sent = Sent::default();
        loop {
            if let Some(error) = self.bury(&mut batch).await {
                sent.stop = Some(error);
                continue;
            }
            if batch.is_empty() {
                return Ok(sent);
            }
            let Request { body, places } = batch.request();
            match self.append(body).await {
                Ok(reply) => {
                    tracing::debug!(
                        messages = batch.len(),
                        accepted = reply.accepted,
                        duplicates = reply.duplicates,
                        "kafka.batch_taken"
                    );
                    sent.moved = batch.ranges().clone();
                    return Ok(sent);
                }
                Err(ClientError::Refused { code, reply: Some(reply), .. }) if code == "offset_conflict" => {
                    let moved: BTreeSet<Partition> = reply.offsets.iter().filter_map(partition).collect();
                    tracing::warn!(partitions = moved.len(), "kafka.offsets_moved");
                    sent.elsewhere = true;
                    batch.drop_partitions(&moved);
                }
                Err(error) => {
                    let rejected = rejected(&error, &places);
                    if rejected.is_empty() {
                        return Err(error.into());
                    }
                    rejected.into_iter().for_each(|(place, bad)| batch.reject(place, bad));
                }
            }
        }
    }

    /// Puts the bad messages of a batch into the dead-letter topic. Without one, cuts the batch at the first of them and
    /// returns it.
    async fn bury(&self, batch: &mut Batch) -> Option<ConnectorError> {
        let bad = batch.bad();
        let (first, _) = bad.first()?;
        let Some(dead_letters) = &self.dead_letters else {
            let (partition, message) = batch.message(*first);
            let BadMessage { reason, detail } = bad[0].1.clone();
            let error = ConnectorError::BadMessage {
                topic: partition.topic.to_string(),
                partition: partition.number,
                offset: rdkafka::Message::offset(message),
                reason,
                detail,
            };
            batch.cut(*first);
            return Some(error);
        };
        for (place, bad) in &bad {
            let (partition, message) = batch.message(*place);
            dead_letters.send(partition, message, bad).await;
        }
        tracing::warn!(messages = bad.len(), "kafka.dead_letters");
        batch.settle(&bad.iter().map(|(place, _)| *place).collect::<Vec<_>>());
        None
    }

    async fn append(&self, body: Vec<u8>) -> Result<BatchReply, ClientError> {
        let body = bytes::Bytes::from(body);
        patiently(async || match self.client.append_events(body.clone()).await {
            // Rows may be dropped meanwhile, or the budget raised.
            Err(ClientError::Refused { status, code, detail, .. }) if status == StatusCode::INSUFFICIENT_STORAGE => {
                Err(ClientError::Busy { status, code, detail, retry_after: None })
            }
            answer => answer,
        })
        .await
    }
}

/// Sends until the service answers, or refuses what no attempt would change.
async fn patiently<T>(send: impl AsyncFnMut() -> Result<T, ClientError>) -> Result<T, ClientError> {
    let mut failures = 0_u64;
    let answer = retry(PATIENCE, send, |error| {
        failures += 1;
        tracing::warn!(error = error as &dyn std::error::Error, failures, "kafka.service_unavailable");
    });
    answer.await.map_err(|(error, _)| error)
}

/// Lists the messages that the service rejected, by their places. What there is no room for is sent again.
fn rejected(error: &ClientError, places: &[usize]) -> Vec<(usize, BadMessage)> {
    let ClientError::Refused { code, reply: Some(reply), .. } = error else { return Vec::new() };
    if code != "nothing_taken" {
        return Vec::new();
    }
    let bad = reply.rejected.iter().filter(|rejected| rejected.code != NO_ROOM).filter_map(|rejected| {
        let place = rejected.index.and_then(|index| places.get(index))?;
        Some((*place, BadMessage { reason: rejected.code.clone(), detail: rejected.detail.clone() }))
    });
    bad.collect()
}

fn partition(moved: &shelfmark_client::StoredOffset) -> Option<Partition> {
    Some(Partition::new(&moved.topic, moved.partition.parse().ok()?))
}

#[cfg(test)]
mod tests;
