use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_128;

use super::*;

fn bytes(settings: ShopSettings, events: usize) -> Vec<u8> {
    let mut shop = Shop::new(settings);
    let mut bytes = Vec::new();
    for item in shop.items() {
        serde_json::to_writer(&mut bytes, &item).unwrap();
    }
    for event in shop.by_ref().take(events) {
        serde_json::to_writer(&mut bytes, &event).unwrap();
    }
    bytes
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let settings = ShopSettings::default();
    assert_eq!(bytes(settings, 5_000), bytes(settings, 5_000));
    assert_ne!(bytes(settings, 5_000), bytes(ShopSettings { seed: 2, ..settings }, 5_000));
}

#[test]
fn the_shop_is_the_same_in_every_release() {
    // A known hash: figures and tours that were written down stay true. Change it only on purpose.
    assert_eq!(
        format!("{:032x}", xxh3_128(&bytes(ShopSettings::default(), 5_000))),
        "88767a0bb299e602cb6df16f594d293f"
    );
}

#[test]
fn every_item_and_event_keeps_the_domains_rules_and_time_never_goes_back() {
    let mut shop = Shop::new(ShopSettings::default());
    let ids: HashSet<Id> = shop
        .items()
        .map(|item| {
            item.check().unwrap();
            item.id
        })
        .collect();
    assert_eq!(ids.len(), 500);
    let mut last = Timestamp::MIN;
    let mut event_ids = HashSet::new();
    for event in shop.by_ref().take(20_000) {
        event.check().unwrap();
        assert!(event.ts >= last && ids.contains(&event.item));
        assert!(event_ids.insert(event.event_id.clone()));
        last = event.ts;
    }
}

#[test]
fn a_shoppers_own_categories_are_several_times_more_likely_than_others() {
    let mut shop = Shop::new(ShopSettings::default());
    let (mut own, mut other) = (0.0, 0.0);
    let (mut own_categories, mut other_categories) = (0.0, 0.0);
    for _ in 0..20_000 {
        let event = shop.next().unwrap();
        if event.kind != "click" {
            continue;
        }
        let tastes = shop.tastes(event.user.as_ref().unwrap().as_str()).unwrap();
        let category = shop.category(event.item.as_str()).unwrap();
        if tastes.categories.iter().any(|(name, _)| *name == category) {
            own += 1.0
        } else {
            other += 1.0
        }
        own_categories += tastes.categories.len() as f64;
        other_categories += 12.0 - tastes.categories.len() as f64;
    }
    let ratio: f64 = (own / own_categories) / (other / other_categories);
    assert!(ratio > 10.0, "{ratio}");
}

#[test]
fn tastes_drift_and_some_purchases_are_repeats_and_baskets() {
    let mut shop = Shop::new(ShopSettings::default());
    let user = shop.shoppers[0].id().clone();
    let before = shop.tastes(user.as_str()).unwrap();
    let mut bought: HashMap<(Id, Id), u32> = HashMap::new();
    let mut baskets: HashMap<(Id, Timestamp), u32> = HashMap::new();
    let mut kinds: HashMap<String, u32> = HashMap::new();
    for event in shop.by_ref().take(50_000) {
        *kinds.entry(event.kind.clone()).or_default() += 1;
        if event.kind == "purchase" {
            let user = event.user.clone().unwrap();
            *bought.entry((user.clone(), event.item.clone())).or_default() += 1;
            *baskets.entry((user, event.ts)).or_default() += 1;
        }
    }
    assert_ne!(before, shop.tastes(user.as_str()).unwrap());
    let purchases: u32 = bought.values().sum();
    let repeats = purchases - u32::try_from(bought.len()).unwrap();
    assert!(repeats * 10 > purchases, "{repeats} of {purchases}");
    assert!(baskets.values().filter(|&&lines| lines > 1).count() * 5 > baskets.len());
    assert!(kinds["click"] > 2 * kinds["cart"] && kinds["cart"] > kinds["purchase"], "{kinds:?}");
}

#[test]
fn popularity_falls_and_clicks_follow_an_order() {
    let mut shop = Shop::new(ShopSettings::default());
    let mut clicks: HashMap<Id, u32> = HashMap::new();
    for event in shop.by_ref().take(50_000).filter(|event| event.kind == "click") {
        *clicks.entry(event.item).or_default() += 1;
    }
    let mut counts: Vec<u32> = clicks.values().copied().collect();
    counts.sort_unstable_by_key(|&count| std::cmp::Reverse(count));
    let total: u32 = counts.iter().sum();
    let top: u32 = counts.iter().take(counts.len() / 10).sum();
    assert!(top * 10 > total * 3, "a tenth of the items has {top} of {total} clicks");
}

#[test]
fn spam_comes_from_one_source_and_half_of_it_promotes_five_items() {
    let shop = ShopSettings::default();
    let events: Vec<Event> = spam(SpamSettings { shop, clicks: 2_000, start: shop.start }).collect();
    assert_eq!(events.len(), 2_000);
    let mut counts: HashMap<&Id, u32> = HashMap::new();
    for event in &events {
        event.check().unwrap();
        assert_eq!(event.user.as_ref().unwrap().as_str(), "spam-bot");
        *counts.entry(&event.item).or_default() += 1;
    }
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by_key(|&count| std::cmp::Reverse(count));
    assert!(counts[..5].iter().sum::<u32>() >= 1_000);
    assert!(counts.len() > 400);
}
