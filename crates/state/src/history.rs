//! Histories of users and sessions: the newest events, from which query vectors are built.

use shelfmark_domain::Timestamp;

/// Events of a history that count: also the range of the repeat term.
pub const HISTORY_EVENTS_MAX: usize = 1000;

/// The newest events of a user or session, oldest first, stored by column.
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
    /// Time of the event.
    pub at: Timestamp,
    /// Row of the event's kind.
    pub kind: u8,
}

impl History {
    /// Returns the bytes owned elsewhere.
    pub(super) fn footprint(&self) -> usize {
        self.items.capacity() * size_of::<u32>()
            + self.times.capacity() * size_of::<Timestamp>()
            + self.kinds.capacity()
    }

    /// Appends the newest event. Keeps the newest [`HISTORY_EVENTS_MAX`], and up to an eighth more.
    pub fn push(&mut self, past: PastEvent) {
        // Dropping an eighth at once keeps the amortized cost per event constant.
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

    /// Whether there are no kept events.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of events ever, including dropped ones.
    #[inline]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Iterates over the kept events, newest first, without the newest `skip`.
    #[inline]
    pub fn newest(&self, skip: usize) -> impl Iterator<Item = PastEvent> {
        let end = self.len().saturating_sub(skip);
        (0..end).rev().take(HISTORY_EVENTS_MAX).map(|i| PastEvent {
            item: self.items[i],
            at: self.times[i],
            kind: self.kinds[i],
        })
    }

    /// Returns the item rows, oldest first.
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
