//! What somebody did lately: the source of their vector.

use shelfmark_domain::Timestamp;

/// Events that a history keeps: also the range of the repeat table (learning rule, "last 1000 events").
pub const HISTORY_EVENTS_MAX: usize = 1000;

/// The newest events of one user or session, oldest first, as parallel columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    items: Vec<u32>,
    times: Vec<Timestamp>,
    kinds: Vec<u8>,
    total: u64,
}

/// One event of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastEvent {
    /// Item row.
    pub item: u32,
    /// When.
    pub at: Timestamp,
    /// Row of the kind's name.
    pub kind: u8,
}

impl History {
    /// What it takes outside of itself, in bytes.
    pub(super) fn footprint(&self) -> usize {
        self.items.capacity() * size_of::<u32>()
            + self.times.capacity() * size_of::<Timestamp>()
            + self.kinds.capacity()
    }

    /// Adds the newest event; the oldest goes when there are more than [`HISTORY_EVENTS_MAX`].
    pub fn push(&mut self, past: PastEvent) {
        // Dropping an eighth at once keeps the cost of shifting constant per event.
        if self.items.len() >= HISTORY_EVENTS_MAX + HISTORY_EVENTS_MAX / 8 {
            let surplus = self.items.len() - HISTORY_EVENTS_MAX;
            self.items.drain(..surplus);
            self.times.drain(..surplus);
            self.kinds.drain(..surplus);
        }
        self.items.push(past.item);
        self.times.push(past.at);
        self.kinds.push(past.kind);
        self.total += 1;
    }

    /// Number of kept events.
    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of events ever.
    #[inline]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Kept events, newest first, without the newest `skip`.
    #[inline]
    pub fn newest(&self, skip: usize) -> impl Iterator<Item = PastEvent> {
        let end = self.len().saturating_sub(skip);
        (0..end).rev().take(HISTORY_EVENTS_MAX).map(|i| PastEvent {
            item: self.items[i],
            at: self.times[i],
            kind: self.kinds[i],
        })
    }

    /// Item rows, oldest first.
    #[inline]
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.total.to_le_bytes());
        out.extend_from_slice(bytemuck::cast_slice(&self.items));
        for time in &self.times {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        out.extend_from_slice(&self.kinds);
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (total, rest) = bytes.split_first_chunk::<8>()?;
        if !rest.len().is_multiple_of(13) {
            return None;
        }
        let n = rest.len() / 13;
        let (items, rest) = rest.split_at(n * 4);
        let (times, kinds) = rest.split_at(n * 8);
        Some(Self {
            items: items.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect(),
            times: times
                .as_chunks()
                .0
                .iter()
                .map(|c| Timestamp::from_micros(i64::from_le_bytes(*c)))
                .collect::<Option<_>>()?,
            kinds: kinds.to_vec(),
            total: u64::from_le_bytes(*total),
        })
    }
}
