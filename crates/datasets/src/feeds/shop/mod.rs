//! A generated shop: a catalogue, shoppers with tastes, and the clicks, carts and purchases that follow from them.
//!
//! **Rules**, so that a model can be compared with what it should have learned:
//!
//! - *Catalogue.* Twelve categories with ten kinds of things each; an item has a readable title ("Northlight Enamelled
//!   Kettle, Blue"), a category, a brand, a price and a colour. A brand makes things for three categories at one price
//!   level of three. Within a category popularity falls with rank r as 1/(r+2) (Zipf).
//! - *Shoppers.* Each has 2 or 3 categories (weights 6:3:1), two favourite brands, one price level and one device. A
//!   few shoppers come often, most seldom (1/(n+3)). 92% of free choices fall into their own categories.
//! - *Drift.* With each visit, 1 time in 30, one of a shopper's categories is exchanged for another; 1 time in 60 a
//!   favourite brand.
//! - *Visits* overlap; a new one begins every 20 simulated seconds on average and has 2 to 8 clicks, 5 to 60 seconds
//!   apart. 35% of clicks follow the click before to the next kind of thing of its category (kettle, then teapot):
//!   there is an order to learn. Otherwise the best of three popular items wins, by favourite brand and price level.
//! - *Buying.* A click leads to the cart 1 time in 6, more often (1 in 3) when brand or price level fit; a visit with a
//!   full cart ends in a purchase 2 times in 3, and all of the cart is bought at one timestamp: a basket. A quarter of
//!   the visits of shoppers who bought before begin with a thing bought before, and 70% of those are bought again.
//!
//! The same settings give the same bytes in every release and on every machine: draws come from a counter-based
//! generator, and only additions, multiplications, divisions and comparisons of floats are used, which are exact.
//!
//! [`spam()`] is the opposite: random clicks of one source, to spoil a model with.

mod catalog;
mod random;
mod shopper;
mod spam;
mod visit;
mod words;

use std::{cmp::Reverse, collections::BinaryHeap, collections::VecDeque};

use xxhash_rust::xxh3::xxh3_64;

pub use shopper::ShopperTastes;
pub use spam::{SpamSettings, spam};

use shelfmark_domain::{Event, Id, Item, Timestamp};

use self::{
    catalog::ShopCatalog,
    random::{Draws, Weighted},
    shopper::Shopper,
    visit::Visit,
};

/// Settings of the shop. Equal settings give equal shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShopSettings {
    /// Seed of the random draws.
    pub seed: u64,
    /// Number of items, 24 to 1,000,000.
    pub items: usize,
    /// Number of shoppers, 16 to 1,000,000.
    pub shoppers: usize,
    /// Simulated time of opening.
    pub start: Timestamp,
}

impl ShopSettings {
    /// Default time of opening, 2026-01-05T08:00:00Z: fixed, so that repeated runs are equal.
    pub const START_MICROS: i64 = 1_767_600_000_000_000;
}

impl Default for ShopSettings {
    fn default() -> Self {
        let start = Timestamp::from_micros(Self::START_MICROS).expect("2026 is between the years 1 and 9999");
        Self { seed: 1, items: 500, shoppers: 200, start }
    }
}

/// The shop: an endless iterator of events in order of simulated time.
pub struct Shop {
    start: Timestamp,
    catalog: ShopCatalog,
    shoppers: Vec<Shopper>,
    often: Weighted,
    draws: Draws,
    event_prefix: String,
    events: u64,
    visits: u64,
    next_arrival_s: i64,
    open: BinaryHeap<Reverse<Visit>>,
    ready: VecDeque<Event>,
}

impl Shop {
    /// Most visits that are open at once.
    const OPEN_MAX: usize = 64;

    /// Opens a shop. Settings outside their ranges are moved to the nearest end.
    pub fn new(settings: ShopSettings) -> Self {
        let ShopSettings { seed, items, shoppers, start } = settings;
        let (items, shoppers) = (items.clamp(24, 1_000_000), shoppers.clamp(16, 1_000_000));
        let catalog = ShopCatalog::new(seed, items);
        let identity = xxh3_64(format!("{seed} {items} {shoppers} {}", start.micros()).as_bytes());
        Self {
            start,
            shoppers: (0..shoppers).map(|number| Shopper::new(seed, number)).collect(),
            often: Weighted::falling(shoppers, 3),
            draws: Draws::new(seed, "visits", 0),
            event_prefix: format!("d-{identity:016x}"),
            events: 0,
            visits: 0,
            next_arrival_s: 0,
            open: BinaryHeap::new(),
            ready: VecDeque::new(),
            catalog,
        }
    }

    /// Iterates over all items.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        self.catalog.items()
    }

    /// Returns the tastes of a shopper now; `None` when there is no such user.
    pub fn tastes(&self, user: &str) -> Option<ShopperTastes> {
        self.shoppers.iter().find(|shopper| shopper.id().as_str() == user).map(Shopper::tastes)
    }

    /// Returns the name of an item's category; `None` when there is no such item.
    pub fn category(&self, item: &str) -> Option<&'static str> {
        self.catalog.category_of(item)
    }

    fn arrive(&mut self) {
        let now_s = self.next_arrival_s;
        self.next_arrival_s += 1 + self.draws.below(39);
        let number = self.often.pick(&mut self.draws);
        let shopper = &mut self.shoppers[number];
        if shopper.in_shop || self.open.len() >= Self::OPEN_MAX {
            return;
        }
        shopper.in_shop = true;
        shopper.drift(&mut self.draws);
        self.visits += 1;
        let clicks = 2 + self.draws.below(7);
        self.open.push(Reverse(Visit::new(now_s, self.visits, number, clicks)));
    }

    /// Takes the next step of the visit that is due first.
    fn step(&mut self, mut visit: Visit) {
        let shopper = &mut self.shoppers[visit.shopper];
        let done = visit.act(&self.catalog, shopper, &mut self.draws);
        let ts = Timestamp::from_micros(self.start.micros().saturating_add(visit.now_s * 1_000_000))
            .unwrap_or(Timestamp::MAX);
        for act in done {
            self.events += 1;
            let id = format!("{}-{}", self.event_prefix, self.events);
            self.ready.push_back(Event {
                event_id: Id::new("event_id", &id).expect("letters, digits and dashes are an id"),
                user: Some(shopper.id().clone()),
                session: Some(visit.session().clone()),
                item: self.catalog.id(act.item).clone(),
                kind: act.kind.to_owned(),
                value: act.quantity,
                ts,
                context: vec![shopper.device().to_owned()],
                recommendation_id: None,
                properties: None,
            });
        }
        if visit.is_over() {
            shopper.in_shop = false;
        } else {
            visit.now_s += 5 + self.draws.below(56);
            self.open.push(Reverse(visit));
        }
    }
}

impl Iterator for Shop {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let due_s = self.open.peek().map_or(i64::MAX, |Reverse(visit)| visit.now_s);
            if due_s < self.next_arrival_s {
                let Reverse(visit) = self.open.pop()?;
                self.step(visit);
            } else {
                self.arrive();
            }
        }
    }
}

#[cfg(test)]
mod tests;
