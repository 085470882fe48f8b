//! Encoding of entries into request bodies, and where bodies are cut.

use std::sync::Arc;

use bytes::Bytes;
use shelfmark_domain::{Event, Item, RowVector};

/// Most entries of a request, by the HTTP contract.
pub const ENTRIES_MAX: usize = 10_000;
/// Bytes at which a batch is closed even inside a unit; the service takes 16 MiB.
const BYTES_MAX: usize = 8 << 20;

/// Which resource a batch goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// `POST .../items`.
    Items,
    /// `POST .../events`.
    Events,
    /// `POST .../imports`.
    Vectors,
}

impl BatchKind {
    /// Last part of the path, with what is asked of it.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Events => "events",
            // Whoever sends a vector has looked up, or decided, that its item is wanted.
            Self::Vectors => "imports?create=true",
        }
    }
}

/// Where an entry came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line of it, from 1.
    pub line: u64,
}

/// A request body and what it is made of.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Where it goes.
    pub kind: BatchKind,
    /// `{"events":[...]}`, `{"items":[...]}` or `{"vectors":[...]}`.
    pub body: Bytes,
    /// Where each entry came from, in order.
    pub origins: Vec<Origin>,
    /// Where each entry ends in `body`; one byte lies between entries.
    ends: Vec<usize>,
}

impl Batch {
    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.origins.len()
    }

    /// Where it begins, for messages.
    pub fn begin(&self) -> String {
        self.origins.first().map_or_else(String::new, |origin| format!("{}:{}", origin.file, origin.line))
    }

    /// A batch of the entries at these places, in order; `None` when there are none.
    pub fn pick(&self, places: impl Iterator<Item = usize>) -> Option<Self> {
        let mut writer = BatchWriter::new(self.kind);
        for place in places {
            let begin = place.checked_sub(1).map_or(writer.prefix().len(), |before| self.ends[before] + 1);
            writer.push(self.origins[place].clone(), |buffer| {
                buffer.extend_from_slice(&self.body[begin..self.ends[place]]);
            });
        }
        writer.take()
    }
}

/// Collects entries of one kind.
struct BatchWriter {
    kind: BatchKind,
    buffer: Vec<u8>,
    origins: Vec<Origin>,
    ends: Vec<usize>,
}

impl BatchWriter {
    fn new(kind: BatchKind) -> Self {
        Self { kind, buffer: Vec::new(), origins: Vec::new(), ends: Vec::new() }
    }

    fn prefix(&self) -> &'static [u8] {
        match self.kind {
            BatchKind::Items => b"{\"items\":[",
            BatchKind::Events => b"{\"events\":[",
            BatchKind::Vectors => b"{\"vectors\":[",
        }
    }

    fn push(&mut self, origin: Origin, write: impl FnOnce(&mut Vec<u8>)) {
        if self.origins.is_empty() {
            self.buffer.extend_from_slice(self.prefix());
        } else {
            self.buffer.push(b',');
        }
        write(&mut self.buffer);
        self.ends.push(self.buffer.len());
        self.origins.push(origin);
    }

    fn is_full(&self, entries_max: usize) -> bool {
        self.origins.len() >= entries_max || self.buffer.len() >= BYTES_MAX
    }

    fn take(&mut self) -> Option<Batch> {
        if self.origins.is_empty() {
            return None;
        }
        self.buffer.extend_from_slice(b"]}");
        let capacity = self.buffer.capacity();
        let buffer = std::mem::replace(&mut self.buffer, Vec::with_capacity(capacity));
        Some(Batch {
            kind: self.kind,
            body: Bytes::from(buffer),
            origins: std::mem::take(&mut self.origins),
            ends: std::mem::take(&mut self.ends),
        })
    }
}

/// Cuts a stream of entries into batches.
///
/// Batches of events are cut between units where that is possible, so that a basket is one append (a unit of more than
/// [`ENTRIES_MAX`] events or 8 MiB has to be cut). Metadata that comes between events goes ahead of the batch it was
/// found in.
pub struct Batcher {
    entries: usize,
    items: BatchWriter,
    events: BatchWriter,
    vectors: BatchWriter,
    last: Option<Event>,
}

impl Batcher {
    /// With batches of about `entries`, at most [`ENTRIES_MAX`].
    pub fn new(entries: usize) -> Self {
        Self {
            entries: entries.clamp(1, ENTRIES_MAX),
            items: BatchWriter::new(BatchKind::Items),
            events: BatchWriter::new(BatchKind::Events),
            vectors: BatchWriter::new(BatchKind::Vectors),
            last: None,
        }
    }

    /// Adds metadata; gives what has to be sent now.
    pub fn item(&mut self, origin: Origin, item: &Item) -> Option<Batch> {
        self.items.push(origin, |buffer| {
            serde_json::to_writer(buffer, item).expect("an item has only string keys and a vector cannot fail");
        });
        if self.items.is_full(self.entries) { self.items.take() } else { None }
    }

    /// Adds a vector; gives what has to be sent now.
    pub fn vector(&mut self, origin: Origin, row: &RowVector) -> Option<Batch> {
        self.vectors.push(origin, |buffer| {
            serde_json::to_writer(buffer, row).expect("a vector has only string keys and a buffer cannot fail");
        });
        if self.vectors.is_full(self.entries) { self.vectors.take() } else { None }
    }

    /// Adds an event; gives what has to be sent now, in order.
    pub fn event(&mut self, origin: Origin, event: Event) -> impl Iterator<Item = Batch> + use<> {
        let in_unit = self.last.as_ref().is_some_and(|last| last.same_unit(&event));
        let entries_max = if in_unit { ENTRIES_MAX } else { self.entries };
        let full = self.events.is_full(entries_max);
        let batches = if full { self.take() } else { [None, None, None] };
        self.events.push(origin, |buffer| {
            serde_json::to_writer(buffer, &event).expect("an event has only string keys and a vector cannot fail");
        });
        self.last = Some(event);
        batches.into_iter().flatten()
    }

    /// All that is left, in order.
    pub fn take(&mut self) -> [Option<Batch>; 3] {
        [self.items.take(), self.events.take(), self.vectors.take()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::{Id, Timestamp};

    fn event(number: usize, user: &str, seconds: f64) -> (Origin, Event) {
        let event = Event {
            event_id: Id::new("event_id", &format!("e{number}")).unwrap(),
            user: Some(Id::new("user", user).unwrap()),
            session: None,
            item: Id::new("item", "i").unwrap(),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_seconds(seconds).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        (Origin { file: Arc::from("f"), line: number as u64 }, event)
    }

    fn sizes(events: impl Iterator<Item = (Origin, Event)>, entries: usize) -> Vec<usize> {
        let mut batcher = Batcher::new(entries);
        let mut batches: Vec<Batch> = events.flat_map(|(origin, event)| batcher.event(origin, event)).collect();
        batches.extend(batcher.take().into_iter().flatten());
        batches.iter().map(Batch::len).collect()
    }

    #[test]
    fn a_basket_is_never_cut() {
        // 3 single events, a basket of 5, 3 single events; batches of 4.
        let user = |number: usize| if (3..8).contains(&number) { "basket" } else { ["a", "b"][number % 2] };
        assert_eq!(sizes((0..11).map(|number| event(number, user(number), 1.0)), 4), [8, 3]);
    }

    #[test]
    fn a_unit_beyond_the_contracts_limit_is_cut_at_the_limit() {
        assert_eq!(sizes((0..10_001).map(|number| event(number, "u", 1.0)), 100), [10_000, 1]);
    }

    #[test]
    fn picked_entries_are_the_same_bytes() {
        let mut batcher = Batcher::new(10);
        for number in 0..4 {
            let (origin, event) = event(number, "u", 1.0);
            assert_eq!(batcher.event(origin, event).count(), 0);
        }
        let [_, Some(batch), _] = batcher.take() else { panic!("a batch of events") };
        let all: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
        let some = batch.pick([0, 2, 3].into_iter()).unwrap();
        let picked: serde_json::Value = serde_json::from_slice(&some.body).unwrap();
        assert_eq!(picked["events"][0], all["events"][0]);
        assert_eq!(picked["events"][2], all["events"][3]);
        assert_eq!(some.origins.iter().map(|origin| origin.line).collect::<Vec<_>>(), [0, 2, 3]);
        assert!(batch.pick(std::iter::empty()).is_none());
    }
}
