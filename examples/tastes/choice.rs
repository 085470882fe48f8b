//! Whom and what to look at.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use shelfmark_domain::{Event, Id, Item};
use shelfmark_evaluation::Stream;

use super::shelf::Shelf;
use crate::vectors::cosine;

/// Users that must have met a product for it to be held back as the newcomer.
const NEWCOMER_USERS_MIN: usize = 10;
/// Events that a user must have to be chosen.
const EVENTS_MIN: usize = 10;
/// Products, and users of each, that are tried.
const PRODUCTS: usize = 40;
const USERS: usize = 40;

/// A product whose events were taken out: nobody has met it yet.
#[derive(Debug, Clone)]
pub struct Newcomer {
    pub item: Item,
    /// Who met it in the events that were taken out.
    pub users: Vec<Id>,
}

/// Takes out the events of the product with a title that came last: the newest whose first event is followed by those
/// of enough users.
pub fn hold_back_newcomer(stream: &mut Stream) -> Option<Newcomer> {
    let mut first: BTreeMap<&Id, usize> = BTreeMap::new();
    for (place, event) in stream.events.iter().enumerate() {
        first.entry(&event.item).or_insert(place);
    }
    let users = users_by_item(&stream.events);
    let titled = stream.items.iter().filter(|item| item.title.is_some());
    let many = titled.filter(|item| users.get(&item.id).is_some_and(|users| users.len() >= NEWCOMER_USERS_MIN));
    let item = many.max_by_key(|item| first.get(&item.id))?.clone();
    let users = users[&item.id].iter().map(|user| (*user).clone()).collect();
    stream.events.retain(|event| event.item != item.id);
    Some(Newcomer { item, users })
}

/// Two users who both know a product.
#[derive(Debug, Clone)]
pub struct Pair {
    pub users: [Id; 2],
    pub item: Id,
}

impl Pair {
    /// Among the products that many know, the one with the two users whose vectors are farthest apart in direction.
    /// `users` (two or none) and `item` narrow the choice down to what was asked for.
    pub fn choose(stream: &Stream, shelf: &Shelf, users: &[String], item: Option<&str>) -> anyhow::Result<Self> {
        if let Some(unknown) = users.iter().find(|user| !shelf.knows_user(user)) {
            bail!("--users: {unknown:?} has no event");
        }
        let events = events_by_user(&stream.events);
        let by_item = users_by_item(&stream.events);
        if let Some(unknown) = item.filter(|item| !by_item.keys().any(|id| id.as_str() == *item)) {
            bail!("--item: {unknown:?} has no event");
        }
        let fits_user = |user: &&Id| match users {
            [] => events[*user].len() >= EVENTS_MIN,
            named => named.iter().any(|name| name == user.as_str()),
        };
        let mut products: Vec<(&Id, &BTreeSet<&Id>)> = by_item.iter().map(|(item, users)| (*item, users)).collect();
        products.retain(|(id, _)| item.is_none_or(|item| item == id.as_str()));
        products.sort_by_key(|(_, users)| std::cmp::Reverse(users.len()));
        if users.is_empty() {
            products.truncate(PRODUCTS);
        }
        let mut best: Option<(f32, Self)> = None;
        for (item, users) in products {
            let mut users: Vec<&Id> = users.iter().copied().filter(fits_user).collect();
            users.sort_by_key(|user| std::cmp::Reverse(events[*user].len()));
            users.truncate(USERS);
            let vectors: Vec<Vec<f32>> = users.iter().map(|user| shelf.user_vector(user)).collect();
            for (a, first) in vectors.iter().enumerate() {
                for (b, second) in vectors.iter().enumerate().skip(a + 1) {
                    let cosine = cosine(first, second);
                    if best.as_ref().is_none_or(|(least, _)| cosine < *least) {
                        let users = [users[a].clone(), users[b].clone()];
                        best = Some((cosine, Self { users, item: item.clone() }));
                    }
                }
            }
        }
        let (_, pair) = best.context("no two such users know one product; name others with --users and --item")?;
        Ok(pair)
    }
}

/// Each user's events, in order.
pub fn events_by_user(events: &[Event]) -> BTreeMap<&Id, Vec<&Event>> {
    let mut by_user: BTreeMap<&Id, Vec<&Event>> = BTreeMap::new();
    for event in events {
        if let Some(user) = &event.user {
            by_user.entry(user).or_default().push(event);
        }
    }
    by_user
}

fn users_by_item(events: &[Event]) -> BTreeMap<&Id, BTreeSet<&Id>> {
    let mut by_item: BTreeMap<&Id, BTreeSet<&Id>> = BTreeMap::new();
    for event in events {
        if let Some(user) = &event.user {
            by_item.entry(&event.item).or_default().insert(user);
        }
    }
    by_item
}
