//! A state that random operations move, and the slow, obvious way to score it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{collections::BTreeMap, sync::Arc};

use shelfmark::{
    domain::{Event, ExcludeSeen, Id, Item, ModelConfig, Query, Subject, Timestamp},
    state::{ContextScratch, Draws, QueryRows, State, Table, compose},
};

pub const START_SECONDS: f64 = 1_700_000_000.0;

pub fn id(text: &str) -> Id {
    Id::new("id", text).expect("a valid id")
}

pub fn at(seconds: usize) -> Timestamp {
    Timestamp::from_seconds(START_SECONDS + seconds as f64).expect("a valid time")
}

pub struct World {
    pub state: State,
    pub draws: Draws,
    pub clock: usize,
    scratch: ContextScratch,
}

impl World {
    pub fn new(dim: usize, seed: u64) -> Self {
        let config = ModelConfig { dim, history: 6, ..ModelConfig::default() };
        Self {
            state: State::initial(Arc::new(config)),
            draws: Draws::new(seed, 99, 0),
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
        let (_, rows) = self.state.advance(&[&event], &mut self.scratch);
        self.state.settle(&rows);
    }

    pub fn put(&mut self, item: &str, title: &str, categories: &[&str], available: bool) {
        let mut item = Item::bare(id(item));
        item.title = Some(title.to_owned());
        item.categories = categories.iter().map(|c| (*c).to_owned()).collect();
        item.available = available;
        if self.draws.below(2) == 0 {
            item.vectors.insert("image".to_owned(), (0..3).map(|_| self.draws.normal()).collect());
        }
        self.state.put_item(&item);
    }

    /// Moves random rows, as a step would.
    pub fn learn(&mut self, rows: usize) {
        for table in Table::LEARNED {
            let len = self.state.rows(table);
            for _ in 0..rows.min(len) {
                let row = self.draws.below(len);
                for value in self.state.readable.parameters.table_mut(table).row_mut(row) {
                    *value += 0.3 * self.draws.normal();
                }
                self.state.touched.mark(table, row as u32);
            }
        }
        for content in self.state.sweep().take(rows).collect::<Vec<_>>() {
            let z: Vec<f32> = (0..self.state.config().dim).map(|_| 0.3 * self.draws.normal()).collect();
            self.state.set_content(content, &z);
        }
        let scalars = Arc::make_mut(&mut self.state.readable.parameters.scalars);
        for value in scalars.rec.iter_mut().chain(&mut scalars.cnt).chain(&mut scalars.wp).chain(&mut scalars.sc) {
            *value += 0.2 * self.draws.normal();
        }
        scalars.wm += 0.1 * self.draws.normal();
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
                let category = ["a", "b", "c"][self.draws.below(3)];
                let available = self.draws.below(4) > 0;
                self.put(&item, &title, &[category], available);
            }
            6 => {
                self.state.remove_item(&id(&item));
            }
            7 => {
                let config = self.state.config();
                let config = ModelConfig { modalities: !config.modalities, ..(**config).clone() };
                assert!(self.state.configure(&config));
            }
            _ => self.learn(4),
        }
    }

    pub fn query(&self, subject: Subject, limit: usize) -> Query {
        Query {
            subject,
            limit,
            exclude: Vec::new(),
            exclude_seen: ExcludeSeen::No,
            // One of them is never in an event.
            context: CONTEXTS[..limit % 4].iter().map(|&name| name.to_owned()).collect(),
            seed: 0,
            at: at(self.clock + 100),
            with_item: false,
            with_embedding: false,
        }
    }
}

/// Circumstances of events (the first two) and of queries.
const CONTEXTS: [&str; 3] = ["device:mobile", "hour:9", "never met"];

/// Item vectors straight from the state.
struct AllRows<'a>(&'a State, Vec<Vec<f32>>);

impl QueryRows for AllRows<'_> {
    fn item(&self, row: u32) -> &[f32] {
        &self.1[row as usize]
    }
    fn last(&self, row: Option<u32>) -> &[f32] {
        self.0.readable.parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }
    fn user(&self, row: u32) -> &[f32] {
        self.0.readable.parameters.users.row(row as usize)
    }
    fn context(&self, row: u32) -> &[f32] {
        self.0.readable.parameters.contexts.row(row as usize)
    }
}

/// Every item that may be answered, with its full score, by the learning rule read literally. `None`: popular items.
pub fn naive(state: &State, query: &Query) -> BTreeMap<Id, f32> {
    let readable = &state.readable;
    let items = readable.catalog.len();
    let dim = readable.config.dim;
    let vectors: Vec<Vec<f32>> = (0..items)
        .map(|row| {
            let mut vector = vec![0.0; dim];
            readable.item_vector(row as u32, &mut vector);
            vector
        })
        .collect();
    let rows = AllRows(state, vectors);
    let mut scores: Vec<f32> = (0..items).map(|row| readable.item_bias(row as u32)).collect();
    let mut visit = shelfmark::state::History::default();
    if let Subject::Session(ids) = &query.subject {
        for item in ids.iter().filter_map(|id| readable.catalog.row(id.as_str())) {
            visit.push(shelfmark::state::Past { item, at: query.at, kind: 0 });
        }
    }
    let actor = match &query.subject {
        Subject::User(id) => readable.user(id.as_str()),
        Subject::SessionId(id) => readable.session(id.as_str()),
        Subject::Session(_) | Subject::Vector(_) | Subject::Nobody => None,
    };
    let mut scratch = ContextScratch::default();
    let mut terms: Vec<u32> = query.context.iter().filter_map(|name| readable.contexts.get(name)).collect();
    terms.sort_unstable();
    let mut context = match actor {
        Some(actor) => Some(readable.context(actor, query.at, &mut scratch)),
        None if !visit.is_empty() || !terms.is_empty() => Some(readable.context_of(&visit, query.at, &mut scratch)),
        None => None,
    };
    if let Some(context) = &mut context {
        context.terms = terms;
    }
    let q = match (&query.subject, &context) {
        (Subject::Vector(vector), _) => vector.clone(),
        (_, Some(context)) => compose(context, &readable.parameters.scalars, &rows, dim).q,
        (_, None) => vec![0.0; dim],
    };
    for (score, vector) in scores.iter_mut().zip(&rows.1) {
        *score += q.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
    }
    if let Some(context) = &context {
        let scalars = &readable.parameters.scalars;
        for repeat in &context.repeats {
            scores[repeat.item as usize] += scalars.rec[repeat.age as usize] + scalars.cnt[repeat.count as usize];
        }
        for remembered in &context.memory {
            scores[remembered.item as usize] += scalars.wm * remembered.value;
        }
    }
    let seen: Vec<u32> = match (&query.exclude_seen, actor) {
        (ExcludeSeen::No, _) => Vec::new(),
        (ExcludeSeen::All, Some(actor)) => readable.history(actor).newest(0).map(|past| past.item).collect(),
        (ExcludeSeen::All, None) => visit.items().to_vec(),
        (ExcludeSeen::Kinds(kinds), Some(actor)) => readable
            .history(actor)
            .newest(0)
            .filter(|past| kinds.iter().any(|kind| kind == readable.kinds.id(u32::from(past.kind)).as_str()))
            .map(|past| past.item)
            .collect(),
        (ExcludeSeen::Kinds(_), None) => Vec::new(),
    };
    (0..items)
        .filter(|row| readable.catalog.entry(*row as u32).recommendable() && !seen.contains(&(*row as u32)))
        .map(|row| (readable.catalog.id(row as u32).clone(), scores[row]))
        .filter(|(id, _)| !query.exclude.contains(id))
        .collect()
}
