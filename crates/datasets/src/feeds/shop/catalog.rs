//! Catalogue of the shop: its items, and how they are drawn.

use std::collections::{BTreeMap, HashMap};

use shelfmark_domain::{Id, Item, PropertyValue};

use super::{
    random::{Draws, Weighted},
    words::{ADJECTIVES, BRANDS, CATEGORIES, COLOURS},
};

/// Number of price levels.
pub(super) const LEVELS: usize = 3;

/// Properties of an item that the generator uses.
pub(super) struct Ware {
    id: Id,
    pub category: usize,
    pub thing: usize,
    pub brand: usize,
    adjective: usize,
    colour: usize,
    cents: u32,
}

/// All items, and draws from them.
pub(super) struct ShopCatalog {
    wares: Vec<Ware>,
    by_category: Vec<Shelf>,
    by_thing: Vec<Vec<Shelf>>,
    numbers: HashMap<Id, usize>,
}

/// Items of one kind, the most popular first.
struct Shelf {
    wares: Vec<usize>,
    chances: Weighted,
}

impl Shelf {
    fn new(wares: Vec<usize>) -> Self {
        let chances = Weighted::falling(wares.len(), 2);
        Self { wares, chances }
    }

    fn draw(&self, draws: &mut Draws) -> Option<usize> {
        self.wares.get(self.chances.pick(draws)).copied()
    }
}

/// Returns the categories that a brand makes things for.
pub(super) fn brand_categories(brand: usize) -> [usize; 3] {
    let count = CATEGORIES.len();
    [brand % count, (brand * 5 + 1) % count, (brand * 7 + 3) % count]
}

/// Returns the price level of a brand: 0 plain, 1 middle, 2 fine.
pub(super) fn brand_level(brand: usize) -> usize {
    brand % LEVELS
}

impl ShopCatalog {
    pub(super) fn new(seed: u64, count: usize) -> Self {
        let digits = count.to_string().len().max(4);
        let wares: Vec<Ware> = (0..count).map(|number| Ware::new(seed, number, digits)).collect();
        // Ids are in no order of popularity: who is first is drawn.
        let mut order: Vec<usize> = (0..count).collect();
        let mut draws = Draws::new(seed, "popularity", 0);
        for place in (1..count).rev() {
            order.swap(place, draws.place(place + 1));
        }
        let shelf = |fits: &dyn Fn(&Ware) -> bool| {
            Shelf::new(order.iter().copied().filter(|&number| fits(&wares[number])).collect())
        };
        let by_category = (0..CATEGORIES.len()).map(|category| shelf(&|ware| ware.category == category)).collect();
        let by_thing = (0..CATEGORIES.len())
            .map(|category| {
                (0..CATEGORIES[category].things.len())
                    .map(|thing| shelf(&|ware| ware.category == category && ware.thing == thing))
                    .collect()
            })
            .collect();
        let numbers = wares.iter().enumerate().map(|(number, ware)| (ware.id.clone(), number)).collect();
        Self { wares, by_category, by_thing, numbers }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        self.wares.iter().map(Ware::item)
    }

    pub(super) fn id(&self, number: usize) -> &Id {
        &self.wares[number].id
    }

    pub(super) fn ware(&self, number: usize) -> &Ware {
        &self.wares[number]
    }

    pub(super) fn category_of(&self, item: &str) -> Option<&'static str> {
        self.numbers.get(item).map(|&number| CATEGORIES[self.wares[number].category].name)
    }

    /// Draws a popular item of a category.
    pub(super) fn draw(&self, category: usize, draws: &mut Draws) -> usize {
        self.by_category[category].draw(draws).expect("with 24 items or more every category has one")
    }

    /// Draws a popular item of the kind that follows this one; `None` when the shop has none.
    pub(super) fn draw_after(&self, number: usize, draws: &mut Draws) -> Option<usize> {
        let ware = &self.wares[number];
        let things = &self.by_thing[ware.category];
        things[(ware.thing + 1) % things.len()].draw(draws)
    }
}

impl Ware {
    fn new(seed: u64, number: usize, digits: usize) -> Self {
        let mut draws = Draws::new(seed, "item", number as u64);
        // Categories in turn, so that each has its share even in a small shop.
        let category = number % CATEGORIES.len();
        let makers: Vec<usize> =
            (0..BRANDS.len()).filter(|&brand| brand_categories(brand).contains(&category)).collect();
        let brand = *draws.one_of(&makers);
        let words = &CATEGORIES[category];
        // The product of two draws: most things are cheap.
        let span = i64::from(words.cents_high - words.cents_low);
        let above = span * draws.below(1_000) * draws.below(1_000) / 1_000_000;
        let percent = [60, 100, 180][brand_level(brand)];
        let cents = (i64::from(words.cents_low) + above) * percent / 100;
        Self {
            id: Id::new("id", &format!("sku-{number:0digits$}")).expect("letters, a dash and digits are an id"),
            category,
            thing: draws.place(words.things.len()),
            brand,
            adjective: draws.place(ADJECTIVES.len()),
            colour: draws.place(COLOURS.len()),
            cents: u32::try_from(cents).expect("prices stay below 450.00"),
        }
    }

    fn item(&self) -> Item {
        let words = &CATEGORIES[self.category];
        let (brand, colour) = (BRANDS[self.brand], COLOURS[self.colour]);
        let title = format!("{brand} {} {}, {colour}", ADJECTIVES[self.adjective], words.things[self.thing]);
        Item {
            title: Some(title),
            categories: vec![words.name.to_owned()],
            tags: vec![colour.to_lowercase()],
            properties: BTreeMap::from([
                ("brand".to_owned(), PropertyValue::Text(brand.to_owned())),
                ("price".to_owned(), PropertyValue::Number((f64::from(self.cents) / 100.0).into())),
            ]),
            ..Item::bare(self.id.clone())
        }
    }
}
