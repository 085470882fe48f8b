//! Goal: publishing what changed gives the same bits as building everything, and a view never moves. Method: random
//! operations; after some of them, compare the incremental view with one from scratch through everything that it
//! answers.

use std::sync::Arc;

use proptest::prelude::*;

use shelfmark_domain::{Filter, Labels, Position, Query, Served, Subject, VersionNumber};
use shelfmark_serving::{Publisher, View};

use crate::serving_world::{CATEGORIES, World, id};

type Portrait = Vec<(String, u32)>;

/// A view with what it said when it was new, and when that was.
type Kept = (Arc<View>, Portrait, usize);

/// Everything that a view says, scores as bits.
fn portrait(view: &View, world: &World) -> Portrait {
    let mut lines = Vec::new();
    let dim = world.state.config().dim;
    let units = (0..dim).map(|d| (0..dim).map(|k| if k == d { 1.0 } else { 0.0 }).collect());
    let mut subjects: Vec<Subject> = units.map(Subject::Vector).collect();
    subjects.extend([Subject::Nobody, Subject::User(id("u1")), Subject::SessionId(id("u6"))]);
    for subject in subjects {
        let query = Query { with_embedding: true, ..world.query(subject, 1000) };
        for item in view.recommend(&query).expect("valid").items {
            lines.push((item.id.to_string(), item.score.to_bits()));
            lines.extend(item.embedding.expect("asked for").values.iter().map(|x| (String::new(), x.to_bits())));
        }
    }
    for item in 0..3 {
        let similar = view.similar(&id(&format!("i{item}")), 1000, &Filter::default()).unwrap_or_default();
        lines.extend(similar.into_iter().map(|item| (item.id.to_string(), item.score.to_bits())));
    }
    for category in CATEGORIES {
        let all = Some(vec![category.to_owned()]);
        let filter = Filter { categories: Some(Labels { all, ..Labels::default() }), ..Filter::default() };
        let query = Query { filter, ..world.query(Subject::Nobody, 1000) };
        lines.extend(view.recommend(&query).expect("valid").items.into_iter().map(|item| (item.id.to_string(), 0)));
    }
    let counts = view.counts();
    lines.push((format!("{counts:?}"), 0));
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn publishing_the_touched_rows_equals_building_from_scratch(
        seed in any::<u64>(),
        steps in proptest::collection::vec(1_usize..30, 1..8),
        items in 1_usize..150,
    ) {
        let mut world = World::new(8, seed);
        let mut publisher = Publisher::new();
        let mut kept: Option<Kept> = None;
        for (publication, steps) in steps.into_iter().enumerate() {
            let position = Position::new(publication as u64 + 1);
            for _ in 0..steps {
                world.step(items);
            }
            let view = publisher.publish(&world.state.inference, &world.state.touched, position, Served::Live);
            world.state.touched.clear();
            let scratch = Publisher::from_scratch(&world.state.inference, position, Served::Live);
            prop_assert_eq!(view.position(), position);
            let now = portrait(&view, &world);
            prop_assert!(now == portrait(&scratch, &world), "publication {} differs from scratch", publication);
            if let Some((view, before, clock)) = &kept {
                let later = std::mem::replace(&mut world.clock, *clock);
                prop_assert!(*before == portrait(view, &world), "an older view moved");
                world.clock = later;
            }
            kept = Some((view, now, world.clock));
        }
    }
}

#[test]
fn popularity_keeps_decaying_across_the_common_event_number() {
    let mut world = World::new(8, 1);
    let mut publisher = Publisher::new();
    for round in 0..5 {
        for _ in 0..10_000 {
            let item = format!("i{}", world.draws.below(20));
            world.event(Some("u"), None, &item, "view");
        }
        let position = Position::new(round + 1);
        let view = publisher.publish(&world.state.inference, &world.state.touched, position, Served::Live);
        world.state.touched.clear();
        let scratch = Publisher::from_scratch(&world.state.inference, position, Served::Live);
        assert!(portrait(&view, &world) == portrait(&scratch, &world), "round {round}");
        let answer = view.recommend(&world.query(Subject::Nobody, 20)).unwrap();
        for item in answer.items {
            let row = world.state.inference.catalog.row(item.id.as_str()).unwrap();
            let weights = world.state.inference.parameters.scalars.mean_popularity_weights();
            let bias = world.state.inference.item_bias(row, &weights);
            assert!((item.score - bias).abs() < 1e-5, "{} against {bias}", item.score);
        }
    }
}

/// As after a start or a restore: the state has learned, and what it learned is touched no longer.
#[test]
fn the_first_view_of_a_publisher_is_of_the_whole_state() {
    let mut world = World::new(8, 4);
    (0..40).for_each(|_| world.step(20));
    world.state.touched.clear();
    let view = Publisher::new().publish(&world.state.inference, &world.state.touched, Position::new(1), Served::Live);
    let scratch = Publisher::from_scratch(&world.state.inference, Position::new(1), Served::Live);
    assert!(portrait(&view, &world) == portrait(&scratch, &world));
}

#[test]
fn a_state_that_went_back_is_published_whole() {
    let mut world = World::new(8, 2);
    let mut publisher = Publisher::new();
    world.event(Some("u"), None, "i0", "view");
    let earlier = world.state.clone();
    world.event(Some("u"), None, "i1", "view");
    publisher.publish(&world.state.inference, &world.state.touched, Position::new(2), Served::Live);
    world.state = earlier;
    let view = publisher.rebuild(&world.state.inference, Position::new(3), Served::Live);
    let scratch = Publisher::from_scratch(&world.state.inference, Position::new(3), Served::Live);
    assert!(portrait(&view, &world) == portrait(&scratch, &world));
    assert_eq!(view.counts().items, 1);
}

#[test]
fn a_view_can_be_served_under_a_version_without_a_copy() {
    let mut world = World::new(8, 3);
    world.event(Some("u"), None, "i0", "view");
    let live = Publisher::from_scratch(&world.state.inference, Position::new(1), Served::Live);
    let pinned = live.served_as(Served::Version(VersionNumber(4)));
    assert_eq!((live.served(), pinned.served()), (Served::Live, Served::Version(VersionNumber(4))));
    assert!(portrait(&live, &world) == portrait(&pinned, &world));
}
