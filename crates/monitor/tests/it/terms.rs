//! Goal: what is ranked first is what was learned from most lately, and says so whatever the line of the earlier state.
//! Method: the production learner on a generated shop; then visits that turn around a few items, words and one
//! circumstance; the ranking beside a slow one by name.

use std::collections::BTreeMap;

use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::{Event, Id, Item, ModelConfig, Position, RecordBody};
use shelfmark_monitor::health::{ConvergenceState, TermsReport, TermsTable, terms_report};
use shelfmark_state::{CounterRng, LearnedTable, State};

use crate::health_support::{Watched, event};

fn shop() -> (Watched, Shop) {
    let shop = Shop::new(ShopSettings { items: 200, shoppers: 80, ..ShopSettings::default() });
    let mut watched = Watched::new(ModelConfig { dim: 16, ..ModelConfig::default() });
    let lamp = |number: usize| {
        let mut item = Item::bare(Id::new("id", &format!("lamp-{number}")).expect("an id"));
        item.title = Some(format!("Zirconium lantern {}", ["north", "south", "east", "west"][number]));
        RecordBody::PutItem(item)
    };
    watched.append(shop.items().map(RecordBody::PutItem).chain((0..4).map(lamp)));
    (watched, shop)
}

/// Visits to four lamps at night, one after the other.
fn night(count: usize) -> Vec<Event> {
    (0..count)
        .map(|number| {
            let mut event = event(number as u64, &format!("owl-{}", number / 4), &format!("lamp-{}", number * 7 % 4));
            event.context = vec!["time:night".to_owned()];
            event
        })
        .collect()
}

fn report(now: &State, before: Option<&State>) -> TermsReport {
    let before = before.map(|state| (state, Position::new(1)));
    terms_report((now, Position::new(2)), before, &TermsTable::ALL, 10)
}

fn first(report: &TermsReport, table: usize, count: usize) -> Vec<String> {
    report.tables[table].terms.iter().take(count).map(|term| term.id.to_string()).collect()
}

#[test]
fn words_items_and_circumstances_of_the_newest_visits_come_first() {
    let (mut watched, shop) = shop();
    watched.learn(shop.take(4000));
    let before = watched.state.clone();
    watched.learn(night(400));
    let found = report(&watched.state, Some(&before));
    assert_eq!((found.since, found.events), (Some(Position::new(1)), 400));
    let mut items = first(&found, 1, 4);
    items.sort();
    assert_eq!(items, ["lamp-0", "lamp-1", "lamp-2", "lamp-3"], "{found:?}");
    let words = first(&found, 0, 6);
    assert!(["t:zirconium", "t:lantern"].iter().all(|word| words.contains(&(*word).to_owned())), "{words:?}");
    assert_eq!(first(&found, 2, 1), ["time:night"]);
    let lamp = &found.tables[1].terms[0];
    assert!(lamp.title.as_deref().expect("a title").starts_with("Zirconium"));
    assert!(lamp.share > 0.05 && lamp.share_before == Some(0.0) && lamp.moved.expect("it was there") > 0.1, "{lamp:?}");
    // Of all that was ever learned they are little.
    let whole = report(&watched.state, None);
    let share = |report: &TermsReport| {
        report.tables[1].terms.iter().find(|term| term.id.as_str() == "lamp-0").map(|term| term.share)
    };
    assert!(share(&whole).unwrap_or(0.0) < lamp.share);
    assert_eq!(whole.since, None);
    // Nothing was learned between a state and itself.
    let none = report(&watched.state, Some(&watched.state));
    assert!(none.events == 0 && none.tables.iter().all(|table| table.terms.is_empty() && table.touched == 0));
}

/// Sum of squared gradients by item.
fn masses(state: &State) -> BTreeMap<String, f64> {
    let rows = state.accumulators.table(LearnedTable::Items);
    let sum = |row: usize| rows.row(row).iter().map(|sum| f64::from(*sum) - f64::from(0.01_f32)).sum::<f64>();
    (0..rows.len()).map(|row| (state.inference.catalog.id(row as u32).to_string(), sum(row))).collect()
}

#[test]
fn masses_are_those_of_a_slow_look_by_name_also_across_lines_that_number_rows_differently() {
    let (mut watched, shop) = shop();
    watched.learn(shop.take(2000));
    let before = watched.state.clone();
    watched.learn(night(200));
    // Another line, whose rows have other numbers.
    let mut other = Watched::new(ModelConfig { dim: 16, ..ModelConfig::default() });
    other.learn(night(100));
    for earlier in [&before, &other.state] {
        let found = terms_report(
            (&watched.state, Position::new(2)),
            Some((earlier, Position::new(1))),
            &[TermsTable::Items],
            1000,
        );
        let (now, then) = (masses(&watched.state), masses(earlier));
        let grown = |id: &str, mass: f64| {
            let before = then.get(id).copied().unwrap_or(0.0);
            if mass >= before { mass - before } else { mass }
        };
        let expected: BTreeMap<&str, f64> =
            now.iter().map(|(id, mass)| (id.as_str(), grown(id, *mass))).filter(|(_, mass)| *mass > 0.0).collect();
        let table = &found.tables[0];
        assert_eq!((table.touched, table.terms.len()), (expected.len() as u64, expected.len()));
        let whole: f64 = expected.values().sum();
        assert!((table.mass - whole).abs() < 1e-6 * whole);
        for term in &table.terms {
            // Masses are differences of sums of f32.
            assert!((term.mass - expected[term.id.as_str()]).abs() < 1e-6 * whole, "{term:?}");
        }
        assert!(table.terms.is_sorted_by(|a, b| a.mass >= b.mass));
    }
}

/// Goal: a model that has just begun improves, and one that has learned a steady shop for long has converged.
#[test]
fn a_young_model_improves_and_one_that_saw_a_steady_stream_for_long_has_converged() {
    let (mut young, shop) = shop();
    young.learn(shop.take(12_000));
    let health = young.health();
    println!("{}", health.convergence.because);
    assert_eq!(health.convergence.state, ConvergenceState::Improving, "{}", health.convergence.because);
    // Draws from one distribution: after its first half there is nothing new in it.
    let mut old = Watched::new(ModelConfig { dim: 16, ..ModelConfig::default() });
    let mut draws = CounterRng::new(1, 1, 1);
    let steady = (0..80_000).map(|number| {
        let item = draws.below(40) * draws.below(40) / 40;
        event(number, &format!("user-{}", draws.below(60)), &format!("item-{item}"))
    });
    old.learn(steady);
    let health = old.health();
    println!("{}", health.convergence.because);
    assert_eq!(health.convergence.state, ConvergenceState::Converged, "{}", health.convergence.because);
}
