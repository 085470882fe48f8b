//! Benchmark of filters: `cargo bench --bench filters -- [ITEMS]` (1,000,000 items by default).
//!
//! Each filter is evaluated with new values, so that no result is cached. The times of a cached filter, and of a
//! publication after 1,000 changed items, are printed beside them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark_domain::{Filter, Id, Item, ModelConfig, Position, PropertyValue, Served};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{CounterRng, State};
// The service's allocator, which its library sets.
use shelfmark as _;

const ROUNDS: usize = 20;
const CHANGED: usize = 1000;

fn main() {
    let items = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let mut state = State::initial(Arc::new(ModelConfig { dim: 4, tokens: false, ..ModelConfig::default() }));
    let mut draws = CounterRng::new(1, 2, 3);
    for row in 0..items {
        state.put_item(&item(row, &mut draws));
    }
    let mut publisher = Publisher::new();
    let started = Instant::now();
    let view = publisher.publish(&state.inference, &state.touched, Position::new(1), Served::Live);
    println!("{items} items; first view {:.0} ms", ms(started.elapsed()));
    for (name, text) in [
        ("one of 200 categories", r#"{"categories":{"any":["c$"]}}"#),
        ("3 of 200 categories, without a tag", r#"{"categories":{"any":["c$","c1","c2"]},"tags":{"none":["t7"]}}"#),
        ("without one of 20 tags", r#"{"tags":{"none":["t$"]}}"#),
        ("price within bounds, half of all", r#"{"properties":{"price":{"gte":$,"lt":500}}}"#),
        ("brand, and price within bounds", r#"{"properties":{"brand":{"eq":"b$"},"price":{"lt":500}}}"#),
    ] {
        evaluate(&view, name, text);
    }
    state.touched.clear();
    for _ in 0..CHANGED {
        let row = draws.below(items);
        state.put_item(&item(row, &mut draws));
    }
    let started = Instant::now();
    publisher.publish(&state.inference, &state.touched, Position::new(2), Served::Live);
    let changed = started.elapsed();
    state.touched.clear();
    let started = Instant::now();
    publisher.publish(&state.inference, &state.touched, Position::new(3), Served::Live);
    println!(
        "publication after {CHANGED} items changed: {:.1} ms, after none {:.1}",
        ms(changed),
        ms(started.elapsed())
    );
}

/// Medians of a filter that is new and of one that is remembered.
fn evaluate(view: &View, name: &str, text: &str) {
    let (mut new, mut known, mut admitted) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let filter: Filter = serde_json::from_str(&text.replace('$', &round.to_string())).expect("a filter");
        for times in [&mut new, &mut known] {
            let started = Instant::now();
            admitted = view.matching(&filter).expect("not empty").len();
            times.push(started.elapsed());
        }
    }
    new.sort_unstable();
    known.sort_unstable();
    let (new, known) = (new[ROUNDS / 2], known[ROUNDS / 2]);
    println!("{name:<36} {:>7.3} ms, remembered {:>6.4} ms, {admitted} items", ms(new), ms(known));
}

fn item(row: usize, draws: &mut CounterRng) -> Item {
    let mut item = Item::bare(Id::new("id", &format!("i{row}")).expect("an id"));
    item.categories = vec![format!("c{}", draws.below(200))];
    item.tags = vec![format!("t{}", draws.below(20)), format!("t{}", draws.below(20))];
    item.properties.insert("price".to_owned(), PropertyValue::Number((draws.below(1000) as f64).into()));
    item.properties.insert("brand".to_owned(), PropertyValue::Text(format!("b{}", draws.below(5000))));
    item
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
