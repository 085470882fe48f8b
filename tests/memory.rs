//! Goal: what is said to be taken in memory is what is taken. Method: a state of some hundred megabytes in this
//! process, and the process's resident memory before and after, as Linux tells it. `SHELFMARK_MEMORY_SCALE=10` for ten
//! times as many rows.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use shelfmark_domain::{Event, Id, Item, ModelConfig, Position, PropertyValue, Served, Timestamp};
use shelfmark_serving::Publisher;
use shelfmark_state::{ContextScratch, Digester, State, Touched};

/// As many users and as many items.
const ROWS: usize = 20_000;
/// Real over counted: allocators round up, maps are not full.
const FACTOR: std::ops::RangeInclusive<f64> = 0.8..=1.3;

fn id(prefix: &str, n: usize) -> Id {
    Id::new("id", &format!("{prefix}-{n:06}")).unwrap()
}

fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<f64>().unwrap() * 1024.0
}

#[test]
fn what_is_counted_is_what_the_process_takes() {
    let scale = std::env::var("SHELFMARK_MEMORY_SCALE").map_or(1, |scale| scale.parse().expect("a number"));
    let rows = ROWS * scale;
    let config = ModelConfig { dim: 64, ..ModelConfig::default() };
    let before = resident_bytes();
    let mut state = State::initial(Arc::new(config));
    for n in 0..rows {
        let mut item = Item::bare(id("item", n));
        item.title = Some(format!("A kettle of make {} with {} handles", n % 500, n % 7));
        item.text = Some("Boils water, and keeps it warm for as long as anybody could want.".to_owned());
        item.categories = vec![format!("kitchen-{}", n % 40)];
        item.properties.insert("price".to_owned(), PropertyValue::Number(((n % 997) as f64).into()));
        state.put_item(&item);
    }
    let mut scratch = ContextScratch::default();
    for user in 0..rows {
        // What changed is noted for views and versions, and forgotten once they have it.
        state.touched.clear();
        let event = |k: usize| Event {
            event_id: id("event", k),
            user: Some(id("user", user)),
            session: None,
            item: id("item", (user * 7 + k * 131) % rows),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_seconds((1_000_000 + user * 10 + k) as f64).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        let events: Vec<Event> = (0..3).map(event).collect();
        let (_, arrivals) = state.apply_events(&events.iter().collect::<Vec<_>>(), &mut scratch);
        state.count_events(&arrivals);
    }
    let digester = Digester::new(&state);
    // On the way everything that changed was noted as touched.
    state.touched = Touched::default();
    let mut publisher = Publisher::new();
    let view = publisher.rebuild(&state.inference, Position::new(1), Served::Live);
    let taken = resident_bytes() - before;
    let tables = view.footprint();
    let counted: u64 = tables.iter().map(|table| table.bytes).sum();
    let factor = taken / counted as f64;
    println!(
        "{rows} users, {rows} items: {:.1} MB taken, {:.1} MB counted: {factor:.2}",
        taken / 1e6,
        counted as f64 / 1e6
    );
    for table in &tables {
        println!("{:16} {:8} rows {:6} bytes each", table.table, table.rows, table.bytes / table.rows.max(1));
    }
    assert!(FACTOR.contains(&factor), "{factor}");
    // Nothing of it was let go of before it was measured.
    drop(publisher);
    assert_ne!(digester.digest(), Digester::new(&State::initial(Arc::clone(state.config()))).digest());
}
