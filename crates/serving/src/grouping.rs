//! Lists with few items of a group: at most so many with one value of a property.
//!
//! Hits are taken in order while their groups have room. When the best rows do not suffice, the next search leaves out
//! the groups that are full and the rows that were taken, so every round begins with rows that count. What is answered
//! is what going through all rows in order would take. After [`ROUNDS_MAX`] rounds the list ends, even if it is short.

use std::collections::HashMap;

use shelfmark_domain::{Condition, Filter, GroupBy, Item, NumberKey, PropertyValue, Query};

use super::{
    View,
    search::Search,
    top_k::{Hit, Top},
};

/// Searches of one list, at most.
pub(super) const ROUNDS_MAX: usize = 16;
/// Rows of a search, by the rows that are wanted.
const POOL_RATIO: usize = 4;
/// Rows of a search, at least.
const POOL_MIN: usize = 100;

/// How many of the best rows a search finds, of which `wanted` are taken.
pub(super) fn pool(wanted: usize) -> usize {
    (wanted * POOL_RATIO).clamp(POOL_MIN, POOL_RATIO * Query::LIMIT_MAX)
}

/// Takes up to `wanted` hits of a search that was scanned, and searches on while they do not suffice.
pub(super) fn choose(view: &View, group_by: &GroupBy, wanted: usize, mut search: Search) -> Vec<Hit> {
    let pool = search.top.limit();
    let admitted = search.admitted.clone();
    let mut groups = Groups { group_by, counts: HashMap::new(), full: Vec::new() };
    let mut chosen = Vec::with_capacity(wanted);
    for round in 1.. {
        let top = std::mem::replace(&mut search.top, Top::new(pool));
        let (mut found, before) = (0, chosen.len());
        for hit in top.into_hits() {
            found += 1;
            if chosen.len() < wanted && groups.take(&view.inference().catalog.entry(hit.row).item) {
                chosen.push(hit);
            }
        }
        // Fewer than were asked for: there are no others.
        if chosen.len() == wanted || found < pool || round == ROUNDS_MAX {
            break;
        }
        search.adjust.extend(chosen[before..].iter().map(|hit| (hit.row, f32::NEG_INFINITY)));
        search.adjust.sort_by_key(|(row, _)| *row);
        search.adjust.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        let left = view.filtered_once(&groups.not_full());
        search.admitted = Some(match &admitted {
            Some(admitted) => admitted.and(&left),
            None => left,
        });
        view.scan(&mut [&mut search]);
    }
    chosen
}

/// How many items of each group were taken.
struct Groups<'a> {
    group_by: &'a GroupBy,
    counts: HashMap<String, usize>,
    /// Values of groups without room.
    full: Vec<PropertyValue>,
}

impl Groups<'_> {
    /// Counts an item in its groups, if all of them have room.
    fn take(&mut self, item: &Item) -> bool {
        let values = item.properties.get(&self.group_by.property).map(PropertyValue::values).unwrap_or_default();
        let mut keys: Vec<(String, &PropertyValue)> = values.iter().map(|value| (key(value), value)).collect();
        keys.sort_by(|(one, _), (other, _)| one.cmp(other));
        keys.dedup_by(|(one, _), (other, _)| one == other);
        if keys.iter().any(|(key, _)| self.counts.get(key).is_some_and(|count| *count >= self.group_by.limit)) {
            return false;
        }
        for (key, value) in keys {
            let count = self.counts.entry(key).or_default();
            *count += 1;
            if *count == self.group_by.limit {
                self.full.push(value.clone());
            }
        }
        true
    }

    /// The condition that items of groups with room meet.
    fn not_full(&self) -> Filter {
        let condition = Condition { none: Some(self.full.clone()), ..Condition::default() };
        Filter { properties: [(self.group_by.property.clone(), condition)].into(), ..Filter::default() }
    }
}

/// A value as a text that only equal values have.
fn key(value: &PropertyValue) -> String {
    match value {
        PropertyValue::Text(text) => format!("t{text}"),
        PropertyValue::Flag(flag) => format!("f{flag}"),
        PropertyValue::Number(number) => {
            let NumberKey { nearest, rest } = number.key();
            format!("n{nearest}:{rest}")
        }
        PropertyValue::List(_) => unreachable!("items are checked to have no lists in lists"),
    }
}
