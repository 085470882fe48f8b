//! Popularity bias: exposure and gradient mass of items, by popularity and by category.
//!
//! The gradient mass of an item is the sum of all squared gradients of its vector. It is the growth of the item's
//! AdaGrad accumulators, which the state has already.

use std::collections::BTreeMap;

use serde::Serialize;

use shelfmark_domain::{Id, Position};
use shelfmark_state::{LearnedTable, State};

use super::terms::{RankedTerm, TermsTable, TermsTableReport, gradient_mass, terms_report};

use super::gini::gini;

/// Maximum number of listed categories.
const CATEGORIES_MAX: usize = 100;
/// Tables whose rows with the most gradient mass are listed.
const STRONG_TABLES: [TermsTable; 3] = [TermsTable::Items, TermsTable::Tokens, TermsTable::Context];
/// Maximum number of listed rows of such a table.
const STRONGEST_MAX: usize = 10;
/// Number of groups of equal size by popularity.
const DECILES: usize = 10;

/// Shares of one decile of the items by popularity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecileBias {
    /// Number of the decile; 1 is the most popular.
    pub decile: usize,
    /// Number of its items.
    pub items: u64,
    /// Its share of events (decayed with a half-life of 100,000 events).
    pub events: f64,
    /// Its share of places in sampled lists.
    pub exposure: f64,
    /// Its share of gradient mass.
    pub gradient: f64,
}

/// Shares of one category. An item of `n` categories counts 1/n for each.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryBias {
    /// The category; null for items without one.
    pub category: Option<String>,
    /// Number of its items.
    pub items: u64,
    /// Its share of events.
    pub events: f64,
    /// Its share of places in sampled lists.
    pub exposure: f64,
    /// Its share of gradient mass.
    pub gradient: f64,
}

/// A row with much gradient mass.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrongRow {
    /// The table of the row.
    pub table: LearnedTable,
    /// The item, the token or the circumstance.
    pub id: String,
    /// The item's title, if it has one.
    pub title: Option<String>,
    /// Its share of the gradient mass of its table.
    pub share: f64,
}

/// Distribution of events, places in lists and gradients over the items met in an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BiasReport {
    /// Position of the state.
    pub position: Position,
    /// Number of items met in an event.
    pub items: u64,
    /// Number of sampled lists in which exposure is counted: at most the newest 5,000.
    pub lists: u64,
    /// Gini coefficient of events over items: 0 equal, 1 one item has all.
    pub events_gini: Option<f64>,
    /// Gini coefficient of places in lists.
    pub exposure_gini: Option<f64>,
    /// Gini coefficient of gradient mass.
    pub gradient_gini: Option<f64>,
    /// Shares by popularity, the most popular first.
    pub deciles: Vec<DecileBias>,
    /// Shares by category, most gradient mass first, at most 100.
    pub categories: Vec<CategoryBias>,
    /// Number of categories that are not listed.
    pub categories_left_out: u64,
    /// Items, tokens and circumstances with the most gradient mass: at most ten of each table, most first.
    pub strongest: Vec<StrongRow>,
}

/// Events, places in lists and gradient mass of an item or a group of items.
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

/// Computes the report of a state. `exposure` counts how often each item is in `lists` sampled lists. Reads the
/// accumulators of every item.
pub fn bias_report(state: &State, position: Position, exposure: &BTreeMap<Id, u64>, lists: usize) -> BiasReport {
    let inference = &state.inference;
    let mut items: Vec<(u32, Shares)> = inference
        .catalog
        .known()
        .iter()
        .map(|row| {
            let sums = state.accumulators.items.row(*row as usize);
            let gradient = gradient_mass(sums);
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
        strongest: strongest(state, position),
    }
}

/// Ranks by all the gradient that was ever learned from.
fn strongest(state: &State, position: Position) -> Vec<StrongRow> {
    let report = terms_report((state, position), None, &STRONG_TABLES, STRONGEST_MAX);
    let rows = report.tables.into_iter().flat_map(|TermsTableReport { table, terms, .. }| {
        terms.into_iter().map(move |RankedTerm { id, title, share, .. }| StrongRow {
            table: table.learned(),
            id: id.to_string(),
            title,
            share,
        })
    });
    rows.collect()
}
