//! Visits to the shop: clicks, the cart, the purchase.

use std::cmp::Ordering;

use shelfmark_domain::Id;

use super::{
    catalog::{ShopCatalog, brand_level},
    random::Draws,
    shopper::Shopper,
};

/// One act of a visit.
pub(super) struct Act {
    pub item: usize,
    pub kind: &'static str,
    pub quantity: Option<f64>,
}

pub(super) struct Visit {
    /// Time of the next act, in seconds since the shop opened.
    pub now_s: i64,
    number: u64,
    pub shopper: usize,
    session: Id,
    clicks_left: i64,
    last: Option<usize>,
    /// Item that the next act puts into the cart.
    wanted: Option<usize>,
    cart: Vec<usize>,
    first: bool,
    over: bool,
}

impl Visit {
    /// Most items of a basket.
    const CART_MAX: usize = 8;

    pub(super) fn new(now_s: i64, number: u64, shopper: usize, clicks: i64) -> Self {
        let session = Id::new("session", &format!("visit-{number:06}")).expect("letters, a dash and digits are an id");
        Self {
            now_s,
            number,
            shopper,
            session,
            clicks_left: clicks,
            last: None,
            wanted: None,
            cart: Vec::new(),
            first: true,
            over: false,
        }
    }

    pub(super) fn session(&self) -> &Id {
        &self.session
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Performs the next act: a click, an item put into the cart, or the purchase of the whole cart.
    pub(super) fn act(&mut self, catalog: &ShopCatalog, shopper: &mut Shopper, draws: &mut Draws) -> Vec<Act> {
        if let Some(item) = self.wanted.take() {
            self.cart.push(item);
            return vec![Act { item, kind: "cart", quantity: None }];
        }
        if self.clicks_left > 0 {
            let (item, again) = self.choose(catalog, shopper, draws);
            self.clicks_left -= 1;
            self.last = Some(item);
            let ware = catalog.ware(item);
            let fits = shopper.likes_brand(ware.brand) || shopper.level() == brand_level(ware.brand);
            let wants = if again { draws.chance(7, 10) } else { draws.chance(if fits { 2 } else { 1 }, 6) };
            if wants && self.cart.len() < Self::CART_MAX && !self.cart.contains(&item) {
                self.wanted = Some(item);
            }
            self.over = self.clicks_left == 0 && self.wanted.is_none() && self.cart.is_empty();
            return vec![Act { item, kind: "click", quantity: None }];
        }
        self.over = true;
        if !draws.chance(2, 3) {
            return Vec::new();
        }
        let buy = |item| {
            shopper.remember(item);
            let quantity = if draws.chance(1, 5) { 2.0 } else { 1.0 };
            Act { item, kind: "purchase", quantity: Some(quantity) }
        };
        std::mem::take(&mut self.cart).into_iter().map(buy).collect()
    }

    /// Chooses an item to look at, and returns whether it was bought before.
    fn choose(&mut self, catalog: &ShopCatalog, shopper: &Shopper, draws: &mut Draws) -> (usize, bool) {
        if std::mem::take(&mut self.first)
            && draws.chance(1, 4)
            && let Some(item) = shopper.bought_before(draws)
        {
            return (item, true);
        }
        if let Some(last) = self.last
            && draws.chance(35, 100)
            && let Some(item) = catalog.draw_after(last, draws)
        {
            return (item, false);
        }
        let category = shopper.choose_category(draws);
        let liking = |item: usize| {
            let brand = catalog.ware(item).brand;
            u8::from(shopper.likes_brand(brand)) * 2 + u8::from(shopper.level() == brand_level(brand))
        };
        let mut best = catalog.draw(category, draws);
        for _ in 1..3 {
            let other = catalog.draw(category, draws);
            if liking(other) > liking(best) {
                best = other;
            }
        }
        (best, false)
    }
}

// Visits are ordered by when they act; their numbers make the order whole.
impl Ord for Visit {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.now_s, self.number).cmp(&(other.now_s, other.number))
    }
}

impl PartialOrd for Visit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Visit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Visit {}
