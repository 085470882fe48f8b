//! Goal: every combination of a query's options is answered as the documents say. Method: random states, and for each
//! all combinations of the options with random details, asked together and alone, of the newest view and of one from
//! before that must not have moved, held against the slow way (`serving_world/naive.rs`).

use std::sync::Arc;

use proptest::prelude::*;

use shelfmark_domain::{
    Boost, Condition, ExcludeSeen, Filter, GroupBy, Id, Labels, Position, Query, Served, Subject, VersionNumber,
};
use shelfmark_serving::{Publisher, SearchScratch, View};
use shelfmark_state::State;

use crate::serving_world::{CATEGORIES, PROPERTIES, TAGS, World, id, naive::Naive};

/// A view with the state that it is of.
type Stood = (State, Arc<View>);

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_combination_of_options_is_answered_as_the_slow_way_answers(
        seed in any::<u64>(),
        before in 0_usize..200,
        after in 0_usize..200,
        items in 1_usize..300,
    ) {
        let mut world = World::new(12, seed);
        let mut publisher = Publisher::new();
        let version = stand(&mut world, &mut publisher, before, items, Served::Version(VersionNumber(1)));
        let live = stand(&mut world, &mut publisher, after, items, Served::Live);
        let queries = combinations(&mut world, items);
        let borrowed: Vec<&Query> = queries.iter().collect();
        for (state, view) in [version, live] {
            let naive = Naive::new(&state);
            // All together, so that groups of every size and kind meet in one pass.
            let answers = view.recommend_batch(&borrowed, &mut SearchScratch::default());
            for (place, (query, answer)) in queries.iter().zip(answers).enumerate() {
                let answer = answer.expect("valid");
                naive.check(query, &answer);
                if place % 17 == 0 {
                    prop_assert_eq!(view.recommend(query).expect("valid"), answer, "a batch changes nothing");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_list_with_few_items_of_a_group_takes_the_best_that_there_is_room_for(
        seed in any::<u64>(),
        steps in 0_usize..200,
        items in 1_usize..700,
    ) {
        let mut world = World::new(12, seed);
        let (state, view) = stand(&mut world, &mut Publisher::new(), steps, items, Served::Live);
        let naive = Naive::new(&state);
        for subject in subjects(&mut world) {
            for property in PROPERTIES {
                let most = [8, 150][world.draws.below(2)];
                let limit = 1 + world.draws.below(most);
                let mut query = world.query(subject.clone(), limit);
                let group_by = GroupBy { property: property.to_owned(), limit: 1 + world.draws.below(3) };
                query.group_by = Some(group_by.clone());
                if world.draws.below(2) == 0 {
                    query.boosts = boosts(&mut world);
                }
                if world.draws.below(3) == 0 {
                    query.filter = filter(&mut world);
                }
                naive.check_groups(&query, &group_by, &view.recommend(&query).expect("valid"));
            }
        }
    }
}

/// Lets a world move on and publishes it.
fn stand(world: &mut World, publisher: &mut Publisher, steps: usize, items: usize, served: Served) -> Stood {
    for _ in 0..steps {
        world.step(items);
    }
    let view = publisher.publish(&world.state.inference, &world.state.touched, Position::new(1), served);
    world.state.touched.clear();
    (world.state.clone(), view)
}

/// All combinations: 9 subjects, 3 x who is left out as seen, and with and without everything else.
fn combinations(world: &mut World, items: usize) -> Vec<Query> {
    let mut queries = Vec::new();
    for subject in subjects(world) {
        for exclude_seen in
            [ExcludeSeen::No, ExcludeSeen::All, ExcludeSeen::Kinds(vec!["purchase".into(), "no such".into()])]
        {
            for options in 0_usize..64 {
                let has = |option: usize| options >> option & 1 == 1;
                let limit = if has(0) { 1 + world.draws.below(8) } else { 1 + world.draws.below(400) };
                let mut query = world.query(subject.clone(), limit);
                query.exclude_seen = exclude_seen.clone();
                query.seed = world.draws.below(1000) as u64;
                if has(1) {
                    query.filter = filter(world);
                }
                if has(2) {
                    query.exclude = some_items(world, items, 20);
                }
                if has(3) {
                    query.diversity = [0.1, 0.5, 0.9, 1.0][world.draws.below(4)];
                }
                if has(4) {
                    query.among = Some(some_items(world, items, 40));
                }
                if !has(5) {
                    query.context.clear();
                }
                if world.draws.below(3) == 0 {
                    query.boosts = boosts(world);
                }
                query.with_explanation = world.draws.below(4) == 0;
                queries.push(query);
            }
        }
    }
    queries
}

/// One to three boosts, up and down, some of all items.
fn boosts(world: &mut World) -> Vec<Boost> {
    let boost = |world: &mut World| Boost {
        name: (world.draws.below(2) == 0).then(|| "named".to_owned()),
        filter: if world.draws.below(5) == 0 { Filter::default() } else { filter(world) },
        add: [-100.0, -0.5, 0.25, 3.0, 100.0][world.draws.below(5)],
    };
    (0..1 + world.draws.below(3)).map(|_| boost(world)).collect()
}

fn subjects(world: &mut World) -> Vec<Subject> {
    vec![
        Subject::User(id("u0")),
        Subject::User(id("u3")),
        Subject::User(id("stranger")),
        Subject::UserWithItem { user: id("u0"), item: id("i1") },
        Subject::UserWithItem { user: id("u3"), item: id("nothing") },
        Subject::UserWithItem { user: id("stranger"), item: id("i1") },
        Subject::SessionId(id("u5")),
        Subject::Session(vec![id("i1"), id("nothing"), id("i0"), id("i1")]),
        Subject::Item(id("i1")),
        Subject::Item(id("nothing")),
        Subject::Vector((0..12).map(|_| world.draws.normal()).collect()),
        Subject::Nobody,
    ]
}

/// Some of the items, some of them unknown, some twice.
fn some_items(world: &mut World, items: usize, max: usize) -> Vec<Id> {
    (0..world.draws.below(max)).map(|_| id(&format!("i{}", world.draws.below(items + 5)))).collect()
}

/// One to three random conditions.
fn filter(world: &mut World) -> Filter {
    let mut filter = conditions(world);
    if world.draws.below(4) == 0 {
        filter.or = Some((0..world.draws.below(3)).map(|_| conditions(world)).collect());
    }
    filter
}

fn conditions(world: &mut World) -> Filter {
    let mut filter = Filter::default();
    for _ in 0..1 + world.draws.below(3) {
        match world.draws.below(4) {
            0 => filter.categories = Some(labels(world, &CATEGORIES)),
            1 => filter.tags = Some(labels(world, &TAGS)),
            _ => {
                let name = [PROPERTIES[0], PROPERTIES[1], PROPERTIES[2], "no such"][world.draws.below(4)];
                filter.properties.insert(name.to_owned(), condition(world));
            }
        }
    }
    filter
}

fn labels(world: &mut World, known: &[&str]) -> Labels {
    let mut some = |max: usize| -> Vec<String> {
        let label = |world: &mut World| known.get(world.draws.below(known.len() + 1)).unwrap_or(&"no such");
        (0..world.draws.below(max)).map(|_| (*label(world)).to_owned()).collect()
    };
    match some(4) {
        all if all.len() == 1 => Labels { all: Some(all), ..Labels::default() },
        none if none.len() == 2 => Labels { none: Some(none), ..Labels::default() },
        any => Labels { any: Some(any), all: Some(some(2)), none: Some(some(2)) },
    }
}

fn condition(world: &mut World) -> Condition {
    let mut values = |max: usize| -> Vec<_> { (0..world.draws.below(max)).map(|_| world.value()).collect() };
    let (eq, one_of, none) = (values(3).pop(), values(5), Some(values(3)));
    let mut bound = || [-1.0, 0.0, 10.0, 24.5, 1e300][world.draws.below(5)].into();
    let (low, high) = (bound(), bound());
    match world.draws.below(7) {
        0 if eq.is_some() => Condition { eq, ..Condition::default() },
        1 => Condition { one_of: Some(one_of), ..Condition::default() },
        2 => Condition { none, ..Condition::default() },
        3 => Condition { gte: Some(low), lt: Some(high), ..Condition::default() },
        4 => Condition { gt: Some(low), lte: Some(high), none, ..Condition::default() },
        5 => Condition { gte: Some(low), one_of: Some(one_of), ..Condition::default() },
        _ => Condition { eq, one_of: Some(one_of), none, lt: Some(high), ..Condition::default() },
    }
}
