//! A state that random operations move, and the slow, obvious way to score it.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod naive;

use std::sync::Arc;

use shelfmark_domain::{Event, Id, Item, ModelConfig, PropertyValue, Query, Subject, Timestamp};
use shelfmark_state::{AddedWeights, ContextScratch, CounterRng, LearnedTable, State, Table};

pub const START_SECONDS: f64 = 1_700_000_000.0;

pub fn id(text: &str) -> Id {
    Id::new("id", text).expect("a valid id")
}

pub fn at(seconds: usize) -> Timestamp {
    Timestamp::from_seconds(START_SECONDS + seconds as f64).expect("a valid time")
}

pub struct World {
    pub state: State,
    pub draws: CounterRng,
    pub clock: usize,
    scratch: ContextScratch,
}

impl World {
    pub fn new(dim: usize, seed: u64) -> Self {
        let config = ModelConfig { dim, history: 6, ..ModelConfig::default() };
        Self {
            state: State::initial(Arc::new(config)),
            draws: CounterRng::new(seed, 99, 0),
            clock: 0,
            scratch: ContextScratch::default(),
        }
    }

    pub fn event(&mut self, user: Option<&str>, session: Option<&str>, item: &str, kind: &str) {
        self.clock += 60;
        let event = Event {
            event_id: id(&format!("e{}", self.clock)),
            user: user.map(id),
            session: session.map(id),
            item: id(item),
            kind: kind.to_owned(),
            value: None,
            ts: at(self.clock),
            context: CONTEXTS[..self.draws.below(3)].iter().map(|&name| name.to_owned()).collect(),
            recommendation_id: None,
            properties: None,
        };
        let (_, rows) = self.state.apply_events(&[&event], &mut self.scratch);
        self.state.count_events(&rows);
    }

    pub fn put(&mut self, item: &str, title: &str, categories: &[&str], available: bool) {
        let mut item = Item::bare(id(item));
        item.title = Some(title.to_owned());
        item.categories = categories.iter().map(|c| (*c).to_owned()).collect();
        item.available = available;
        item.tags = TAGS.iter().filter(|_| self.draws.below(3) == 0).map(|&tag| tag.to_owned()).collect();
        for name in PROPERTIES {
            if self.draws.below(4) > 0 {
                item.properties.insert(name.to_owned(), self.value());
            }
        }
        if self.draws.below(2) == 0 {
            item.vectors.insert("image".to_owned(), (0..3).map(|_| self.draws.normal()).collect());
        }
        self.state.put_item(&item);
    }

    /// A property's value of any type.
    pub fn value(&mut self) -> PropertyValue {
        match self.draws.below(9) {
            0 => PropertyValue::Flag(false),
            1 => PropertyValue::Flag(true),
            2 => PropertyValue::Text("Acme".to_owned()),
            // A number's text is no number.
            3 => PropertyValue::Text("10".to_owned()),
            4 => PropertyValue::Number((-0.0).into()),
            5 => PropertyValue::Number(0.0.into()),
            6 => PropertyValue::Number((10_u64 << 58 | self.draws.below(2) as u64).into()),
            _ => PropertyValue::Number([10.0, 24.5, 1e300][self.draws.below(3)].into()),
        }
    }

    /// Moves random rows, as a step would.
    pub fn learn(&mut self, rows: usize) {
        for table in LearnedTable::ROWS {
            let len = self.state.rows(table.table());
            for _ in 0..rows.min(len) {
                let row = self.draws.below(len);
                for value in self.state.inference.parameters.table_mut(table).row_mut(row) {
                    *value += 0.3 * self.draws.normal();
                }
                self.state.touched.mark(table.table(), row as u32);
            }
        }
        for content in self.state.next_refresh().take(rows).collect::<Vec<_>>() {
            let z: Vec<f32> = (0..self.state.config().dim).map(|_| 0.3 * self.draws.normal()).collect();
            self.state.set_content(content, &z);
        }
        let scalars = Arc::make_mut(&mut self.state.inference.parameters.scalars);
        for value in scalars.rec.iter_mut().chain(&mut scalars.cnt).chain(&mut scalars.wp).chain(&mut scalars.sc) {
            *value += 0.2 * self.draws.normal();
        }
        scalars.wm += 0.1 * self.draws.normal();
        let AddedWeights { wp_short, wpg, we, sd } = &mut scalars.added;
        for value in wpg.iter_mut().flatten().chain(we.iter_mut().flatten()).chain([wp_short, sd]) {
            *value += 0.2 * self.draws.normal();
        }
        self.state.touched.mark(Table::AddedWeights, 0);
        self.state.touched.mark(Table::Scalars, 0);
    }

    /// One random operation.
    pub fn step(&mut self, items: usize) {
        let item = format!("i{}", self.draws.below(items));
        match self.draws.below(11) {
            0..=4 => {
                let kind = ["view", "purchase"][self.draws.below(2)];
                let number = self.draws.below(7);
                let name = format!("u{number}");
                if number < 5 {
                    self.event(Some(&name), None, &item, kind);
                } else {
                    self.event(None, Some(&name), &item, kind);
                }
            }
            5 => {
                let title = format!("word{} word{}", self.draws.below(5), self.draws.below(9));
                let category = CATEGORIES[self.draws.below(3)];
                let available = self.draws.below(4) > 0;
                self.put(&item, &title, &[category], available);
            }
            6 => {
                self.state.remove_item(&id(&item));
            }
            7 => {
                let config = self.state.config();
                let explore = if config.explore > 0.0 { 0.0 } else { 0.2 };
                let config = ModelConfig { modalities: !config.modalities, explore, ..(**config).clone() };
                assert!(self.state.configure(&config));
            }
            _ => self.learn(4),
        }
    }

    pub fn query(&self, subject: Subject, limit: usize) -> Query {
        Query {
            // One of them is never in an event.
            context: CONTEXTS[..limit % 4].iter().map(|&name| name.to_owned()).collect(),
            ..Query::new(subject, limit, at(self.clock + 100))
        }
    }
}

pub const CATEGORIES: [&str; 3] = ["a", "b", "c"];
pub const TAGS: [&str; 3] = ["red", "small", "used"];
/// The first two become tokens.
pub const PROPERTIES: [&str; 3] = ["brand", "price", "new"];

/// Circumstances of events (the first two) and of queries.
const CONTEXTS: [&str; 3] = ["device:mobile", "hour:9", "never met"];
