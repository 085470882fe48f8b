//! Answers of a view in cases that one can think through. `query.rs` has all combinations of options.

use std::{collections::BTreeSet, sync::Arc};

use shelfmark_domain::{Fallback, Filter, Labels, Position, Query, Served, Subject};
use shelfmark_serving::{Publisher, QueryError, View};
use shelfmark_state::State;

use crate::serving_world::{World, at, id};

fn view_of(state: &State) -> std::sync::Arc<View> {
    Publisher::from_scratch(&state.inference, Position::new(1), Served::Live)
}

#[test]
fn equal_scores_go_to_the_item_that_came_first() {
    let mut world = World::new(8, 1);
    for item in 0..300 {
        world.put(&format!("i{item}"), "", &[], true);
    }
    let view = view_of(&world.state);
    // A vector of zeroes makes every score the same: no event, no bias.
    let answer = view.recommend(&world.query(Subject::Vector(vec![0.0; 8]), 100)).unwrap();
    let ids: Vec<&str> = answer.items.iter().map(|item| item.id.as_str()).collect();
    let expected: Vec<String> = (0..100).map(|item| format!("i{item}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn an_item_put_but_never_met_is_a_candidate_and_a_removed_or_unavailable_one_is_not() {
    let mut world = World::new(8, 2);
    world.put("new", "fresh thing", &["a"], true);
    world.put("hidden", "thing", &["a"], false);
    world.put("gone", "thing", &["a"], true);
    world.event(Some("u"), None, "met", "view");
    world.state.remove_item(&id("gone"));
    let view = view_of(&world.state);
    for subject in [Subject::Nobody, Subject::User(id("u"))] {
        let answer = view.recommend(&world.query(subject, 10)).unwrap();
        let ids: BTreeSet<&str> = answer.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, BTreeSet::from(["new", "met"]));
    }
    let similar = view.similar(&id("met"), 10, &Filter::default()).unwrap();
    assert_eq!(similar.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["new"]);
    assert!(view.item("hidden").is_some() && view.item_embedding("hidden").is_some());
    assert!(view.item("gone").is_none() && view.item_embedding("gone").is_none());
    assert_eq!(view.similar(&id("gone"), 10, &Filter::default()), Err(QueryError::UnknownItem(id("gone"))));
    let counts = view.counts();
    assert_eq!((counts.users, counts.items, counts.events), (1, 3, 1));
}

#[test]
fn strangers_get_popular_items_and_are_told_so() {
    let mut world = World::new(8, 3);
    for (item, times) in [("rare", 1), ("common", 9), ("middle", 4)] {
        for _ in 0..times {
            world.event(Some("u"), None, item, "view");
        }
    }
    let view = view_of(&world.state);
    for subject in [
        Subject::User(id("stranger")),
        Subject::SessionId(id("stranger")),
        Subject::Session(vec![id("unknown item")]),
        Subject::Nobody,
    ] {
        let answer = view.recommend(&world.query(subject, 10)).unwrap();
        assert_eq!(answer.fallback, Some(Fallback::Popular));
        let ids: Vec<&str> = answer.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["common", "middle", "rare"]);
    }
    assert_eq!(view.recommend(&world.query(Subject::User(id("u")), 10)).unwrap().fallback, None);
    let visit = Subject::Session(vec![id("rare")]);
    assert_eq!(view.recommend(&world.query(visit, 10)).unwrap().fallback, None);
    assert!(view.user_embedding("stranger", at(0)).is_none());
}

#[test]
fn a_users_embedding_is_the_vector_that_their_recommendations_come_from() {
    let mut world = World::new(12, 4);
    for _ in 0..200 {
        world.step(120);
    }
    // A vector has no history, so its query weighs popularity as one without: the test sets that apart.
    let added = &mut Arc::make_mut(&mut world.state.inference.parameters.scalars).added;
    (added.wpg, added.we) = Default::default();
    let view = view_of(&world.state);
    let query = world.query(Subject::User(id("u1")), 1000);
    let embedding = view.user_embedding("u1", query.at).expect("u1 has events");
    assert_eq!((embedding.dim, embedding.position), (12, Position::new(1)));
    // The same vector given raw ranks by the dense part; the rest of each score is sparse, so compare an item
    // that has none.
    let raw = view.recommend(&world.query(Subject::Vector(embedding.values), 1000)).unwrap();
    let full = view.recommend(&query).unwrap();
    let context = {
        let inference = &world.state.inference;
        inference.context(inference.user("u1").unwrap(), query.at, &mut shelfmark_state::ContextScratch::default())
    };
    let sparse: BTreeSet<u32> =
        context.repeats.iter().map(|r| r.item).chain(context.memory.iter().map(|m| m.item)).collect();
    let mut compared = 0;
    for item in &full.items {
        if !sparse.contains(&world.state.inference.catalog.row(item.id.as_str()).unwrap()) {
            let dense = raw.items.iter().find(|other| other.id == item.id).expect("both hold every item");
            assert_eq!(dense.score.to_bits(), item.score.to_bits());
            compared += 1;
        }
    }
    assert!(compared > 0, "most of 120 items have no sparse terms");
}

#[test]
fn neighbours_are_those_of_highest_cosine_within_the_category() {
    let mut world = World::new(12, 5);
    for _ in 0..400 {
        world.step(150);
    }
    let state = &world.state;
    let view = view_of(state);
    let inference = &state.inference;
    let vector = |row: u32| {
        let mut vector = vec![0.0; 12];
        inference.item_vector(row, &mut vector);
        vector
    };
    for category in [None, Some("a"), Some("A")] {
        let all = Some(category.iter().map(|&category| category.to_owned()).collect());
        let filter = Filter { categories: Some(Labels { all, ..Labels::default() }), ..Filter::default() };
        let me = (0..inference.catalog.len() as u32).find(|row| inference.catalog.entry(*row).recommendable()).unwrap();
        let mut expected: Vec<(u32, f32)> = (0..inference.catalog.len() as u32)
            .filter(|row| *row != me && inference.catalog.entry(*row).recommendable())
            .filter(|row| category.is_none_or(|c| inference.catalog.entry(*row).item.categories.iter().any(|x| x == c)))
            .map(|row| {
                let (a, b) = (vector(me), vector(row));
                let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
                (row, dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt())
            })
            .collect();
        expected.sort_by(|a, b| b.1.total_cmp(&a.1));
        let found = view.similar(inference.catalog.id(me), 10, &filter).unwrap();
        assert_eq!(found.len(), expected.len().min(10));
        for (found, (_, cosine)) in found.iter().zip(&expected) {
            assert!((found.score - cosine).abs() < 1e-5, "{} against {cosine}", found.score);
        }
        assert_eq!(category == Some("A"), found.is_empty(), "letter by letter");
    }
}

#[test]
fn a_bad_query_names_its_field() {
    let world = World::new(8, 6);
    let view = view_of(&world.state);
    let field = |query: &Query| {
        let refusal = view.recommend(query).expect_err("refused");
        let QueryError::Field(error) = refusal else { panic!("{refusal:?}") };
        error.field
    };
    assert_eq!(field(&world.query(Subject::Vector(vec![0.0; 7]), 10)), "vector");
    assert_eq!(field(&world.query(Subject::Vector(vec![f32::NAN; 8]), 10)), "vector");
    assert_eq!(field(&world.query(Subject::Nobody, 0)), "limit");
    assert_eq!(field(&world.query(Subject::Nobody, 1001)), "limit");
    let mut query = world.query(Subject::Nobody, 10);
    query.exclude = vec![id("i"); 10_001];
    assert_eq!(field(&query), "exclude");
    assert_eq!(field(&world.query(Subject::Session(vec![id("i"); 1001]), 10)), "session");
}

#[test]
fn the_empty_view_answers_with_nothing() {
    let world = World::new(8, 7);
    let view = View::empty(world.state.config().clone());
    assert_eq!(view.position(), Position::ZERO);
    for subject in [Subject::User(id("u")), Subject::Vector(vec![1.0; 8]), Subject::Session(vec![id("i")])] {
        assert!(view.recommend(&world.query(subject, 10)).unwrap().items.is_empty());
    }
    assert_eq!(view.counts().items, 0);
}

#[test]
fn metadata_and_vectors_come_along_when_asked_for() {
    let mut world = World::new(8, 8);
    world.put("i", "Red globe", &["toys"], true);
    let view = view_of(&world.state);
    let mut query = world.query(Subject::Nobody, 1);
    let bare = view.recommend(&query).unwrap();
    assert!(bare.items[0].item.is_none() && bare.items[0].embedding.is_none());
    (query.with_item, query.with_embedding) = (true, true);
    let full = view.recommend(&query).unwrap();
    assert_eq!(full.items[0].item.as_ref().unwrap().title.as_deref(), Some("Red globe"));
    assert_eq!(full.items[0].embedding, view.item_embedding("i"));
}
