//! Searches a second of the read side, beside what the machine can do. `cargo bench --bench serving`
//!
//! For each size: the memory's reading rate over the same bytes and a plain scan (row-major dot products, one query at
//! a time) as ceilings; the scan alone by batch size; whole recommendations, with histories, through the search
//! threads; and what a publication costs. Rates are of one thread unless said otherwise.

#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a benchmark")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark_domain::{Event, Id, Item, ModelConfig, Position, Query, Served, Subject, Timestamp};
use shelfmark_serving::{Publisher, SearchScratch, SearchSettings, Searcher, View};
use shelfmark_state::{ContextScratch, CounterRng, State, Table, dot};
// The service's allocator, which its library sets.
use shelfmark as _;

const USERS: usize = 2_000;
const EVENTS: usize = 60_000;
const LIMIT: usize = 20;
const NOW_SECONDS: f64 = 1_700_000_000.0;

fn main() {
    // `cargo bench --bench serving -- 10000x64` measures that size only.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (items, dim) in [(10_000, 64), (100_000, 64), (10_000, 128)] {
        if wanted.as_ref().is_some_and(|wanted| *wanted != format!("{items}x{dim}")) {
            continue;
        }
        println!("\n{items} items x {dim}, top {LIMIT}");
        let mut state = state_of(items, dim);
        ceilings(&state);
        let mut publisher = Publisher::new();
        let view = publisher.rebuild(&state.inference, Position::new(1), Served::Live);
        scan_alone(&view, dim);
        prepare(&view);
        through_searcher(&view);
        publications(&mut publisher, &mut state);
    }
}

fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

fn state_of(items: usize, dim: usize) -> State {
    let mut state = State::initial(Arc::new(ModelConfig { dim, ..ModelConfig::default() }));
    let mut draws = CounterRng::new(1, 2, 3);
    for item in 0..items {
        let mut metadata = Item::bare(id(&format!("item-{item}")));
        let words: Vec<String> = (0..5).map(|_| format!("word{}", draws.below(3_000))).collect();
        metadata.title = Some(words.join(" "));
        metadata.categories = vec![format!("category{}", draws.below(50))];
        state.put_item(&metadata);
    }
    let tokens = state.rows(Table::TokenVectors);
    for token in 0..tokens {
        for value in state.inference.parameters.tokens.row_mut(token) {
            *value = 0.1 * draws.normal();
        }
    }
    let mut scratch = ContextScratch::default();
    for number in 0..EVENTS {
        // Popular items and busy users exist: squares of uniform numbers.
        let skewed = |draws: &mut CounterRng, bound: usize| draws.below(bound) * draws.below(bound) / bound;
        let event = Event {
            event_id: id(&format!("e{number}")),
            user: Some(id(&format!("user-{}", skewed(&mut draws, USERS)))),
            session: None,
            item: id(&format!("item-{}", skewed(&mut draws, items))),
            kind: "click".into(),
            value: None,
            ts: Timestamp::from_seconds(NOW_SECONDS - 100_000.0 + number as f64).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        let (_, rows) = state.apply_events(&[&event], &mut scratch);
        state.count_events(&rows);
    }
    state
}

/// Runs `work` for half a second after one warm-up and gives the shortest time of one call.
fn shortest(mut work: impl FnMut()) -> Duration {
    work();
    let started = Instant::now();
    let mut best = Duration::MAX;
    while started.elapsed() < Duration::from_millis(500) {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed());
    }
    best
}

fn ceilings(state: &State) {
    let inference = &state.inference;
    let (items, dim) = (inference.catalog.len(), inference.config.dim);
    let mut rows = vec![0.0; items * dim];
    for (row, values) in rows.chunks_exact_mut(dim).enumerate() {
        inference.item_vector(u32::try_from(row).unwrap(), values);
    }
    let bytes = rows.len() as f64 * 4.0;
    let read = shortest(|| {
        let mut sums = [0.0_f32; 64];
        for chunk in rows.as_chunks::<64>().0 {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += value;
            }
        }
        black_box(sums);
    });
    println!(
        "  ceiling: reading the vectors    {:>9.0} passes/s  {:.1} GB/s",
        rate(1, read),
        bytes / read.as_secs_f64() / 1e9
    );
    let query: Vec<f32> = (0..dim).map(|d| (d as f32).sin()).collect();
    let plain = shortest(|| {
        let mut top: Vec<(f32, usize)> = Vec::with_capacity(LIMIT + 1);
        for (row, values) in rows.chunks_exact(dim).enumerate() {
            let score = dot(&query, values);
            if top.len() < LIMIT || score > top[LIMIT - 1].0 {
                let place = top.partition_point(|(other, _)| *other >= score);
                top.insert(place, (score, row));
                top.truncate(LIMIT);
            }
        }
        black_box(&top);
    });
    println!("  beside: plain row-major scan    {:>9.0} queries/s", rate(1, plain));
}

fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn query(subject: Subject) -> Query {
    Query::new(subject, LIMIT, Timestamp::from_seconds(NOW_SECONDS).unwrap())
}

fn scan_alone(view: &View, dim: usize) {
    let mut draws = CounterRng::new(4, 5, 6);
    let items = view.counts().items as f64;
    for batch in [1, 2, 4, 8, 16] {
        let queries: Vec<Query> =
            (0..batch).map(|_| query(Subject::Vector((0..dim).map(|_| draws.normal()).collect()))).collect();
        let queries: Vec<&Query> = queries.iter().collect();
        let mut scratch = SearchScratch::default();
        let time = shortest(|| {
            black_box(view.recommend_batch(&queries, &mut scratch));
        });
        let gigaflops = 2.0 * items * dim as f64 * rate(batch, time) / 1e9;
        println!(
            "  scan, vector given, batch {batch:>2}    {:>9.0} queries/s  {gigaflops:.0} GFLOP/s",
            rate(batch, time)
        );
    }
}

/// What one query costs before the scan.
fn prepare(view: &View) {
    let at = Timestamp::from_seconds(NOW_SECONDS).unwrap();
    // Few at a time: the shortest of many short runs is free of what else the machine does.
    let users = 10;
    let mut first = 0;
    let time = shortest(|| {
        for user in first..first + users {
            black_box(view.user_embedding(&format!("user-{user}"), at));
        }
        first = (first + users) % 1_000;
    });
    println!("  context and query vector        {:>9.1} us", time.as_secs_f64() * 1e6 / f64::from(users));
}

fn through_searcher(view: &Arc<View>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let searcher = Searcher::start(SearchSettings::default()).unwrap();
    for clients in [1, 16, 64] {
        let cpu_before = cpu_time();
        let started = Instant::now();
        let length = Duration::from_secs(2);
        let mut times: Vec<Duration> = runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for client in 0..clients {
                let (searcher, view) = (searcher.clone(), Arc::clone(view));
                tasks.spawn(async move {
                    let mut draws = CounterRng::new(7, 8, client);
                    let mut times = Vec::new();
                    while started.elapsed() < length {
                        let begun = Instant::now();
                        let user = id(&format!("user-{}", draws.below(USERS)));
                        let answer = searcher.recommend(Arc::clone(&view), query(Subject::User(user))).await.unwrap();
                        assert_eq!(answer.items.len(), LIMIT);
                        times.push(begun.elapsed());
                    }
                    times
                });
            }
            tasks.join_all().await.into_iter().flatten().collect()
        });
        let elapsed = started.elapsed();
        let cpu = cpu_time() - cpu_before;
        times.sort_unstable();
        println!(
            "  searcher, all cores, {clients:>2} clients {:>9.0} queries/s  p50 {:.0} us, p99 {:.0} us, CPU {:.0} us a query",
            rate(times.len(), elapsed),
            times[times.len() / 2].as_secs_f64() * 1e6,
            times[times.len() * 99 / 100].as_secs_f64() * 1e6,
            cpu * 1e6 / times.len() as f64,
        );
    }
}

/// Seconds of processor time that this process has used; says what a query costs on a machine that is busy otherwise.
fn cpu_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15 (user and system), in hundredths of a second; the name in field 2 may hold spaces.
    let fields: Vec<f64> = stat.rsplit(')').next().unwrap_or("").split(' ').flat_map(str::parse).collect();
    fields.get(10..12).map_or(f64::NAN, |ticks| (ticks[0] + ticks[1]) / 100.0)
}

fn publications(publisher: &mut Publisher, state: &mut State) {
    let items = state.inference.catalog.len();
    let tokens = state.rows(Table::TokenVectors);
    let mut draws = CounterRng::new(9, 10, 11);
    for (name, item_rows, token_rows) in [
        ("nothing but biases", 0, 0),
        ("64 items", 64, 0),
        ("2,112 items", 2_112, 0),
        ("2,112 items, all tokens", 2_112, tokens),
    ] {
        // Old views are dropped as readers would: one is always held.
        let mut held = None;
        let time = shortest(|| {
            state.touched.clear();
            for _ in 0..item_rows {
                state.touched.mark(Table::ItemVectors, u32::try_from(draws.below(items)).unwrap());
            }
            for token in 0..token_rows {
                state.touched.mark(Table::TokenVectors, u32::try_from(token).unwrap());
            }
            held = Some(publisher.publish(&state.inference, &state.touched, Position::new(2), Served::Live));
        });
        black_box(held);
        println!("  publish: {name:<24}{:>8.2} ms", time.as_secs_f64() * 1e3);
    }
}
