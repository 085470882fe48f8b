//! Who gets shown and who gets learned: exposure and gradient mass by popularity and by category.
//!
//! The gradient mass of an item is what its Adagrad accumulators grew by since they began: the sum of all squared
//! gradients that ever reached its vector. The state has it already.

use std::collections::BTreeMap;

use serde::Serialize;

use shelfmark_domain::{Id, Position};
use shelfmark_state::{ACCUMULATOR_INITIAL, State};

use super::gini::gini;

/// Categories listed, those with most gradient mass first.
const CATEGORIES_MAX: usize = 100;
/// Groups of equal size by popularity.
const DECILES: usize = 10;

/// Shares of one tenth of the items.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecileBias {
    /// 1 is the most popular tenth.
    pub decile: usize,
    /// Its items.
    pub items: u64,
    /// Its share of events (decayed with a half-life of 100,000 events).
    pub events: f64,
    /// Its share of places in sampled lists.
    pub exposure: f64,
    /// Its share of gradient mass.
    pub gradient: f64,
}

/// Shares of one category. An item of several counts for each by its part.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryBias {
    /// The category; null is items without one.
    pub category: Option<String>,
    /// Its items.
    pub items: u64,
    /// Its share of events.
    pub events: f64,
    /// Its share of places in sampled lists.
    pub exposure: f64,
    /// Its share of gradient mass.
    pub gradient: f64,
}

/// How unevenly events, places in lists and gradients are spread over the items met in an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BiasReport {
    /// Where the state stood.
    pub position: Position,
    /// Items met in an event.
    pub items: u64,
    /// Sampled lists that exposure is counted in, the newest 5,000.
    pub lists: u64,
    /// Gini coefficient of events over items: 0 equal, 1 one item has all.
    pub events_gini: Option<f64>,
    /// Of places in lists.
    pub exposure_gini: Option<f64>,
    /// Of gradient mass.
    pub gradient_gini: Option<f64>,
    /// By popularity, the most popular first.
    pub deciles: Vec<DecileBias>,
    /// By category, most gradient mass first, at most 100.
    pub categories: Vec<CategoryBias>,
    /// Categories that are not listed.
    pub categories_left_out: u64,
}

/// Events, places in lists and gradient mass of something.
#[derive(Debug, Clone, Copy, Default)]
struct Shares {
    items: u64,
    events: f64,
    exposure: f64,
    gradient: f64,
}

impl Shares {
    fn add(&mut self, other: &Self, part: f64) {
        self.items += 1;
        self.events += part * other.events;
        self.exposure += part * other.exposure;
        self.gradient += part * other.gradient;
    }

    fn over(&self, whole: &Self) -> Self {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Self {
            items: self.items,
            events: share(self.events, whole.events),
            exposure: share(self.exposure, whole.exposure),
            gradient: share(self.gradient, whole.gradient),
        }
    }
}

/// The report of a state. `exposure`: how often items are in `lists` sampled lists. Costs every item's accumulators.
pub fn bias_report(state: &State, position: Position, exposure: &BTreeMap<Id, u64>, lists: usize) -> BiasReport {
    let inference = &state.inference;
    let mut items: Vec<(u32, Shares)> = inference
        .catalog
        .known()
        .iter()
        .map(|row| {
            let sums = state.accumulators.items.row(*row as usize);
            let gradient = sums.iter().map(|sum| f64::from(*sum) - f64::from(ACCUMULATOR_INITIAL)).sum();
            let events = f64::from(inference.popularity[*row as usize].counts(inference.counters.counted)[2]);
            let exposure = exposure.get(inference.catalog.id(*row)).copied().unwrap_or(0) as f64;
            (*row, Shares { items: 1, events, exposure, gradient })
        })
        .collect();
    items.sort_by(|(a_row, a), (b_row, b)| b.events.total_cmp(&a.events).then(a_row.cmp(b_row)));

    let mut whole = Shares::default();
    let mut deciles = [Shares::default(); DECILES];
    let mut categories: BTreeMap<Option<&str>, Shares> = BTreeMap::new();
    for (place, (row, shares)) in items.iter().enumerate() {
        whole.add(shares, 1.0);
        deciles[place * DECILES / items.len()].add(shares, 1.0);
        let of = &inference.catalog.entry(*row).item.categories;
        for category in of {
            categories.entry(Some(category.as_str())).or_default().add(shares, 1.0 / of.len() as f64);
        }
        if of.is_empty() {
            categories.entry(None).or_default().add(shares, 1.0);
        }
    }
    let spread = |what: fn(&Shares) -> f64| gini(items.iter().map(|(_, shares)| what(shares)).collect());
    let decile = |(place, shares): (usize, &Shares)| {
        let Shares { items, events, exposure, gradient } = shares.over(&whole);
        DecileBias { decile: place + 1, items, events, exposure, gradient }
    };
    let mut by_category: Vec<CategoryBias> = categories
        .iter()
        .map(|(category, shares)| {
            let Shares { items, events, exposure, gradient } = shares.over(&whole);
            CategoryBias { category: category.map(str::to_owned), items, events, exposure, gradient }
        })
        .collect();
    by_category.sort_by(|a, b| b.gradient.total_cmp(&a.gradient).then_with(|| a.category.cmp(&b.category)));
    let left_out = by_category.len().saturating_sub(CATEGORIES_MAX);
    by_category.truncate(CATEGORIES_MAX);
    BiasReport {
        position,
        items: items.len() as u64,
        lists: lists as u64,
        events_gini: spread(|shares| shares.events),
        exposure_gini: spread(|shares| shares.exposure),
        gradient_gini: spread(|shares| shares.gradient),
        deciles: deciles.iter().enumerate().map(decile).collect(),
        categories: by_category,
        categories_left_out: left_out as u64,
    }
}
