//! The search beside its rivals, on one set of hard data. `cargo bench --bench rivals -- --items 1000000`
//!
//! Queries a second of top 20 over clustered vectors ([`clusters`]) by the two-pass search and by a plain scan of the
//! same rows in f32, one and 16 queries at a time, on one and two threads; the memory's reading rate; how many rows are
//! scored exactly; what a publication of scattered rows costs, and the search while they are published. Every answer is
//! checked against the plain scan.
//!
//! `--write FOLDER` also writes `items.npy`, `queries.npy` and `truth.npy`, for `benches/rivals/rivals.py`, which
//! measures FAISS and usearch on the same data.

#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a benchmark")]

mod clusters;
mod npy;

use std::{
    hint::black_box,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use clusters::DIM;
use shelfmark_domain::{Id, Item, ModelConfig, Position, Query, Served, Subject, Timestamp};
use shelfmark_serving::{Publisher, SearchScratch, View};
use shelfmark_state::{CounterRng, State, Table, dot};
// The service's allocator, which its library sets.
use shelfmark as _;

const LIMIT: usize = 20;
const QUERIES: usize = 512;

#[derive(Parser)]
struct Args {
    /// Items.
    #[arg(long, default_value_t = 1_000_000)]
    items: usize,
    /// Folder for the data and the exact answers.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Rows that a publication moves.
    #[arg(long, default_value_t = 2_000)]
    moved: usize,
    /// Given by cargo; means nothing.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    let items = args.items;
    println!("{items} items x {DIM}, top {LIMIT}");
    let rows: Vec<f32> = (0..items).flat_map(clusters::item).collect();
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|number| clusters::query(number, items)).collect();
    let mut state = state_of(&rows);
    let mut publisher = Publisher::new();
    let started = Instant::now();
    let view = publisher.rebuild(&state.inference, Position::new(1), Served::Live);
    println!("  view from scratch              {:>8.0} ms", started.elapsed().as_secs_f64() * 1e3);

    let read = shortest(|| {
        let mut sums = [0.0_f32; 64];
        for chunk in rows.as_chunks::<64>().0 {
            sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
        }
        black_box(sums);
    });
    println!("  reading the f32 rows           {:>8.1} GB/s", rows.len() as f64 * 4.0 / read.as_secs_f64() / 1e9);

    let truth: Vec<Vec<(f32, usize)>> =
        queries.iter().map(|query| plain(&rows, std::slice::from_ref(query)).remove(0)).collect();
    check(&view, &queries, &truth);
    if let Some(folder) = &args.write {
        std::fs::create_dir_all(folder).unwrap();
        npy::write(&folder.join("items.npy"), "<f4", DIM, rows.iter().map(|value| value.to_le_bytes()));
        let values = queries.iter().flatten().map(|value| value.to_le_bytes());
        npy::write(&folder.join("queries.npy"), "<f4", DIM, values);
        let best = truth.iter().flatten().map(|(_, row)| u32::try_from(*row).unwrap().to_le_bytes());
        npy::write(&folder.join("truth.npy"), "<u4", LIMIT, best);
    }
    for threads in [1, 2] {
        for batch in [1, 16] {
            let two_pass = rate(threads, &queries, batch, |queries| search(&view, queries));
            let plain = rate(threads, &queries, batch, |queries| {
                black_box(plain(&rows, queries));
            });
            println!(
                "  {threads} threads, {batch:>2} at a time: two-pass {two_pass:>7.0} queries/s, plain f32 scan {plain:>6.0}, {:.1} times",
                two_pass / plain
            );
        }
    }
    moving(&mut state, &mut publisher, &queries, args.moved);
}

fn state_of(rows: &[f32]) -> State {
    let mut state = State::initial(Arc::new(ModelConfig { dim: DIM, ..ModelConfig::default() }));
    for (row, values) in rows.chunks_exact(DIM).enumerate() {
        state.put_item(&Item::bare(Id::new("id", &format!("item-{row}")).unwrap()));
        state.inference.parameters.items.row_mut(row).copy_from_slice(values);
    }
    state.touched.clear();
    state
}

fn query(vector: &[f32]) -> Query {
    Query::new(Subject::Vector(vector.to_vec()), LIMIT, Timestamp::default())
}

fn search(view: &View, vectors: &[Vec<f32>]) {
    let queries: Vec<Query> = vectors.iter().map(|vector| query(vector)).collect();
    let queries: Vec<&Query> = queries.iter().collect();
    black_box(view.recommend_batch(&queries, &mut SearchScratch::default()));
}

/// Row-major dot products, all queries for a row while it is in the nearest cache.
fn plain(rows: &[f32], queries: &[Vec<f32>]) -> Vec<Vec<(f32, usize)>> {
    let mut tops: Vec<Vec<(f32, usize)>> = queries.iter().map(|_| Vec::with_capacity(LIMIT + 1)).collect();
    for (row, values) in rows.chunks_exact(DIM).enumerate() {
        for (query, top) in queries.iter().zip(&mut tops) {
            let score = dot(query, values);
            if top.len() < LIMIT || score > top[LIMIT - 1].0 {
                top.insert(top.partition_point(|(other, _)| *other >= score), (score, row));
                top.truncate(LIMIT);
            }
        }
    }
    tops
}

fn check(view: &View, queries: &[Vec<f32>], truth: &[Vec<(f32, usize)>]) {
    for (vector, truth) in queries.iter().zip(truth) {
        let answer = view.recommend(&query(vector)).unwrap();
        let found: Vec<(u32, &str)> =
            answer.items.iter().map(|item| (item.score.to_bits(), item.id.as_str())).collect();
        let truth: Vec<(u32, String)> =
            truth.iter().map(|(score, row)| (score.to_bits(), format!("item-{row}"))).collect();
        assert!(found.iter().map(|(score, id)| (*score, (*id).to_owned())).eq(truth), "exact, to the bit");
    }
    println!("  {} answers equal the plain scan's, to the bit: recall@{LIMIT} 1", queries.len());
}

/// Runs `work` for a second after one warm-up and gives the shortest time of one call.
fn shortest(mut work: impl FnMut()) -> Duration {
    work();
    let started = Instant::now();
    let mut best = Duration::MAX;
    while started.elapsed() < Duration::from_secs(1) {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed());
    }
    best
}

/// Queries a second of some threads, each with batches of its own, over three seconds.
fn rate(threads: usize, queries: &[Vec<f32>], batch: usize, work: impl Fn(&[Vec<f32>]) + Sync) -> f64 {
    let started = Instant::now();
    let total = Mutex::new(0);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (work, total) = (&work, &total);
            scope.spawn(move || {
                let mut place = thread * QUERIES / 2;
                let mut count = 0;
                while started.elapsed() < Duration::from_secs(3) {
                    work(&queries[place..place + batch]);
                    count += batch;
                    place = (place + batch) % (QUERIES - batch);
                }
                *total.lock().unwrap() += count;
            });
        }
    });
    *total.lock().unwrap() as f64 / started.elapsed().as_secs_f64()
}

/// Publications of scattered rows: alone, then ten a second beside one searching thread.
fn moving(state: &mut State, publisher: &mut Publisher, queries: &[Vec<f32>], moved: usize) {
    let items = state.inference.catalog.len();
    let mut draws = CounterRng::new(9, 9, 9);
    let mut step = |state: &mut State| {
        state.touched.clear();
        for _ in 0..moved {
            let row = draws.below(items);
            for value in state.inference.parameters.items.row_mut(row) {
                *value += 0.005 * draws.normal();
            }
            for table in [Table::ItemVectors, Table::ItemBias] {
                state.touched.mark(table, u32::try_from(row).unwrap());
            }
        }
    };
    let mut publish =
        |state: &State| publisher.publish(&state.inference, &state.touched, Position::new(2), Served::Live);
    let mut times: Vec<f64> = Vec::new();
    let view = Mutex::new(publish(state));
    for _ in 0..100 {
        step(state);
        let begun = Instant::now();
        *view.lock().unwrap() = publish(state);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("  publishing {moved} moved rows     p50 {:.2} ms, slowest of 100 {:.2} ms", times[50], times[99]);
    let begun = Instant::now();
    black_box(state.inference.clone());
    println!("  of which the state's clone     {:.2} ms", begun.elapsed().as_secs_f64() * 1e3);

    let quiet = rate(1, queries, 16, |queries| search(&view.lock().unwrap().clone(), queries));
    let stop = AtomicBool::new(false);
    let beside = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                step(state);
                let fresh = publish(state);
                *view.lock().unwrap() = fresh;
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let beside = rate(1, queries, 16, |queries| search(&view.lock().unwrap().clone(), queries));
        stop.store(true, Ordering::Relaxed);
        beside
    });
    println!(
        "  one thread, 16 at a time, after moves {quiet:.0} queries/s, while 10 x {moved} rows/s move {beside:.0}"
    );
    let view = view.lock().unwrap().clone();
    let mut rows = vec![0.0; items * DIM];
    for (row, values) in rows.chunks_exact_mut(DIM).enumerate() {
        state.inference.item_vector(u32::try_from(row).unwrap(), values);
    }
    let some = &queries[..64];
    let truth: Vec<Vec<(f32, usize)>> =
        some.iter().map(|query| plain(&rows, std::slice::from_ref(query)).remove(0)).collect();
    check(&view, some, &truth);
}
