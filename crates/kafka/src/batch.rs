//! Messages that were read and are not sent yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use rdkafka::{Message, message::OwnedMessage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    mapping::{self, BadMessage},
    settings::{BatchSettings, EventSettings},
};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// The topic.
    pub topic: Arc<str>,
    /// Number of the partition.
    pub number: i32,
}

impl Partition {
    /// Names a partition.
    pub fn new(topic: &str, number: i32) -> Self {
        Self { topic: Arc::from(topic), number }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// Offsets that a batch moves a partition over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The stored offset.
    pub start: i64,
    /// Offset of the next message to read.
    pub next: i64,
}

/// A message with what becomes of it.
struct Read {
    partition: Partition,
    message: OwnedMessage,
    event: Result<Option<String>, BadMessage>,
}

/// Messages of several partitions, in the order in which they were read.
#[derive(Default)]
pub struct Batch {
    reads: Vec<Read>,
    ranges: BTreeMap<Partition, Range>,
    bytes: usize,
    begun: Option<Instant>,
}

/// A request, and which message each of its events came from.
pub struct Request {
    /// Body of `POST /events`.
    pub body: Vec<u8>,
    /// By event: place of its message in the batch.
    pub places: Vec<usize>,
}

impl Batch {
    /// Adds a message. `start` is the stored offset of its partition.
    pub fn push(&mut self, settings: &EventSettings, partition: Partition, start: i64, message: OwnedMessage) {
        let next = message.offset() + 1;
        self.ranges.entry(partition.clone()).or_insert(Range { start, next }).next = next;
        let event = mapping::event(settings, &message);
        let event_bytes = event.as_ref().map_or(0, |event| event.as_ref().map_or(0, String::len));
        self.bytes += message.payload().map_or(0, <[u8]>::len).max(event_bytes);
        self.begun.get_or_insert_with(Instant::now);
        self.reads.push(Read { partition, message, event });
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether it takes no more.
    pub fn is_full(&self, settings: &BatchSettings) -> bool {
        self.reads.len() >= settings.records || self.bytes >= settings.bytes
    }

    /// Returns when it is to be sent although it is not full.
    pub fn due(&self, settings: &BatchSettings) -> Option<Instant> {
        self.begun.map(|begun| begun + settings.wait())
    }

    /// Returns the offsets that it moves.
    pub fn ranges(&self) -> &BTreeMap<Partition, Range> {
        &self.ranges
    }

    /// Returns how many messages it has.
    pub fn len(&self) -> usize {
        self.reads.len()
    }

    /// Returns the message at a place, with its partition.
    pub fn message(&self, place: usize) -> (&Partition, &OwnedMessage) {
        let read = &self.reads[place];
        (&read.partition, &read.message)
    }

    /// Lists the messages that become no event although they should, by their places.
    pub fn bad(&self) -> Vec<(usize, BadMessage)> {
        let bad = |(place, read): (usize, &Read)| Some((place, read.event.as_ref().err()?.clone()));
        self.reads.iter().enumerate().filter_map(bad).collect()
    }

    /// Makes a message bad that the service rejected.
    pub fn reject(&mut self, place: usize, bad: BadMessage) {
        self.reads[place].event = Err(bad);
    }

    /// Lets messages become no event: they are in the dead-letter topic.
    pub fn settle(&mut self, places: &[usize]) {
        places.iter().for_each(|&place| self.reads[place].event = Ok(None));
    }

    /// Gives up the messages of some partitions.
    pub fn drop_partitions(&mut self, partitions: &BTreeSet<Partition>) {
        self.reads.retain(|read| !partitions.contains(&read.partition));
        self.ranges.retain(|partition, _| !partitions.contains(partition));
    }

    /// Gives up a message and those after it in its partition, and all of partitions that then have none.
    pub fn cut(&mut self, place: usize) {
        let (partition, offset) = (self.reads[place].partition.clone(), self.reads[place].message.offset());
        self.reads.retain(|read| read.partition != partition || read.message.offset() < offset);
        if let Some(range) = self.ranges.get_mut(&partition) {
            range.next = offset;
            if range.next <= range.start {
                self.ranges.remove(&partition);
            }
        }
    }

    /// Writes the request.
    pub fn request(&self) -> Request {
        let mut body = Vec::with_capacity(self.bytes + 256 * self.ranges.len() + 64);
        let mut places = Vec::with_capacity(self.reads.len());
        body.extend_from_slice(b"{\"events\":[");
        for (place, read) in self.reads.iter().enumerate() {
            let Ok(Some(event)) = &read.event else { continue };
            if !places.is_empty() {
                body.push(b',');
            }
            body.extend_from_slice(event.as_bytes());
            places.push(place);
        }
        let offset = |(Partition { topic, number }, Range { start, next }): (&Partition, &Range)| json!({"topic": &**topic, "partition": number, "start_offset": start, "next_offset": next});
        let offsets: Vec<Value> = self.ranges.iter().map(offset).collect();
        body.extend_from_slice(b"],\"offsets\":");
        body.extend_from_slice(Value::Array(offsets).to_string().as_bytes());
        body.push(b'}');
        Request { body, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp;

    fn message(partition: i32, offset: i64, payload: &str) -> OwnedMessage {
        let payload = Some(payload.as_bytes().to_vec());
        OwnedMessage::new(payload, None, "t".to_owned(), Timestamp::CreateTime(0), partition, offset, None)
    }

    fn batch(messages: &[(i32, i64, &str)]) -> Batch {
        let settings: EventSettings = toml::from_str("user=\"u\"\nitem=\"i\"\nkind=\"k\"").unwrap();
        let mut batch = Batch::default();
        for &(partition, offset, payload) in messages {
            let start = batch.ranges.get(&Partition::new("t", partition)).map_or(offset, |range| range.start);
            batch.push(&settings, Partition::new("t", partition), start, message(partition, offset, payload));
        }
        batch
    }

    fn sent(batch: &Batch) -> (Vec<String>, Value) {
        let request: Value = serde_json::from_slice(&batch.request().body).expect("JSON");
        let ids = request["events"].as_array().unwrap().iter().map(|event| event["event_id"].to_string());
        (ids.map(|id| id.trim_matches('"').to_owned()).collect(), request["offsets"].clone())
    }

    const GOOD: &str = r#"{"u":1,"i":2,"k":"click"}"#;

    #[test]
    fn offsets_pass_gaps_and_messages_without_an_event() {
        let (ids, offsets) = sent(&batch(&[(0, 5, GOOD), (1, 0, ""), (0, 9, GOOD)]));
        assert_eq!(ids, ["t/0/5", "t/0/9"]);
        assert_eq!(
            offsets,
            json!([
                {"topic": "t", "partition": 0, "start_offset": 5, "next_offset": 10},
                {"topic": "t", "partition": 1, "start_offset": 0, "next_offset": 1}
            ])
        );
    }

    #[test]
    fn a_cut_keeps_what_is_before_it_and_other_partitions() {
        let mut cut = batch(&[(0, 5, GOOD), (1, 0, GOOD), (0, 6, "{"), (0, 7, GOOD)]);
        assert_eq!(cut.bad().iter().map(|(place, _)| *place).collect::<Vec<_>>(), [2]);
        cut.cut(2);
        assert_eq!(sent(&cut).0, ["t/0/5", "t/1/0"]);
        assert_eq!(cut.ranges()[&Partition::new("t", 0)], Range { start: 5, next: 6 });
        let mut first = batch(&[(0, 5, "{"), (1, 0, GOOD)]);
        first.cut(0);
        assert_eq!(first.ranges().len(), 1, "a partition whose first message is bad does not move");
    }

    #[test]
    fn a_settled_message_moves_the_offset_only() {
        let mut batch = batch(&[(0, 5, "{"), (0, 6, GOOD)]);
        batch.settle(&[0]);
        let (ids, offsets) = sent(&batch);
        assert_eq!((ids.len(), &offsets[0]["next_offset"]), (1, &json!(7)));
        assert!(batch.bad().is_empty());
    }
}
