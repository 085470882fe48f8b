//! Goal: the learner reaches the recall that the published experiments found for this rule (docs/LEARNING.md).
//! Method: test-then-train over a whole data set through the production code path, one append a batch; every unit ranks
//! all items known so far before it is learned; the first tenth is not counted. Needs `SHELFMARK_DATA_DIR`, a folder
//! with `<set>/events.jsonl.gz` and `<set>/items.jsonl.gz`; skips with a printed reason without it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::{BTreeMap, HashSet},
    io::{BufRead, BufReader},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use shelfmark::{
    domain::{Append, Event, Id, Item, ModelConfig, Position, PropertyValue, Record, RecordBody, Timestamp},
    learner::{Learner, Observer, prepare_thread},
    state::{ComposedQuery, QueryRows, Readable, State, Unit, compose, dot},
};

struct AllRows<'a> {
    readable: &'a Readable,
    vectors: &'a [f32],
}

impl QueryRows for AllRows<'_> {
    fn item(&self, row: u32) -> &[f32] {
        let dim = self.readable.config.dim;
        &self.vectors[row as usize * dim..][..dim]
    }

    fn last(&self, row: Option<u32>) -> &[f32] {
        self.readable.parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }

    fn user(&self, row: u32) -> &[f32] {
        self.readable.parameters.users.row(row as usize)
    }

    fn context(&self, row: u32) -> &[f32] {
        self.readable.parameters.contexts.row(row as usize)
    }
}

#[derive(Default)]
struct Recall {
    skip: u64,
    seen: u64,
    hits: [u64; 2],
    targets: [u64; 2],
    vectors: Vec<f32>,
    seconds: f64,
}

impl Recall {
    fn at_20(&self, which: usize) -> f64 {
        self.hits[which] as f64 / self.targets[which].max(1) as f64
    }
}

impl Observer for Recall {
    fn before_learning(&mut self, state: &State, units: &[Unit]) {
        let started = Instant::now();
        let readable = &state.readable;
        let (dim, items) = (readable.config.dim, readable.catalog.len());
        self.vectors.resize(items * dim, 0.0);
        let mut bias = vec![f32::NEG_INFINITY; items];
        for row in readable.catalog.known().iter() {
            bias[*row as usize] = readable.item_bias(*row);
        }
        for (row, out) in self.vectors.chunks_exact_mut(dim).enumerate() {
            readable.item_vector(row as u32, out);
        }
        let scalars = &readable.parameters.scalars;
        for unit in units {
            self.seen += unit.targets.len() as u64;
            if self.seen < self.skip {
                continue;
            }
            let rows = AllRows { readable, vectors: &self.vectors };
            let ComposedQuery { q, .. } = compose(&unit.context, scalars, &rows, dim);
            let mut scores: Vec<f32> =
                self.vectors.chunks_exact(dim).zip(&bias).map(|(v, bias)| dot(&q, v) + bias).collect();
            for repeat in &unit.context.repeats {
                scores[repeat.item as usize] +=
                    scalars.rec[usize::from(repeat.age)] + scalars.cnt[usize::from(repeat.count)];
            }
            for remembered in &unit.context.memory {
                scores[remembered.item as usize] += scalars.wm * remembered.value;
            }
            let own: HashSet<u32> = unit.context.repeats.iter().map(|repeat| repeat.item).collect();
            for target in &unit.targets {
                let novel = !own.contains(&target.item);
                self.targets[0] += 1;
                self.targets[1] += u64::from(novel);
                if !target.known {
                    continue;
                }
                let score = scores[target.item as usize];
                let above = |skip_own: bool| {
                    let better = |(row, s): (usize, &f32)| *s > score && !(skip_own && own.contains(&(row as u32)));
                    scores.iter().enumerate().filter(|pair| better(*pair)).count()
                };
                self.hits[0] += u64::from(above(false) < 20);
                self.hits[1] += u64::from(novel && above(true) < 20);
            }
        }
        self.seconds += started.elapsed().as_secs_f64();
    }
}

fn lines(path: PathBuf) -> impl Iterator<Item = serde_json::Value> {
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(flate2::read::GzDecoder::new(file)).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn text(value: &serde_json::Value) -> Option<String> {
    value.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

fn read(set: &std::path::Path) -> (Vec<Item>, Vec<Event>) {
    let events: Vec<Event> = lines(set.join("events.jsonl.gz"))
        .enumerate()
        .map(|(n, line)| Event {
            event_id: Id::new("event_id", &n.to_string()).unwrap(),
            user: Some(Id::new("user", line["user"].as_str().unwrap()).unwrap()),
            session: None,
            item: Id::new("item", line["item"].as_str().unwrap()).unwrap(),
            kind: line["kind"].as_str().unwrap().to_owned(),
            value: line["value"].as_f64(),
            ts: Timestamp::from_seconds(line["ts"].as_f64().unwrap()).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        })
        .collect();
    let named: HashSet<&str> = events.iter().map(|event| event.item.as_str()).collect();
    let items = lines(set.join("items.jsonl.gz"))
        .filter(|line| named.contains(line["item"].as_str().unwrap()))
        .map(|line| {
            let mut item = Item::bare(Id::new("id", line["item"].as_str().unwrap()).unwrap());
            item.title = text(&line["title"]);
            let categories = line["categories"].as_array().cloned().unwrap_or_default();
            item.categories = categories.iter().filter_map(text).collect();
            for name in ["brand", "year", "category_id"] {
                if let Some(value) = text(&line[name]) {
                    item.properties.insert(name.to_owned(), PropertyValue::Text(value));
                }
            }
            if let Some(price) = line["price"].as_f64() {
                item.properties.insert("price".to_owned(), PropertyValue::Number(price));
            }
            item
        })
        .collect();
    (items, events)
}

fn append(next: &mut Position, bodies: Vec<RecordBody>) -> Append {
    let records = bodies
        .into_iter()
        .map(|body| {
            *next = next.next();
            Record { position: *next, appended_at: Timestamp::default(), body }
        })
        .collect();
    Append { records }
}

fn recall(set: &str, config: ModelConfig) -> Option<[f64; 2]> {
    let Some(folder) = std::env::var_os("SHELFMARK_DATA_DIR") else {
        println!("skipped: SHELFMARK_DATA_DIR is not set, {set} cannot be read");
        return None;
    };
    let set_folder = PathBuf::from(folder).join(set);
    if !set_folder.exists() {
        println!("skipped: {} is not there", set_folder.display());
        return None;
    }
    let (items, events) = read(&set_folder);
    prepare_thread();
    let mut state = State::initial(Arc::new(config));
    let mut learner = Learner::default();
    let mut recall = Recall { skip: events.len() as u64 / 10, ..Recall::default() };
    let mut next = Position::ZERO;
    let none = BTreeMap::new();
    let metadata = append(&mut next, items.into_iter().map(RecordBody::PutItem).collect());
    learner.apply(&mut state, &metadata, &none, &mut ()).unwrap();
    let started = Instant::now();
    let count = events.len();
    let all = append(&mut next, events.into_iter().map(RecordBody::Event).collect());
    let applied = learner.apply(&mut state, &all, &none, &mut recall).unwrap();
    let seconds = started.elapsed().as_secs_f64() - recall.seconds;
    let clipped = applied.steps.iter().filter(|step| step.clipped).count();
    println!(
        "{set}: recall@20 all {:.4} novel {:.4}, {:.0} events/s learned, {} steps, {clipped} clipped",
        recall.at_20(0),
        recall.at_20(1),
        count as f64 / seconds,
        applied.steps.len(),
    );
    Some([recall.at_20(0), recall.at_20(1)])
}

/// The figures are of a float-for-float different implementation with other initial values: 0.003 as the rule's own
/// variation between seeds.
fn assert_near(found: Option<[f64; 2]>, expected: [f64; 2]) {
    if let Some(found) = found {
        for which in 0..2 {
            assert!(found[which] > expected[which] - 0.003, "{found:?} against {expected:?}");
        }
    }
}

#[test]
fn movielens_reaches_the_published_recall() {
    assert_near(recall("ml100k", ModelConfig::default()), [0.3276, 0.3276]);
}

#[test]
fn online_retail_reaches_the_published_recall() {
    assert_near(recall("online_retail", ModelConfig::default()), [0.1569, 0.0912]);
}

#[test]
fn rees46_reaches_the_published_recall() {
    assert_near(recall("rees46_sample", ModelConfig::default()), [0.4221, 0.1760]);
}
