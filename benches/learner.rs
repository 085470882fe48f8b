//! The learner alone, beside its ceiling:
//! `cargo bench --bench learner [-- --data FOLDER] [--items N] [--dim 128] [--events N]`.
//!
//! FOLDER holds `events.jsonl.gz` and `items.jsonl.gz` in the format of docs/reference/files.md; without it a generated
//! shop is learned. The ceiling is what the three matrix products of a step alone would allow, on the same thread, at
//! the size of the final catalogue. With `--watched` every append is learned twice side by side, all of its steps
//! watched and none: the difference over the share of steps that are watched is what watching costs. No log, no
//! publishing, no HTTP: `cargo bench --bench service` measures the whole way.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use shelfmark_datasets::feeds::{Feed, FeedBody, FeedOptions, Shop, ShopSettings};
use shelfmark_domain::{Append, Event, Item, ModelConfig, Position, Record, RecordBody, Timestamp};
use shelfmark_learner::{Learner, STATISTICS_EVERY, fingerprint, prepare_thread};
use shelfmark_state::State;
use tch::{Kind, Tensor};
// The service's allocator, which its library sets.
use shelfmark as _;

/// Events of one append, as a replay sends them.
const APPEND_EVENTS: usize = 500;
/// Events of about one step, so that most appends are learned without interruption on a busy machine.
const STEP_EVENTS: usize = 64;

#[derive(Parser)]
struct Args {
    /// Folder with events.jsonl.gz and items.jsonl.gz
    #[arg(long)]
    data: Option<PathBuf>,
    /// Items of the generated shop: above 4,096 the softmax is sampled
    #[arg(long, default_value_t = 2_000)]
    items: usize,
    /// Values of one embedding
    #[arg(long, default_value_t = 128)]
    dim: usize,
    /// Events to learn, at most
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// Learn everything a second time without watching, to see what watching costs
    #[arg(long)]
    watched: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn read(folder: &std::path::Path, name: &str) -> Vec<FeedBody> {
    let feed = Feed::open(&folder.join(name), &FeedOptions::default()).expect("a readable file");
    feed.filter_map(Result::ok).map(|entry| entry.body).collect()
}

fn load(args: &Args) -> (Vec<Item>, Vec<Event>) {
    let Some(folder) = &args.data else {
        let shop = Shop::new(ShopSettings { items: args.items, shoppers: 1_000, ..ShopSettings::default() });
        let items = shop.items().collect();
        return (items, shop.take(args.events).collect());
    };
    let items = read(folder, "items.jsonl.gz").into_iter().filter_map(|body| match body {
        FeedBody::Item(item) => Some(item),
        FeedBody::Event(_) => None,
    });
    let events = read(folder, "events.jsonl.gz").into_iter().filter_map(|body| match body {
        FeedBody::Event(event) => Some(event),
        FeedBody::Item(_) => None,
    });
    (items.collect(), events.take(args.events).collect())
}

fn append(next: &mut Position, bodies: impl Iterator<Item = RecordBody>) -> Append {
    let record = |body| {
        *next = next.next();
        Record { position: *next, appended_at: Timestamp::default(), source: None, body }
    };
    Append { records: bodies.map(record).collect() }
}

/// One learner with its state.
struct Run {
    every: u32,
    state: State,
    learner: Learner,
    steps: usize,
    /// Of each append.
    times: Vec<Duration>,
}

impl Run {
    fn new(config: &Arc<ModelConfig>, every: u32) -> Self {
        let state = State::initial(Arc::clone(config));
        Self { every, state, learner: Learner::with_statistics_every(every), steps: 0, times: Vec::new() }
    }

    fn learn(&mut self, append: &Append) {
        let started = Instant::now();
        let applied = self.learner.apply(&mut self.state, append, &BTreeMap::new(), &mut ()).expect("it applies");
        self.times.push(started.elapsed());
        self.steps += applied.steps.len();
        self.state.touched.clear();
    }
}

/// Events a second that the products of a step of `targets` over `columns` would allow.
fn products_alone(targets: i64, columns: i64, dim: i64) -> f64 {
    let options = (Kind::Float, tch::Device::Cpu);
    let (q, v) = (Tensor::randn([targets, dim], options), Tensor::randn([columns, dim], options));
    let errors = Tensor::randn([targets, columns], options);
    let rounds = 200_u32;
    let run = || {
        let _no_grad = tch::no_grad_guard();
        drop(std::hint::black_box((q.matmul(&v.tr()), errors.tr().matmul(&q), errors.matmul(&v))));
    };
    (0..20).for_each(|_| run());
    let started = Instant::now();
    (0..rounds).for_each(|_| run());
    targets as f64 * f64::from(rounds) / started.elapsed().as_secs_f64()
}

fn main() {
    let args = Args::parse();
    prepare_thread();
    let (items, events) = load(&args);
    let count = events.len();
    let config = Arc::new(ModelConfig { dim: args.dim, ..ModelConfig::default() });
    let (mut runs, append_events) = if args.watched {
        (vec![Run::new(&config, 1), Run::new(&config, 0)], STEP_EVENTS)
    } else {
        (vec![Run::new(&config, STATISTICS_EVERY)], APPEND_EVENTS)
    };
    let mut next = Position::ZERO;
    for chunk in items.chunks(APPEND_EVENTS) {
        let metadata = append(&mut next, chunk.iter().cloned().map(RecordBody::PutItem));
        runs.iter_mut().for_each(|run| run.learn(&metadata));
    }
    runs.iter_mut().for_each(|run| run.times.clear());
    for chunk in events.chunks(append_events) {
        let append = append(&mut next, chunk.iter().cloned().map(RecordBody::Event));
        runs.iter_mut().for_each(|run| run.learn(&append));
        // Whoever comes second finds the append in the cache: take turns.
        runs.rotate_left(1);
    }
    runs.sort_by_key(|run| run.every == 0);
    let rate_of = |run: &Run| count as f64 / run.times.iter().sum::<Duration>().as_secs_f64();
    let Run { state, steps, .. } = &runs[0];
    let rate = rate_of(&runs[0]);
    let known = state.inference.catalog.known().len();
    let config = state.config();
    // As the learner cuts steps: `learner::candidate_sampling`.
    let (columns, targets) = if known < config.full_softmax_below {
        (known, config.step_targets)
    } else {
        (config.negatives, 2 * config.step_targets)
    };
    let size = |n: usize| i64::try_from(n).expect("sizes fit");
    let ceiling = products_alone(size(targets), size(columns), size(args.dim));
    println!("{}", fingerprint());
    println!("events {count}, known items {known}, dim {}, steps {steps}", args.dim);
    println!("learner             {rate:>10.0} events/s");
    if let [watched, unwatched] = &runs[..] {
        println!("learner, unwatched  {:>10.0} events/s", rate_of(unwatched));
        // The median over appends, because other work on the machine hits one run or the other.
        let times = watched.times.iter().zip(&unwatched.times);
        let mut ratios: Vec<f64> = times.map(|(watched, un)| watched.as_secs_f64() / un.as_secs_f64()).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let cost = ratios[ratios.len() / 2] - 1.0;
        println!("cost of watching every step {:>6.2}%", 100.0 * cost);
        println!("of watching one in {STATISTICS_EVERY}        {:>6.2}%", 100.0 * cost / f64::from(STATISTICS_EVERY));
    }
    println!("products alone      {ceiling:>10.0} events/s  ({targets} targets x {columns} columns)");
    println!("ratio               {:>10.3}", rate / ceiling);
}
