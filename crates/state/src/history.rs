//! Histories of users and sessions: the newest events, from which query vectors are built.

mod encoding;

use std::collections::HashSet;

use shelfmark_domain::Timestamp;

use super::stance::{HistoryKinds, Stance};

/// Most events of a history that count, and as many again of kinds that take no part in queries. Also the range of the
/// repeat term.
pub const HISTORY_EVENTS_MAX: usize = 1000;
/// Most remembered pairs of item and kind that are older than that.
pub const LASTING_MAX: usize = 10_000;
/// A history is trimmed once in so many events, so that the amortized cost per event is constant.
const TRIM_EVERY: u64 = HISTORY_EVENTS_MAX as u64 / 8;
/// The newest events of a user or session by their own time, oldest first, stored by column. Of older ones, items are
/// remembered that were met with a lasting kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    items: Vec<u32>,
    times: Vec<Timestamp>,
    kinds: Vec<u8>,
    /// Empty while all are [`Stance::ByKind`].
    stances: Vec<Stance>,
    total: u64,
    /// Distinct, oldest first.
    lasting: Vec<LastingEvent>,
}

/// An item and the lasting kind of event that it was met with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct LastingEvent {
    item: u32,
    kind: u8,
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
    /// What the event says about the item.
    pub stance: Stance,
}

impl History {
    /// Returns the bytes owned elsewhere.
    pub(super) fn footprint(&self) -> usize {
        self.items.capacity() * size_of::<u32>()
            + self.times.capacity() * size_of::<Timestamp>()
            + self.kinds.capacity()
            + self.stances.capacity()
            + self.lasting.capacity() * size_of::<LastingEvent>()
    }

    /// Inserts an event by its time, after those of the same time. An event that arrives late takes its place in the
    /// past; one that is older than a full history is dropped at the next trim.
    pub fn push(&mut self, past: PastEvent) {
        // Nearly every event is the newest.
        let place = self.until(past.at);
        self.items.insert(place, past.item);
        self.times.insert(place, past.at);
        if past.stance != Stance::ByKind && self.stances.is_empty() {
            self.stances.resize(self.kinds.len(), Stance::ByKind);
        }
        if past.stance != Stance::ByKind || !self.stances.is_empty() {
            self.stances.insert(place, past.stance);
        }
        self.kinds.insert(place, past.kind);
        self.total += 1;
    }

    /// Returns the number of kept events at or before a time.
    #[inline]
    pub fn until(&self, at: Timestamp) -> usize {
        if self.times.last().is_none_or(|newest| *newest <= at) {
            return self.times.len();
        }
        self.times.partition_point(|time| *time <= at)
    }

    /// Whether [`History::trim`] is due before the next event.
    pub(super) fn is_trim_due(&self) -> bool {
        // By the number of all events, so that a history that was stored and loaded goes on alike.
        self.items.len() > HISTORY_EVENTS_MAX && self.total.is_multiple_of(TRIM_EVERY)
    }

    /// Drops the oldest events, beyond [`HISTORY_EVENTS_MAX`] that take part in queries and as many that do not.
    pub(super) fn trim(&mut self, kinds: &HistoryKinds) {
        let kept = self.window(kinds);
        let gone = (0..kept.len()).filter(|place| !kept[*place] && kinds.lasting.contains(self.kinds[*place]));
        let gone: Vec<LastingEvent> =
            gone.map(|place| LastingEvent { item: self.items[place], kind: self.kinds[place] }).collect();
        self.remember(&gone);
        retain(&mut self.items, &kept);
        retain(&mut self.times, &kept);
        retain(&mut self.kinds, &kept);
        retain(&mut self.stances, &kept);
        if self.stances.iter().all(|stance| *stance == Stance::ByKind) {
            self.stances.clear();
        }
    }

    /// Adds pairs of item and lasting kind that are not remembered yet.
    fn remember(&mut self, gone: &[LastingEvent]) {
        if gone.is_empty() {
            return;
        }
        let mut known: HashSet<LastingEvent> = self.lasting.iter().copied().collect();
        self.lasting.extend(gone.iter().copied().filter(|event| known.insert(*event)));
        let surplus = self.lasting.len().saturating_sub(LASTING_MAX);
        self.lasting.drain(..surplus);
    }

    /// Adds all events of another history, each at its time, after those of the same time.
    pub(super) fn absorb(&mut self, other: &Self, kinds: &HistoryKinds) {
        let total = self.total + other.total;
        other.newest(0).collect::<Vec<_>>().into_iter().rev().for_each(|past| self.push(past));
        self.total = total;
        self.remember(&other.lasting);
        if self.items.len() > HISTORY_EVENTS_MAX {
            self.trim(kinds);
        }
    }

    /// Takes out the newest event with this item, time and kind; of one that is too old to be kept, the pair of item
    /// and kind. Returns whether there was any.
    pub(super) fn retract(&mut self, item: u32, at: Timestamp, kind: u8) -> bool {
        let same = |place: &usize| self.items[*place] == item && self.kinds[*place] == kind;
        let until = self.until(at);
        let first = self.times[..until].partition_point(|time| *time < at);
        if let Some(place) = (first..until).rev().find(same) {
            self.items.remove(place);
            self.times.remove(place);
            self.kinds.remove(place);
            if !self.stances.is_empty() {
                self.stances.remove(place);
            }
            if self.stances.iter().all(|stance| *stance == Stance::ByKind) {
                self.stances.clear();
            }
        } else {
            let pair = LastingEvent { item, kind };
            let Some(place) = self.lasting.iter().position(|event| *event == pair) else { return false };
            self.lasting.remove(place);
        }
        self.total = self.total.saturating_sub(1);
        true
    }

    /// Whether `History::retract` would find an event of this time among the kept ones.
    pub fn holds(&self, item: u32, at: Timestamp, kind: u8) -> bool {
        let until = self.until(at);
        let first = self.times[..until].partition_point(|time| *time < at);
        (first..until).any(|place| self.items[place] == item && self.kinds[place] == kind)
    }

    /// Returns by event, oldest first, whether it counts: the newest [`HISTORY_EVENTS_MAX`] that take part in queries
    /// do, and as many that do not.
    fn window(&self, kinds: &HistoryKinds) -> Vec<bool> {
        let mut counts = [0_usize; 2];
        let newest_first = (0..self.len()).rev().map(|place| {
            let count = &mut counts[usize::from(kinds.is_liked(self.kinds[place], self.stance(place)))];
            *count += 1;
            *count <= HISTORY_EVENTS_MAX
        });
        let mut window: Vec<bool> = newest_first.collect();
        window.reverse();
        window
    }

    /// Iterates over items and kinds of all events that are remembered: the newest, and older ones of lasting kinds. A
    /// pair may come several times.
    pub fn remembered<'a>(&'a self, kinds: &HistoryKinds) -> impl Iterator<Item = (u32, u8)> + use<'a> {
        let (window, lasting) = (self.window(kinds), kinds.lasting);
        let newest = (0..self.len()).filter(move |place| window[*place] || lasting.contains(self.kinds[*place]));
        let newest = newest.map(|place| (self.items[place], self.kinds[place]));
        self.lasting.iter().map(|event| (event.item, event.kind)).chain(newest)
    }

    /// Whether an event may be a dislike, without a look at every one.
    #[inline]
    pub(super) fn may_have_dislikes(&self, kinds: &HistoryKinds) -> bool {
        !kinds.negative.is_empty() || !self.stances.is_empty()
    }

    fn stance(&self, place: usize) -> Stance {
        self.stances.get(place).copied().unwrap_or_default()
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
        (0..end).rev().map(|i| PastEvent {
            item: self.items[i],
            at: self.times[i],
            kind: self.kinds[i],
            stance: self.stance(i),
        })
    }

    /// Returns the item rows, oldest first.
    #[inline]
    pub fn items(&self) -> &[u32] {
        &self.items
    }
}

fn retain<T: Copy>(values: &mut Vec<T>, kept: &[bool]) {
    let mut place = 0;
    values.retain(|_| {
        place += 1;
        kept[place - 1]
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLICK: u8 = 0;
    const IMPRESSION: u8 = 1;
    const PURCHASE: u8 = 2;

    fn kinds() -> HistoryKinds {
        HistoryKinds {
            non_positive: [u32::from(IMPRESSION)].into_iter().collect(),
            lasting: [u32::from(PURCHASE)].into_iter().collect(),
            ..HistoryKinds::default()
        }
    }

    fn push(history: &mut History, item: u32, kind: u8) {
        let at = Timestamp::from_micros(i64::from(item)).expect("a time");
        if history.is_trim_due() {
            history.trim(&kinds());
        }
        history.push(PastEvent { item, at, kind, stance: Stance::ByKind });
    }

    /// The newest places of events by kind, as a plain list has them.
    fn expected(events: &[(u32, u8)]) -> Vec<(u32, u8)> {
        let mut kept = Vec::new();
        for (impression, most) in [(false, HISTORY_EVENTS_MAX), (true, HISTORY_EVENTS_MAX)] {
            let class = events.iter().rev().filter(|(_, kind)| (*kind == IMPRESSION) == impression);
            kept.extend(class.take(most).copied());
        }
        kept.extend(events.iter().filter(|(_, kind)| *kind == PURCHASE));
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    #[test]
    fn what_is_remembered_is_the_newest_of_both_classes_and_every_lasting_event() {
        let (mut history, mut events) = (History::default(), Vec::new());
        for n in 0..6000_u32 {
            let kind = if n % 97 == 5 {
                PURCHASE
            } else if n % 3 == 0 {
                CLICK
            } else {
                IMPRESSION
            };
            push(&mut history, n, kind);
            events.push((n, kind));
            assert!(history.len() <= 2 * HISTORY_EVENTS_MAX + HISTORY_EVENTS_MAX / 8, "{}", history.len());
            if n % 211 == 0 {
                let mut bytes = Vec::new();
                history.encode(&mut bytes);
                assert_eq!(History::decode(&bytes), Some(history.clone()));
                let mut remembered: Vec<_> = history.remembered(&kinds()).collect();
                remembered.sort_unstable();
                remembered.dedup();
                assert_eq!(remembered, expected(&events), "after {n}");
            }
        }
        assert_eq!(history.total(), 6000);
    }

    /// Goal: events whose weight is by value count by their own stance, wherever they arrive. Method: ratings of all
    /// stances among clicks, some late, trimmed and stored on the way, beside a plain list.
    #[test]
    fn stances_stay_with_their_events() {
        const RATING: u8 = 7;
        let (mut history, mut events) = (History::default(), Vec::new());
        let stances = [Stance::Liked, Stance::Neutral, Stance::Disliked, Stance::ByKind];
        for n in 0..4000_u32 {
            let stance = if n < 20 { Stance::ByKind } else { stances[n as usize * 7 / 3 % 4] };
            let time = if n % 5 == 0 { n.saturating_sub(40) } else { n };
            let at = Timestamp::from_micros(i64::from(time)).expect("a time");
            let past = PastEvent { item: n, at, kind: if stance == Stance::ByKind { CLICK } else { RATING }, stance };
            if history.is_trim_due() {
                history.trim(&kinds());
            }
            history.push(past);
            events.insert(events.partition_point(|other: &PastEvent| other.at <= at), past);
            if n % 191 == 0 {
                let mut bytes = Vec::new();
                history.encode(&mut bytes);
                assert_eq!(History::decode(&bytes), Some(history.clone()));
                assert_eq!(history.newest(3).next(), events.iter().rev().nth(3).copied());
            }
        }
        let liked = |past: &PastEvent| matches!(past.stance, Stance::Liked | Stance::ByKind);
        let expected: Vec<PastEvent> = events.iter().rev().copied().filter(liked).take(HISTORY_EVENTS_MAX).collect();
        let found = history.newest(0).filter(|past| kinds().is_liked(past.kind, past.stance)).take(HISTORY_EVENTS_MAX);
        assert_eq!(found.collect::<Vec<_>>(), expected);
        let mut bytes = Vec::new();
        history.encode(&mut bytes);
        *bytes.last_mut().expect("stances") = 4;
        assert_eq!(History::decode(&bytes), None, "an unknown stance is refused");
    }

    #[test]
    fn a_retraction_takes_out_one_event_and_the_rest_is_as_if_it_had_never_been() {
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000).expect("a time");
        let past = |item, second, kind, stance| PastEvent { item, at: at(second), kind, stance };
        let build = |events: &[PastEvent]| {
            let mut history = History::default();
            events.iter().for_each(|event| history.push(*event));
            history
        };
        let rated = past(4, 20, 7, Stance::Disliked);
        let events = [
            past(1, 10, CLICK, Stance::ByKind),
            past(2, 20, CLICK, Stance::ByKind),
            past(1, 20, PURCHASE, Stance::ByKind),
            rated,
            past(1, 30, CLICK, Stance::ByKind),
        ];
        for gone in 0..events.len() {
            let mut history = build(&events);
            let PastEvent { item, at, kind, .. } = events[gone];
            assert!(history.holds(item, at, kind) && history.retract(item, at, kind));
            let mut left = events.to_vec();
            left.remove(gone);
            assert_eq!(history, build(&left), "{gone}");
            assert!(!history.holds(item, at, kind) && !history.retract(item, at, kind), "it is taken out once");
        }
        let mut history = build(&events);
        assert!(!history.retract(1, at(11), CLICK) && !history.retract(3, at(10), CLICK), "nothing like it");
        history.lasting = vec![LastingEvent { item: 9, kind: PURCHASE }];
        assert!(history.retract(9, at(1), PURCHASE) && history.lasting.is_empty(), "too old to be kept");
    }

    #[test]
    fn lasting_events_are_bounded_and_distinct_and_cut_bytes_are_refused() {
        let mut history = History::default();
        for n in 0..30_000_u32 {
            push(&mut history, n % 12_000, PURCHASE);
        }
        assert_eq!(history.lasting.len(), LASTING_MAX);
        let distinct: HashSet<_> = history.lasting.iter().collect();
        assert_eq!(distinct.len(), LASTING_MAX);
        let mut bytes = Vec::new();
        history.encode(&mut bytes);
        for cut in [8, 11, 12, 30, bytes.len() - 1] {
            assert_eq!(History::decode(&bytes[..cut]), None, "{cut}");
        }
    }
}
