//! Context of a query: the part of the state that the score of an item depends on, such as history, repeats and
//! transition memory candidates.

use std::collections::HashSet;

use shelfmark_domain::Timestamp;

use super::{
    CowVec, HISTORY_EVENTS_MAX, History, HistoryKinds, PastEvent, Scalars, TransitionRow,
    math::ln_1p,
    scalars::{age_bucket, count_bucket, gap_bucket},
    transition_memory::{MEMORY_DECAY, MEMORY_HISTORY, MEMORY_ROW_MAX, MEMORY_SCALE, MEMORY_TOP},
};

/// Initial capacity for repeats.
const REPEATS_LIKELY: usize = 128;

/// An item of the actor's history, with the buckets of its repeat term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// Item row.
    pub item: u32,
    /// Age bucket: of `1 + number of events since`.
    pub age: u8,
    /// Count bucket: of how often the item is in the history.
    pub count: u8,
}

/// A candidate of the transition memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryCandidate {
    /// Item row.
    pub item: u32,
    /// `log(1 + 50 m)`, see `docs/LEARNING.md`.
    pub value: f32,
}

impl Repeat {
    /// Returns the term of the item's score: `rec[age] + cnt[count]`.
    #[inline]
    pub fn term(&self, scalars: &Scalars) -> f32 {
        scalars.rec[usize::from(self.age)] + scalars.cnt[usize::from(self.count)]
    }
}

impl MemoryCandidate {
    /// Returns the term of the item's score: `wm log(1 + 50 m)`.
    #[inline]
    pub fn term(&self, scalars: &Scalars) -> f32 {
        scalars.wm * self.value
    }
}

/// Most events of a query for each place of its history, where places count units.
const EVENTS_PER_PLACE: usize = 5;

/// Newest dislikes that are pooled.
pub const DISLIKES_POOLED: usize = 50;

/// The context of one query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Row of the user vector; `None` for sessions and unknown users.
    pub user: Option<u32>,
    /// Item rows, newest first.
    pub history: Vec<u32>,
    /// Place of each entry of `history`: number of units, or of events, after it; below `config.history`.
    pub places: Vec<u8>,
    /// Time-gap bucket of each entry of `history`.
    pub gaps: Vec<u8>,
    /// Items that the actor disliked and did not like since, newest first.
    pub disliked: Vec<u32>,
    /// Number of the newest of `disliked` that are pooled.
    pub pooled_dislikes: usize,
    /// The distinct items of the last 1,000 events, newest first.
    pub repeats: Vec<Repeat>,
    /// Transition memory candidates, best first, at most 64.
    pub memory: Vec<MemoryCandidate>,
    /// Context rows of the circumstances, ascending, distinct.
    pub terms: Vec<u32>,
}

/// Reusable workspace of `ContextBuilder`. Each item has a slot that is valid for one epoch, so nothing is cleared.
#[derive(Debug, Default)]
pub struct ContextScratch {
    epoch: u32,
    slots: Vec<Slot>,
    /// Distinct items of the memory rows; only a prefix is valid, see its use.
    distinct: Vec<u32>,
    /// The same items as sortable integers.
    order: Vec<u64>,
    /// Number of occurrences in the history, by distinct item.
    counts: Vec<u32>,
}

/// Aligned to its eight bytes, so that one load and one store move it.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(8))]
struct Slot {
    epoch: u32,
    /// An index or the bits of a weight, depending on the user of the epoch.
    value: u32,
}

impl ContextScratch {
    fn begin(&mut self, items: usize) {
        if self.slots.len() < items {
            self.slots.resize(items, Slot::default());
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.slots.fill(Slot::default());
            self.epoch = 1;
        }
    }
}

impl ContextScratch {
    /// Marks an item. Returns whether it was not marked since the workspace was begun.
    fn mark(&mut self, item: u32) -> bool {
        let slot = &mut self.slots[item as usize];
        let new = slot.epoch != self.epoch;
        slot.epoch = self.epoch;
        new
    }
}

/// Builder of contexts: borrows the tables that a context is made from.
#[derive(Debug, Clone, Copy)]
pub struct ContextBuilder<'a> {
    /// Number of item rows.
    pub items: usize,
    /// `config.history`: most places of a query's history.
    pub history_max: usize,
    /// `config.history_units`: whether places count units instead of events.
    pub by_unit: bool,
    /// `config.dislikes`: whether disliked items are pooled.
    pub pool_dislikes: bool,
    /// Transition memory by item row; `None` when it is switched off.
    pub memory: Option<&'a CowVec<std::sync::Arc<TransitionRow>>>,
    /// Number of events applied.
    pub now: u64,
    /// How kinds of events are classed.
    pub kinds: HistoryKinds,
}

impl ContextBuilder<'_> {
    /// Builds the context of a query at time `at` from a history without its newest `skip` events.
    ///
    /// Costs the length of the history, plus 10 memory rows of at most 128 entries.
    pub fn build(
        &self,
        user: Option<u32>,
        history: &History,
        skip: usize,
        at: Timestamp,
        scratch: &mut ContextScratch,
    ) -> Context {
        let most = history.len().saturating_sub(skip);
        let mut context = Context {
            user,
            history: Vec::with_capacity(most.min(self.history_max)),
            places: Vec::with_capacity(most.min(self.history_max)),
            gaps: Vec::with_capacity(most.min(self.history_max)),
            repeats: Vec::with_capacity(most.min(REPEATS_LIKELY)),
            ..Context::default()
        };
        scratch.begin(self.items);
        context.disliked = self.disliked(history, skip, |item| scratch.mark(item));
        context.pooled_dislikes = if self.pool_dislikes { context.disliked.len().min(DISLIKES_POOLED) } else { 0 };
        for (past, place) in self.placed(history, skip, sorted(&context.disliked)) {
            context.history.push(past.item);
            context.places.push(place);
            context.gaps.push(gap_bucket(at.seconds_since(past.at)));
        }
        self.repeats(history, skip, &mut context, scratch);
        self.remember(history, skip, &mut context, scratch);
        context
    }

    /// Iterates over the newest 1,000 events of the history that take part in queries, newest first.
    #[inline]
    pub fn liked<'a>(&self, history: &'a History, skip: usize) -> impl Iterator<Item = PastEvent> + use<'a> {
        let kinds = self.kinds;
        history.newest(skip).filter(move |past| kinds.is_liked(past.kind, past.stance)).take(HISTORY_EVENTS_MAX)
    }

    /// Iterates over the events that make up a query, newest first, each with its place.
    pub fn query_events<'a>(
        &self,
        history: &'a History,
        skip: usize,
    ) -> impl Iterator<Item = (PastEvent, u8)> + use<'a> {
        let mut judged = HashSet::new();
        self.placed(history, skip, sorted(&self.disliked(history, skip, |item| judged.insert(item))))
    }

    /// Returns the items of which the newest event with a weight is a dislike, newest first. `judge` returns whether it
    /// is called with an item for the first time.
    fn disliked(&self, history: &History, skip: usize, mut judge: impl FnMut(u32) -> bool) -> Vec<u32> {
        if !history.may_have_dislikes(&self.kinds) {
            return Vec::new();
        }
        let mut disliked = Vec::new();
        for past in history.newest(skip) {
            let (likes, dislikes) =
                (self.kinds.is_liked(past.kind, past.stance), self.kinds.is_disliked(past.kind, past.stance));
            if likes || dislikes {
                let newest = judge(past.item);
                if newest && dislikes {
                    disliked.push(past.item);
                }
            }
        }
        disliked
    }

    /// Places events. Those of items that were disliked later take no part. Events of one time are of one unit, and
    /// events of one unit have one place.
    fn placed<'a>(
        &self,
        history: &'a History,
        skip: usize,
        disliked: Vec<u32>,
    ) -> impl Iterator<Item = (PastEvent, u8)> + use<'a> {
        let (by_unit, places) = (self.by_unit, self.history_max);
        let events_max = if by_unit { EVENTS_PER_PLACE * places } else { places };
        let (mut place, mut newer) = (0, None);
        let liked = self.liked(history, skip).filter(move |past| disliked.binary_search(&past.item).is_err());
        let placed = liked.take(events_max).map(move |past| {
            place += u8::from(newer.is_some_and(|at| !by_unit || at != past.at));
            newer = Some(past.at);
            (past, place)
        });
        placed.take_while(move |(_, place)| usize::from(*place) < places)
    }

    fn repeats(&self, history: &History, skip: usize, context: &mut Context, scratch: &mut ContextScratch) {
        scratch.begin(self.items);
        let ContextScratch { epoch, slots, counts, .. } = scratch;
        counts.clear();
        for (k, past) in self.liked(history, skip).enumerate() {
            let slot = &mut slots[past.item as usize];
            if slot.epoch == *epoch {
                counts[slot.value as usize] += 1;
            } else {
                slot.epoch = *epoch;
                slot.value = u32::try_from(counts.len()).expect("at most 1,000 events take part");
                counts.push(1);
                context.repeats.push(Repeat { item: past.item, age: age_bucket(k + 1), count: 0 });
            }
        }
        for (repeat, count) in context.repeats.iter_mut().zip(&*counts) {
            repeat.count = count_bucket(*count as usize);
        }
    }

    /// Adds the 64 candidates with the largest `m_j = sum_k e^(-k/5) C[h_k][j] / (n_(h_k) + 1) / sum_k e^(-k/5)`.
    fn remember(&self, history: &History, skip: usize, context: &mut Context, scratch: &mut ContextScratch) {
        let Some(rows) = self.memory else { return };
        scratch.begin(self.items);
        let (mut weight, mut weights) = (1.0_f32, 0.0_f32);
        // Rows are loaded before entries, so that the loads of several rows overlap.
        let mut places: [(Option<&TransitionRow>, f32); MEMORY_HISTORY] = [(None, 0.0); MEMORY_HISTORY];
        for (place, past) in places.iter_mut().zip(self.liked(history, skip)) {
            let row = &*rows[past.item as usize];
            *place = (Some(row), weight / (row.count(self.now) + 1.0));
            weights += weight;
            weight *= MEMORY_DECAY;
        }
        let ContextScratch { epoch, slots, distinct, order, .. } = scratch;
        // One element more than there can be items, so that the write below is always in range.
        distinct.resize(MEMORY_HISTORY * MEMORY_ROW_MAX + 1, 0);
        let mut count = 0;
        for (row, factor) in &places {
            let Some(row) = row else { break };
            for (item, value) in row.entries(self.now) {
                // Branch-free: whether an item occurred before cannot be predicted.
                let slot = &mut slots[item as usize];
                let new = slot.epoch != *epoch;
                let before = if new { 0.0 } else { f32::from_bits(slot.value) };
                *slot = Slot { epoch: *epoch, value: (before + factor * value).to_bits() };
                distinct[count] = item;
                count += usize::from(new);
            }
        }
        // Largest weight first, ties by row, so that replicas agree. Each candidate becomes one integer, because the
        // bits of non-negative floats sort like the floats. Selecting through the slots cost more than the sums did.
        let key = |item: u32| u64::from(!slots[item as usize].value) << 32 | u64::from(item);
        order.clear();
        order.extend(distinct[..count].iter().map(|item| key(*item)));
        if order.len() > MEMORY_TOP {
            order.select_nth_unstable(MEMORY_TOP);
            order.truncate(MEMORY_TOP);
        }
        order.sort_unstable();
        let norm = weights.max(1e-6);
        context.memory.extend(order.iter().map(|key| {
            let item = u32::try_from(key & u64::from(u32::MAX)).expect("masked to 32 bits");
            MemoryCandidate { item, value: ln_1p(MEMORY_SCALE * f32::from_bits(slots[item as usize].value) / norm) }
        }));
    }
}

fn sorted(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::{CounterRng, PastEvent, Stance};

    /// Goal: the optimized sum and selection equal the formula bit for bit. Method: the formula with a map and a sort,
    /// on random rows that overlap, tie and exceed 64 candidates, with one workspace for all.
    #[test]
    fn memory_candidates_equal_the_formula_bit_for_bit() {
        let mut scratch = ContextScratch::default();
        for seed in 0..200 {
            let mut draws = CounterRng::new(seed, 1, 1);
            let items = 1 + draws.below(300);
            let mut rows: CowVec<Arc<TransitionRow>> = CowVec::default();
            for _ in 0..items {
                let mut row = TransitionRow::default();
                for now in 0..draws.below(200) as u64 {
                    row.add_event(now);
                    let to = u32::try_from(draws.below(items)).expect("small");
                    row.add(to, [1.0, 0.3, 0.3][draws.below(3)], now);
                }
                rows.push(Arc::new(row));
            }
            let mut history = History::default();
            for _ in 0..draws.below(40) {
                let item = u32::try_from(draws.below(items)).expect("small");
                history.push(PastEvent { item, at: Timestamp::default(), kind: 0, stance: Stance::ByKind });
            }
            let now = 300;
            let builder = ContextBuilder {
                items,
                history_max: 5,
                by_unit: true,
                pool_dislikes: true,
                memory: Some(&rows),
                now,
                kinds: HistoryKinds::default(),
            };
            let skip = draws.below(3);
            let built = builder.build(None, &history, skip, Timestamp::default(), &mut scratch).memory;

            let mut sums: BTreeMap<u32, f32> = BTreeMap::new();
            let (mut weight, mut weights) = (1.0_f32, 0.0_f32);
            for past in history.newest(skip).take(MEMORY_HISTORY) {
                let row = &rows[past.item as usize];
                let factor = weight / (row.count(now) + 1.0);
                for (item, value) in row.entries(now) {
                    *sums.entry(item).or_insert(0.0) += factor * value;
                }
                weights += weight;
                weight *= MEMORY_DECAY;
            }
            let mut expected: Vec<(u32, f32)> = sums.into_iter().collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            expected.truncate(MEMORY_TOP);
            let expected: Vec<(u32, u32)> = expected
                .into_iter()
                .map(|(item, m)| (item, ln_1p(MEMORY_SCALE * m / weights.max(1e-6)).to_bits()))
                .collect();
            let built: Vec<(u32, u32)> = built.iter().map(|r| (r.item, r.value.to_bits())).collect();
            assert_eq!(built, expected, "seed {seed}");
        }
    }
}
