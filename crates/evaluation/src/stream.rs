//! Streams of evaluation: items first, then events in order, as a service would have taken them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use xxhash_rust::xxh3::xxh3_128;

use shelfmark_domain::{Event, Id, Item, ModelConfig, RecordBody, RowVector, Timestamp, VectorTable, WordRule};
use shelfmark_state::tokens_of;

/// Events and metadata, checked as a service checks them.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// Metadata, all of it before the first event.
    pub items: Vec<Item>,
    /// Patches of items and profiles of users, applied after the metadata.
    pub updates: Vec<RecordBody>,
    /// Imported vectors, applied after these.
    pub vectors: Vec<RowVector>,
    /// Events in the order of learning.
    pub events: Vec<Event>,
    /// Events left out because the configuration has no weight for their kind, by kind.
    pub refused: BTreeMap<String, u64>,
    /// Events left out because their id came before.
    pub duplicates: u64,
    ids: HashSet<u128>,
}

/// Events that are learned but not counted as targets: actor, item and time of each.
#[derive(Debug, Clone, Default)]
pub struct Uncounted(HashSet<(Id, Id, Timestamp)>);

impl Uncounted {
    /// Whether the events of this actor with this item at this time are not counted.
    pub(super) fn contains(&self, actor: &Id, item: &Id, at: Timestamp) -> bool {
        !self.0.is_empty() && self.0.contains(&(actor.clone(), item.clone(), at))
    }
}

impl Stream {
    /// Largest number of events.
    pub const EVENTS_MAX: usize = 10_000_000;

    /// Adds an item.
    pub fn item(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Adds an event, and returns `false` when there are [`Stream::EVENTS_MAX`] already.
    pub fn event(&mut self, event: Event, config: &ModelConfig) -> bool {
        if self.events.len() == Self::EVENTS_MAX {
            return false;
        }
        if !config.kinds.contains_key(&event.kind) {
            *self.refused.entry(event.kind).or_default() += 1;
        } else if self.ids.insert(xxh3_128(event.event_id.as_str().as_bytes())) {
            self.events.push(event);
        } else {
            self.duplicates += 1;
        }
        true
    }

    /// Returns the rows that vectors can be imported into: items of the metadata and of the events, or tokens
    /// by a rule of words.
    pub fn rows(&self, table: VectorTable, words: WordRule) -> BTreeSet<Id> {
        match table {
            VectorTable::Items => {
                let listed = self.items.iter().map(|item| &item.id);
                listed.chain(self.events.iter().map(|event| &event.item)).cloned().collect()
            }
            VectorTable::Tokens => self.items.iter().flat_map(|item| tokens_of(item, words)).collect(),
        }
    }

    /// Returns the number of events with a positive weight: the targets.
    pub fn liked(&self, config: &ModelConfig) -> usize {
        self.events.iter().filter(|event| config.event_weight(event) > 0.0).count()
    }

    /// Returns the events without a positive weight, so that a pass by another configuration counts the same targets.
    pub fn uncounted(&self, config: &ModelConfig) -> Uncounted {
        let others = self.events.iter().filter(|event| config.event_weight(event) <= 0.0);
        let key = |event: &Event| {
            let actor = event.user.as_ref().or(event.session.as_ref())?;
            Some((actor.clone(), event.item.clone(), event.ts))
        };
        Uncounted(others.filter_map(key).collect())
    }

    /// Returns the end of the append that begins at `start`: after at least `size` events, never inside a unit, or a
    /// timestamp if they are to be whole.
    pub(super) fn append_end(&self, start: usize, size: usize, whole_timestamps: bool) -> usize {
        let mut end = self.events.len().min(start + size.max(1));
        let belongs = |event: &Event, before: &Event| {
            if whole_timestamps { event.ts == before.ts } else { event.same_unit(before) }
        };
        while end < self.events.len() && belongs(&self.events[end], &self.events[end - 1]) {
            end += 1;
        }
        end
    }
}
