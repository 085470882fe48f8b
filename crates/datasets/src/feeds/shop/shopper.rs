//! Shoppers and their tastes.

use shelfmark_domain::Id;

use super::{
    catalog::{LEVELS, brand_categories},
    random::Draws,
    words::{BRANDS, CATEGORIES},
};

/// Weights of a shopper's first, second and third category.
const WEIGHTS: [u32; 3] = [6, 3, 1];

/// Tastes of a shopper at one time, to check a model against.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopperTastes {
    /// Names of the categories, the favourite first, with their shares of the shopper's own choices.
    pub categories: Vec<(&'static str, f64)>,
    /// The favourite brands.
    pub brands: Vec<&'static str>,
}

pub(super) struct Shopper {
    id: Id,
    categories: Vec<usize>,
    brands: [usize; 2],
    level: usize,
    device: &'static str,
    /// Items that were bought, the newest last.
    bought: Vec<usize>,
    pub in_shop: bool,
}

impl Shopper {
    /// Most purchases that a shopper remembers.
    const BOUGHT_MAX: usize = 12;

    pub(super) fn new(seed: u64, number: usize) -> Self {
        let mut draws = Draws::new(seed, "shopper", number as u64);
        let count = if draws.chance(1, 2) { 2 } else { 3 };
        let mut categories = Vec::with_capacity(count);
        while categories.len() < count {
            let category = draws.place(CATEGORIES.len());
            if !categories.contains(&category) {
                categories.push(category);
            }
        }
        let mut shopper = Self {
            id: Id::new("user", &format!("shopper-{number:04}")).expect("letters, a dash and digits are an id"),
            categories,
            brands: [0; 2],
            level: draws.place(LEVELS),
            device: ["device:mobile", "device:desktop", "device:tablet"][draws.place(3)],
            bought: Vec::new(),
            in_shop: false,
        };
        shopper.brands = [shopper.draw_brand(&mut draws), shopper.draw_brand(&mut draws)];
        shopper
    }

    pub(super) fn id(&self) -> &Id {
        &self.id
    }

    pub(super) fn device(&self) -> &'static str {
        self.device
    }

    pub(super) fn level(&self) -> usize {
        self.level
    }

    pub(super) fn likes_brand(&self, brand: usize) -> bool {
        self.brands.contains(&brand)
    }

    pub(super) fn tastes(&self) -> ShopperTastes {
        let total: u32 = WEIGHTS[..self.categories.len()].iter().sum();
        let share = |weight: u32| f64::from(weight) / f64::from(total);
        let categories = self.categories.iter().zip(WEIGHTS);
        ShopperTastes {
            categories: categories.map(|(&category, weight)| (CATEGORIES[category].name, share(weight))).collect(),
            brands: self.brands.iter().map(|&brand| BRANDS[brand]).collect(),
        }
    }

    /// Changes the tastes a little between visits.
    pub(super) fn drift(&mut self, draws: &mut Draws) {
        if draws.chance(1, 30) {
            let new = draws.place(CATEGORIES.len());
            if !self.categories.contains(&new) {
                let place = draws.place(self.categories.len());
                self.categories[place] = new;
            }
        }
        if draws.chance(1, 60) {
            let brand = self.draw_brand(draws);
            let place = draws.place(self.brands.len());
            self.brands[place] = brand;
        }
    }

    /// Draws a category to look at, mostly one of the shopper's own.
    pub(super) fn choose_category(&self, draws: &mut Draws) -> usize {
        if !draws.chance(92, 100) {
            return draws.place(CATEGORIES.len());
        }
        let weights = &WEIGHTS[..self.categories.len()];
        let mut left = draws.below(weights.iter().sum());
        for (&category, &weight) in self.categories.iter().zip(weights) {
            left -= i64::from(weight);
            if left < 0 {
                return category;
            }
        }
        self.categories[0]
    }

    /// Draws an item that was bought before.
    pub(super) fn bought_before(&self, draws: &mut Draws) -> Option<usize> {
        (!self.bought.is_empty()).then(|| *draws.one_of(&self.bought))
    }

    pub(super) fn remember(&mut self, item: usize) {
        if self.bought.len() == Self::BOUGHT_MAX {
            self.bought.remove(0);
        }
        self.bought.push(item);
    }

    /// Draws a brand that makes things for the favourite category.
    fn draw_brand(&self, draws: &mut Draws) -> usize {
        let makers: Vec<usize> =
            (0..BRANDS.len()).filter(|&brand| brand_categories(brand).contains(&self.categories[0])).collect();
        *draws.one_of(&makers)
    }
}
