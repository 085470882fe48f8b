//! Goal: states of one origin, states that learned alike, and strangers are told apart. Method: the production learner
//! on a generated shop: a model and its fork, the same events learned from another seed, another shop's; rotated
//! uploads.

use std::collections::BTreeMap;
use std::sync::Arc;

use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::{ModelConfig, Position, RecordBody, Served, VectorTable};
use shelfmark_monitor::forensics::{Comparison, NamedVectors, Relation, compare, vectors_of};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::CounterRng;

use crate::health_support::Watched;

fn learned(model_seed: u64, shop_seed: u64, events: usize) -> Watched {
    let shop = Shop::new(ShopSettings { items: 300, shoppers: 150, seed: shop_seed, ..ShopSettings::default() });
    let mut watched = Watched::new(ModelConfig { dim: 16, seed: model_seed, ..ModelConfig::default() });
    watched.append(shop.items().map(RecordBody::PutItem));
    watched.learn(shop.take(events));
    watched
}

fn view(watched: &Watched) -> Arc<View> {
    Publisher::from_scratch(&watched.state.inference, Position::new(1), Served::Live)
}

fn compared(given: &NamedVectors, with: &View) -> Comparison {
    let found = compare(given, with, VectorTable::Items, 199);
    println!(
        "{:?}: {}; beyond chance {:?}",
        found.relation,
        found.because,
        found.similarity.map(|found| found.beyond_chance)
    );
    found
}

#[test]
fn a_fork_is_derived_a_model_of_another_seed_is_related_and_one_of_another_shop_less() {
    let base = learned(0, 1, 12_000);
    let base_view = view(&base);
    let vectors = vectors_of(&base_view, VectorTable::Items);
    // A fork that learned a sixth more of other events.
    let mut fork = learned(0, 1, 12_000);
    let more = Shop::new(ShopSettings { items: 300, shoppers: 150, seed: 5, ..ShopSettings::default() });
    fork.learn(more.take(2000));
    let forked = compared(&vectors, &view(&fork));
    assert_eq!(forked.relation, Relation::Derived);
    // As good a model, by the same events from other initial vectors.
    let twin = compared(&vectors, &view(&learned(7, 1, 12_000)));
    assert_eq!(twin.relation, Relation::Related);
    let stranger = compared(&vectors, &view(&learned(7, 3, 12_000)));
    let figures = |found: &Comparison| found.similarity.expect("enough ids").beyond_chance;
    assert!(figures(&forked) > figures(&twin) && figures(&twin) > figures(&stranger));
}

#[test]
fn an_upload_that_was_rotated_and_cut_to_fewer_items_is_recognised() {
    let base = learned(0, 1, 8000);
    let base_view = view(&base);
    let vectors = vectors_of(&base_view, VectorTable::Items);
    // Axes permuted and some turned around, scaled and shifted; every other item is missing.
    let changed: NamedVectors = vectors
        .iter()
        .step_by(2)
        .map(|(id, vector)| {
            let turned =
                (0..16).map(|axis| (if axis % 3 == 0 { -2.0 } else { 2.0 }) * vector[(axis * 5 + 3) % 16] + 1.0);
            (id.clone(), turned.collect())
        })
        .collect();
    let found = compared(&changed, &base_view);
    assert_eq!((found.relation, found.matched), (Relation::Derived, changed.len() as u64));
    assert!(found.similarity.expect("enough ids").similarity > 0.9999);
    // The same vectors under other names are chance.
    let mut ids: Vec<_> = changed.keys().cloned().collect();
    let mut draws = CounterRng::new(1, 1, 1);
    (1..ids.len()).rev().for_each(|place| ids.swap(place, draws.below(place + 1)));
    let renamed: NamedVectors = ids.into_iter().zip(changed.values().cloned()).collect();
    assert_eq!(compared(&renamed, &base_view).relation, Relation::Unrelated);
    let few: BTreeMap<_, _> = changed.into_iter().take(19).collect();
    let found = compared(&few, &base_view);
    assert_eq!((found.relation, found.similarity), (Relation::Unknown, None));
}
