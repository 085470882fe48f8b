//! Goal: a diff equals a slow, obvious comparison of the two states. One may have grown from the other, or both from a
//! third with rows numbered differently. Method: seeded random states; rows as maps from id to bits; lists queried one
//! by one.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde_json::{Value, json};

use shelfmark_domain::{Filter, Id, Position, Query, Served, Subject, Timestamp, VersionNumber};
use shelfmark_monitor::diff::{Churn, Diff, DiffOptions, SAMPLE, Side, diff};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{InferenceState, LearnedTable, distance};

use crate::serving_world::World;

const OPTIONS: DiffOptions = DiffOptions { top: 5, k: 4 };

fn view(world: &World, version: u32) -> Arc<View> {
    let at = Position::new(u64::from(version) * 100);
    Publisher::from_scratch(&world.state.inference, at, Served::Version(VersionNumber(version)))
}

fn compared(from: &View, to: &View) -> Diff {
    let none = Value::Null;
    let side = |view| Side { view, label: None, digest: None, metrics: &none };
    diff(&side(from), &side(to), OPTIONS)
}

/// Every learned row of a table by what it belongs to.
fn rows(inference: &InferenceState, table: LearnedTable) -> BTreeMap<String, Vec<f32>> {
    let item = |row: usize| inference.catalog.id(row as u32).to_string();
    let name = |row: usize| match table {
        LearnedTable::Items | LearnedTable::Bias => item(row),
        LearnedTable::Last => row.checked_sub(1).map_or("(none)".to_owned(), item),
        LearnedTable::Users => inference.users.id(row as u32).to_string(),
        LearnedTable::Tokens => inference.catalog.token(row as u32).to_string(),
        LearnedTable::Context => inference.contexts.id(row as u32).to_string(),
        // One modality only.
        LearnedTable::Projections => row.to_string(),
        LearnedTable::Small => unreachable!("not a table of rows"),
    };
    let rows = inference.parameters.table(table);
    (0..rows.len()).map(|row| (name(row), rows.row(row).to_vec())).collect()
}

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|value| value.to_bits()).collect()
}

fn check(diff: &Diff, from: &View, to: &View) {
    for table in &diff.tables {
        if table.table == LearnedTable::Small {
            let same = from.inference().parameters.scalars == to.inference().parameters.scalars;
            assert_eq!((table.rows_from, table.rows_to, table.moved), (1, 1, u64::from(!same)));
            continue;
        }
        let (old, new) = (rows(from.inference(), table.table), rows(to.inference(), table.table));
        let removed = old.keys().filter(|id| !new.contains_key(*id)).count() as u64;
        let added = new.keys().filter(|id| !old.contains_key(*id)).count() as u64;
        let both: Vec<(&String, &Vec<f32>, &Vec<f32>)> =
            old.iter().filter_map(|(id, row)| Some((id, row, new.get(id)?))).collect();
        let moved: Vec<_> = both.iter().filter(|(_, old, new)| bits(old) != bits(new)).collect();
        let found = (table.rows_from, table.rows_to, table.added, table.removed, table.moved);
        let expected = (old.len() as u64, new.len() as u64, added, removed, moved.len() as u64);
        assert_eq!(found, expected, "{:?}", table.table);
        let mut far: Vec<(f32, &str)> = moved.iter().map(|(id, old, new)| (distance(old, new), id.as_str())).collect();
        far.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some(spread) = table.distance else {
            assert!(far.is_empty());
            continue;
        };
        let mean = far.iter().map(|(far, _)| f64::from(*far)).sum::<f64>() / far.len() as f64;
        assert!((spread.mean - mean).abs() <= 1e-9 * mean, "{spread:?} {mean}");
        assert_eq!(spread.quantiles.max, far[0].0);
        assert_eq!(spread.quantiles.p50, far[far.len() - far.len().div_ceil(2)].0);
        assert!(table.relative.expect("as many").quantiles.max <= 2.0);
        if table.table == LearnedTable::Items {
            let told: Vec<f32> = diff.movers.iter().map(|mover| mover.distance).collect();
            assert_eq!(told, far.iter().take(OPTIONS.top).map(|(far, _)| *far).collect::<Vec<_>>());
            for mover in &diff.movers {
                let (old, new) = (&old[mover.item.as_str()], &new[mover.item.as_str()]);
                assert_eq!(mover.distance, distance(old, new));
            }
        }
    }
}

/// Jaccard distances of lists asked for one by one.
fn jaccard(ids: &[Id], list: impl Fn(&View, &Id) -> Vec<Id>, from: &View, to: &View) -> BTreeMap<String, f32> {
    let one = |id: &Id| {
        let [old, new]: [HashSet<Id>; 2] = [from, to].map(|view| list(view, id).into_iter().collect());
        let (common, all) = (old.intersection(&new).count(), old.union(&new).count());
        (id.to_string(), if all == 0 { 0.0 } else { 1.0 - common as f32 / all as f32 })
    };
    ids.iter().map(one).collect()
}

fn check_churn(churn: &Churn, expected: &BTreeMap<String, f32>) {
    assert_eq!(churn.sampled, expected.len() as u64);
    assert_eq!(churn.unchanged, expected.values().filter(|churn| **churn == 0.0).count() as u64);
    let mean = expected.values().map(|churn| f64::from(*churn)).sum::<f64>() / expected.len() as f64;
    assert!((churn.churn.expect("some").mean - mean).abs() < 1e-6);
    let mut most: Vec<f32> = expected.values().copied().filter(|churn| *churn > 0.0).collect();
    most.sort_by(|a, b| b.total_cmp(a));
    most.truncate(OPTIONS.top);
    assert_eq!(churn.most_changed.len(), most.len());
    for (changed, churn) in churn.most_changed.iter().zip(most) {
        assert!((changed.churn - churn).abs() < 1e-6 && (changed.churn - expected[changed.id.as_str()]).abs() < 1e-6);
        assert!(changed.gone.iter().all(|id| !changed.came.contains(id)));
    }
}

fn check_lists(diff: &Diff, from: &View, to: &View) {
    let catalog = &from.inference().catalog;
    let shown = |view: &View, id: &Id| view.item(id.as_str()).is_some_and(|item| item.available);
    let items: Vec<Id> = (0..catalog.len())
        .map(|row| catalog.id(row as u32).clone())
        .filter(|id| shown(from, id) && shown(to, id))
        .collect();
    let similar = |view: &View, id: &Id| -> Vec<Id> {
        view.similar(id, OPTIONS.k, &Filter::default()).expect("known").into_iter().map(|item| item.id).collect()
    };
    check_churn(&diff.neighbours, &jaccard(&items, similar, from, to));
    let users = &from.inference().users;
    let users: Vec<Id> = (0..users.len())
        .map(|row| users.id(row as u32).clone())
        .filter(|id| to.inference().user(id.as_str()).is_some())
        .collect();
    let at: Timestamp = diff.ranks.at.expect("somebody did something");
    let best = |view: &View, id: &Id| -> Vec<Id> {
        let query = Query::new(Subject::User(id.clone()), OPTIONS.k, at);
        view.recommend(&query).expect("an answer").items.into_iter().map(|item| item.id).collect()
    };
    check_churn(&diff.ranks.churn, &jaccard(&users, best, from, to));
}

#[test]
fn a_state_is_compared_with_what_it_grew_into() {
    for seed in 0..4 {
        let mut world = World::new(8, seed);
        (0..120).for_each(|_| world.step(40));
        let from = view(&world, 1);
        (0..60).for_each(|_| world.step(60));
        let to = view(&world, 2);
        let forwards = compared(&from, &to);
        check(&forwards, &from, &to);
        check_lists(&forwards, &from, &to);
        assert_eq!(forwards, compared(&from, &to), "seed {seed}: it repeats");
        let back = compared(&to, &from);
        for (there, back) in forwards.tables.iter().zip(&back.tables) {
            assert_eq!((there.added, there.removed, there.moved), (back.removed, back.added, back.moved));
            assert_eq!(there.distance.map(|spread| spread.quantiles), back.distance.map(|spread| spread.quantiles));
        }
        assert_eq!(forwards.neighbours.churn.map(|c| c.quantiles), back.neighbours.churn.map(|c| c.quantiles));
    }
}

#[test]
fn states_of_different_lines_are_compared_by_id_and_not_by_number() {
    for seed in 0..4 {
        let mut one = World::new(8, seed);
        (0..40).for_each(|_| one.step(30));
        let mut other = World::new(8, seed + 100);
        // The other line meets items and users in another order.
        for number in (0..30).rev() {
            other.event(Some(&format!("u{}", number % 5)), None, &format!("i{number}"), "view");
        }
        (0..80).for_each(|_| other.step(50));
        let (from, to) = (view(&one, 3), view(&other, 4));
        assert_ne!(one.state.inference.catalog.id(0), other.state.inference.catalog.id(0));
        let found = compared(&from, &to);
        check(&found, &from, &to);
        check_lists(&found, &from, &to);
    }
}

#[test]
fn nothing_differs_between_equal_states_and_only_bits_that_differ_count_as_a_move() {
    let mut world = World::new(8, 7);
    (0..100).for_each(|_| world.step(40));
    let from = view(&world, 1);
    let same = compared(&from, &from.served_as(Served::Live));
    assert!(same.tables.iter().all(|table| (table.added, table.removed, table.moved) == (0, 0, 0)));
    assert!(same.movers.is_empty() && same.configuration.is_empty() && same.to.version.is_none());
    assert_eq!(
        (same.neighbours.unchanged, same.ranks.churn.unchanged),
        (same.neighbours.sampled, same.ranks.churn.sampled)
    );
    // Written, and so no longer shared, but with the same bits; and one row in one bit.
    let items = &mut world.state.inference.parameters.items;
    let again = items.row(3).to_vec();
    items.row_mut(3).copy_from_slice(&again);
    items.row_mut(11)[0] = f32::from_bits(items.row(11)[0].to_bits() ^ 1);
    let found = compared(&from, &view(&world, 2));
    let items = found.tables.iter().find(|table| table.table == LearnedTable::Items).expect("items");
    assert_eq!((items.moved, found.movers.len()), (1, 1));
    assert_eq!(&found.movers[0].item, world.state.inference.catalog.id(11));
}

#[test]
fn of_many_items_and_users_a_sample_is_compared_and_the_answer_says_so() {
    let mut world = World::new(4, 3);
    for number in 0..600 {
        world.event(Some(&format!("u{number}")), None, &format!("i{number}"), "view");
    }
    let from = view(&world, 1);
    world.learn(300);
    let to = view(&world, 2);
    let found = compared(&from, &to);
    check(&found, &from, &to);
    assert_eq!((found.neighbours.sampled, found.ranks.churn.sampled), (SAMPLE as u64, SAMPLE as u64));
    let told = serde_json::to_value(&found).expect("JSON");
    assert_eq!((&told["ranks"]["sampled"], &told["neighbours"]["k"]), (&json!(200), &json!(4)));
    assert!(told["tables"][0]["distance"]["mean"].as_f64() > Some(0.0), "{told}");
}
