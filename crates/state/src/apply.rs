//! State transition for events. [`State::apply_events`] builds units and their contexts and updates histories and
//! transition memory before the gradient step. [`State::count_events`] updates popularity and the ring of recent items
//! after it.

use std::{collections::BTreeMap, sync::Arc};

use shelfmark_domain::{Event, Id, Timestamp};

use super::{
    ACCUMULATOR_INITIAL, Actor, Context, ContextScratch, ENTRY_GAP_SECONDS, History, LearnedTable, PastEvent,
    RECENT_EVENTS, Stance, State, Table, as_row,
    transition_memory::{MEMORY_BACK, MEMORY_DECAY, MEMORY_HISTORY, MEMORY_WITHIN},
};

/// One training target: a distinct item of a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingTarget {
    /// Item row.
    pub item: u32,
    /// Weight of its loss; negative for a dislike.
    pub weight: f32,
    /// Whether an earlier batch had an event with the item.
    pub known: bool,
    /// Row of its event's kind, for statistics.
    pub kind: u8,
}

/// The events of one actor with one timestamp, adjacent in the log: a basket.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The actor.
    pub actor: Actor,
    /// The timestamp, by the sender's clock.
    pub at: Timestamp,
    /// The context from the state before the unit.
    pub context: Context,
    /// The distinct items, in the order of their first event.
    pub targets: Vec<TrainingTarget>,
}

/// The item of an event, passed from [`State::apply_events`] to [`State::count_events`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventItem {
    /// Item row.
    pub item: u32,
    /// Whether the event has a positive weight.
    pub liked: bool,
    /// Part of an entry that the event counts; 0 outside of entries.
    pub entry: f32,
    /// Whether the event is the first of an entry.
    pub begins_entry: bool,
}

impl State {
    /// Groups events into units and returns them, each with the context from the state before it. Updates histories and
    /// transition memory at once.
    ///
    /// Pass the returned items to [`State::count_events`] after the step. While learning is frozen, transition memory
    /// does not change, there is no step, and the items are not counted.
    pub fn apply_events(&mut self, events: &[&Event], scratch: &mut ContextScratch) -> (Vec<Unit>, Vec<EventItem>) {
        if self.config().learning {
            self.begin_added();
        }
        let mut units = Vec::new();
        let mut rows = Vec::with_capacity(events.len());
        let mut start = 0;
        while start < events.len() {
            let first = events[start];
            let count = events[start..].iter().take_while(|event| event.same_unit(first)).count();
            units.push(self.apply_unit(&events[start..start + count], scratch, &mut rows));
            start += count;
        }
        self.touched.mark(Table::Counters, 0);
        (units, rows)
    }

    fn apply_unit(&mut self, events: &[&Event], scratch: &mut ContextScratch, rows: &mut Vec<EventItem>) -> Unit {
        let actor = self.actor_row(events[0]);
        if let Actor::User(user) = actor {
            events
                .iter()
                .filter_map(|event| event.session.as_ref())
                .for_each(|session| self.merge_session(session, user));
        }
        let at = events[0].ts;
        // The end of an append or a batch may cut a unit: its later part still gets the context from before the unit.
        let counters = &mut self.inference.counters;
        let earlier = if counters.unit_actor == actor.code() && counters.unit_at == at.micros() {
            usize::try_from(counters.unit_events).expect("a unit fits in memory")
        } else {
            0
        };
        counters.unit_actor = actor.code();
        counters.unit_at = at.micros();
        counters.unit_events = (earlier + events.len()) as u64;

        let weights: Vec<f32> = events.iter().map(|event| self.config().event_weight(event)).collect();
        let named = events.iter().zip(&weights);
        let items: Vec<u32> = named.map(|(event, weight)| self.named_item_row(&event.item, *weight != 0.0)).collect();
        let kinds: Vec<u8> = events.iter().map(|event| self.kind_row(event)).collect();
        let terms = self.context_terms(events);
        let inference = &self.inference;
        let user = match actor {
            Actor::User(row) => Some(row),
            Actor::Session(_) => None,
        };
        let history = inference.history(actor);
        let builder = inference.context_builder();
        // What came before the unit by time: a unit may arrive late.
        let until = history.until(at);
        let later = history.len() - until;
        let skip = later + earlier.min(until);
        let mut context = builder.build(user, history, skip, at, scratch);
        context.terms = inference.with_labels(user, terms);
        let newest = builder.liked(history, skip).next();
        let is_entry = newest.is_none_or(|past| at.seconds_since(past.at) > ENTRY_GAP_SECONDS);

        let mut targets: BTreeMap<u32, usize> = BTreeMap::new();
        let mut ordered: Vec<TrainingTarget> = Vec::new();
        for ((weight, item), kind) in weights.iter().copied().zip(&items).zip(&kinds) {
            if let Some(place) = targets.get(item) {
                // When a basket has an item twice, the kind with the largest absolute weight counts.
                let target = &mut ordered[*place];
                if weight.abs() > target.weight.abs() {
                    (target.weight, target.kind) = (weight, *kind);
                }
            } else {
                targets.insert(*item, ordered.len());
                let known = inference.catalog.is_known(*item);
                ordered.push(TrainingTarget { item: *item, weight, known, kind: *kind });
            }
        }
        // What weighs nothing changes no list: it is no target, and no clock goes on for it.
        ordered.retain(|target| target.weight != 0.0);
        let learned: Vec<(u32, bool)> =
            items.iter().zip(&weights).filter(|(_, w)| **w != 0.0).map(|(item, w)| (*item, *w > 0.0)).collect();
        if !inference.config.learning {
            // Frozen: transition memory must not change, and neither must its clock, by which weights decay.
        } else if inference.config.memory {
            let before: Vec<u32> = builder.liked(history, skip).take(MEMORY_HISTORY).map(|past| past.item).collect();
            let unit =
                history.newest(later).take(earlier).filter(|past| builder.kinds.is_liked(past.kind, past.stance));
            let mut within: Vec<u32> = unit.map(|past| past.item).collect();
            within.reverse();
            self.remember(&before, &within, &learned);
        } else {
            self.inference.counters.events += learned.len() as u64;
        }
        let parts = entry_parts(&learned, is_entry, earlier);
        for ((event, item), kind) in events.iter().zip(&items).zip(&kinds) {
            self.push_history(actor, event, *item, *kind);
        }
        self.mark_active(actor);
        rows.extend(learned.into_iter().zip(parts).map(|((item, liked), (entry, begins_entry))| EventItem {
            item,
            liked,
            entry,
            begins_entry,
        }));
        Unit { actor, at, context, targets: ordered }
    }

    /// Returns the context rows of a unit's circumstances, ascending and distinct. Adds rows for new names.
    fn context_terms(&mut self, events: &[&Event]) -> Vec<u32> {
        if !self.inference.config.context {
            return Vec::new();
        }
        for name in events.iter().flat_map(|event| &event.context) {
            self.context_row(name);
        }
        self.inference.context_rows(events.iter().flat_map(|event| &event.context).map(String::as_str))
    }

    /// Updates the transition memory with one unit. `before` holds the history's items, newest first. `within` holds
    /// the unit's earlier items and `items` its new ones, both oldest first. Items that are not liked (`false`) only
    /// advance the clock.
    fn remember(&mut self, before: &[u32], within: &[u32], items: &[(u32, bool)]) {
        let mut unit = within.to_vec();
        for (item, liked) in items {
            self.inference.counters.events += 1;
            if !liked {
                continue;
            }
            let now = self.inference.counters.events;
            self.memory_row(*item).add_event(now);
            let k = unit.len();
            for other in unit[k.saturating_sub(MEMORY_HISTORY)..].iter().copied() {
                if other != *item {
                    self.memory_row(other).add(*item, MEMORY_WITHIN, now);
                    self.memory_row(*item).add(other, MEMORY_WITHIN, now);
                }
            }
            let mut weight = 1.0;
            for other in &before[..before.len().min(MEMORY_HISTORY.saturating_sub(k))] {
                self.memory_row(*other).add(*item, weight, now);
                if other != item {
                    self.memory_row(*item).add(*other, MEMORY_BACK * weight, now);
                }
                weight *= MEMORY_DECAY;
            }
            unit.push(*item);
        }
    }

    fn memory_row(&mut self, item: u32) -> &mut super::TransitionRow {
        self.touched.mark(Table::Memory, item);
        Arc::make_mut(self.inference.memory.get_mut(item as usize))
    }

    fn actor_row(&mut self, event: &Event) -> Actor {
        if let Some(user) = &event.user {
            return Actor::User(self.user_row(user));
        }
        let session = event.session.as_ref().expect("events are checked to name a user or a session");
        let (row, new) = self.inference.sessions.get_or_insert(session);
        if new {
            self.touched.mark(Table::Sessions, row);
            self.touched.mark(Table::SessionHistories, row);
        }
        if row as usize == self.inference.session_histories.len() {
            self.inference.session_histories.push(Arc::new(History::default()));
        }
        Actor::Session(row)
    }

    /// Returns the row of an item that an event or an import names. Creates it when new. An item that nothing weighty
    /// named and nobody put gets a row, because histories hold it, but is marked: it takes no place in a list.
    pub(super) fn named_item_row(&mut self, id: &Id, weighs: bool) -> u32 {
        let items = self.inference.catalog.len();
        let row = self.item_row(id);
        let is_new = self.inference.catalog.len() > items;
        let before = self.inference.catalog.entry(row).weightless;
        let weightless = !weighs && (is_new || before);
        if weightless != before {
            self.inference.catalog.entries.get_mut(row as usize).weightless = weightless;
            self.touched.mark(Table::Items, row);
        }
        row
    }

    /// Returns the row of a user. Creates it when new.
    pub(super) fn user_row(&mut self, user: &Id) -> u32 {
        let from = self.base_weights.as_ref().map_or(0, |base_weights| base_weights.users());
        let (row, new) = self.inference.users.get_or_insert_from(from, user);
        if new {
            self.touched.mark(Table::Users, row);
            self.touched.mark(Table::UserHistories, row);
        }
        // A reused row was reset when it was released.
        if row as usize == self.inference.user_histories.len() {
            self.inference.user_histories.push(Arc::new(History::default()));
            self.push_row(LearnedTable::Users, ACCUMULATOR_INITIAL);
        }
        row
    }

    fn push_history(&mut self, actor: Actor, event: &Event, item: u32, kind: u8) {
        let by_kind = self.config().kinds.get(&event.kind).is_none_or(|weight| weight.constant().is_some());
        let stance = if by_kind { Stance::ByKind } else { Stance::of(self.config().event_weight(event)) };
        let past = PastEvent { item, at: event.ts, kind, stance };
        let trimmed = self.inference.history(actor).is_trim_due().then(|| self.inference.history_kinds());
        let (table, row, histories) = match actor {
            Actor::User(row) => (Table::UserHistories, row, &mut self.inference.user_histories),
            Actor::Session(row) => (Table::SessionHistories, row, &mut self.inference.session_histories),
        };
        self.touched.mark(table, row);
        let history = Arc::make_mut(histories.get_mut(row as usize));
        if let Some(kinds) = trimmed {
            history.trim(&kinds);
        }
        history.push(past);
    }

    fn kind_row(&mut self, event: &Event) -> u8 {
        let id = Id::new("kind", &event.kind).expect("kinds are checked on the way in");
        let (row, new) = self.inference.kinds.get_or_insert(&id);
        if new {
            self.touched.mark(Table::Kinds, row);
        }
        // A configuration has at most 64 kinds at a time. Kinds beyond 255 over a model's life share the last number.
        u8::try_from(row).unwrap_or(u8::MAX)
    }

    /// Counts a batch's items after its step: they become known and, unless disliked, popular and recent.
    pub fn count_events(&mut self, arrivals: &[EventItem]) {
        for EventItem { item, .. } in arrivals {
            if !self.inference.catalog.is_known(*item) {
                self.touched.mark(Table::Known, as_row(self.inference.catalog.known().len()));
                self.inference.catalog.set_known(*item);
            }
        }
        let rows: Vec<u32> = arrivals.iter().filter(|arrival| arrival.liked).map(|arrival| arrival.item).collect();
        self.inference.counters.counted += rows.len() as u64;
        let now = self.inference.counters.counted;
        for row in &rows {
            self.inference.popularity.get_mut(*row as usize).add(now);
            self.touched.mark(Table::Popularity, *row);
        }
        self.count_entries(arrivals);
        for (back, row) in rows.iter().rev().enumerate().rev() {
            let number = now - 1 - back as u64;
            let slot = usize::try_from(number % RECENT_EVENTS as u64).expect("below 32,768");
            if slot < self.recent.len() {
                let gone = std::mem::replace(self.recent.get_mut(slot), *row);
                *self.recent_counts.get_mut(gone as usize) -= 1;
            } else {
                self.recent.push(*row);
            }
            *self.recent_counts.get_mut(*row as usize) += 1;
            self.touched.mark(Table::Recent, as_row(slot));
        }
        self.touched.mark(Table::Counters, 0);
    }

    /// Counts what people came for.
    fn count_entries(&mut self, arrivals: &[EventItem]) {
        let begun = arrivals.iter().filter(|arrival| arrival.begins_entry).count() as u64;
        let entered = arrivals.iter().filter(|arrival| arrival.entry > 0.0);
        if begun > 0 {
            self.inference.entries_counted += begun;
            self.touched.mark(Table::EntryCounter, 0);
        }
        for EventItem { item, entry, .. } in entered {
            self.inference.entries.get_mut(*item as usize).add(*entry, self.inference.entries_counted);
            self.touched.mark(Table::EntryPopularity, *item);
        }
    }

    /// Changes the counters by `count` and marks them as touched.
    pub fn count_step(&mut self, count: impl FnOnce(&mut super::Counters)) {
        count(&mut self.inference.counters);
        self.touched.mark(Table::Counters, 0);
    }
}

/// Returns what each event of a unit counts as an entry, and whether it is an entry's first. `earlier` events of the
/// unit came in an earlier batch.
fn entry_parts(learned: &[(u32, bool)], is_entry: bool, earlier: usize) -> Vec<(f32, bool)> {
    let liked = learned.iter().filter(|(_, liked)| *liked).count();
    #[expect(clippy::cast_precision_loss, reason = "a unit has far fewer than 2^24 events")]
    let part = if is_entry { 1.0 / (earlier + liked).max(1) as f32 } else { 0.0 };
    let mut begins = is_entry && earlier == 0;
    let each = learned.iter().map(|(_, liked)| {
        let begins = *liked && std::mem::take(&mut begins);
        (if *liked { part } else { 0.0 }, begins)
    });
    each.collect()
}
