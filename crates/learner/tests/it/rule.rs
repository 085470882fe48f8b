//! Settings of a model. Goal: every setting does what docs/LEARNING.md says. Method: small streams through the learner,
//! answers through the search.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{
    Event, ExcludeSeen, ModelConfig, Optimizer, Query, RecordBody, RowVector, Served, Subject, Timestamp, VectorTable,
    VectorValues,
};
use shelfmark_serving::Publisher;
use shelfmark_state::LearnedTable;

use crate::{
    events::{self, id},
    learner_model::Model,
};

fn event(n: u64, user: &str, item: &str, kind: &str, context: &[&str]) -> Event {
    let context = context.iter().map(|&name| name.to_owned()).collect();
    Event { context, ..events::event(n, user, item, kind) }
}

impl Model {
    /// Applies one append.
    fn learn(&mut self, events: impl IntoIterator<Item = Event>) {
        self.apply(events.into_iter().map(RecordBody::Event));
    }

    fn best(&self, subject: Subject, context: &[&str]) -> Vec<(String, f32)> {
        self.drawn(subject, context, 0)
    }

    fn drawn(&self, subject: Subject, context: &[&str], seed: u64) -> Vec<(String, f32)> {
        let view = Publisher::from_scratch(&self.state.inference, self.head, Served::Live);
        let query = Query {
            context: context.iter().map(|&name| name.to_owned()).collect(),
            seed,
            ..Query::new(subject, 100, Timestamp::from_seconds(2_000_000.0).unwrap())
        };
        let items = view.recommend(&query).unwrap().items;
        items.into_iter().map(|item| (item.id.as_str().to_owned(), item.score)).collect()
    }

    fn score(&self, user: &str, item: &str) -> f32 {
        let view = Publisher::from_scratch(&self.state.inference, self.head, Served::Live);
        let at = Timestamp::from_seconds(2_000_000.0).unwrap();
        // By name, because what somebody dislikes is in none of their lists.
        let query = Query { among: Some(vec![id(item)]), ..Query::new(Subject::User(id(user)), 100, at) };
        view.recommend(&query).unwrap().items[0].score
    }
}

fn small() -> ModelConfig {
    let mut config = ModelConfig { dim: 16, ..ModelConfig::default() };
    config.kinds.insert("dislike".to_owned(), (-1.0).into());
    config
}

#[test]
fn circumstances_change_answers_even_for_unknown_users() {
    let mut model = Model::new(small());
    for n in 0..300_u64 {
        // The same shoppers buy umbrellas in the rain and hats in the sun; the weather is random.
        let rain = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 0;
        let (item, weather) = if rain { ("umbrella", "weather:rain") } else { ("hat", "weather:sun") };
        model.learn([event(n, &format!("u{}", n % 7), item, "purchase", &[weather])]);
    }
    for subject in [Subject::User(id("u1")), Subject::Nobody] {
        assert_eq!(model.best(subject.clone(), &["weather:rain"])[0].0, "umbrella", "{subject:?}");
        assert_eq!(model.best(subject.clone(), &["weather:sun"])[0].0, "hat", "{subject:?}");
    }
    let unknown = model.best(Subject::User(id("u1")), &["weather:snow"]);
    assert_eq!(unknown, model.best(Subject::User(id("u1")), &[]), "what no event named says nothing");

    let mut deaf = Model::new(ModelConfig { context: false, ..small() });
    deaf.learn((0..20).map(|n| event(n, "u", "hat", "purchase", &["weather:sun"])));
    assert_eq!(deaf.state.inference.contexts.len(), 0);
}

#[test]
fn the_reported_loss_depends_neither_on_the_scale_of_weights_nor_on_dislikes() {
    let mut heavy = small();
    heavy.kinds.insert("click".to_owned(), 10.0.into());
    let [light, heavy] = [small(), heavy].map(|config| {
        let mut model = Model::new(config);
        let events = (0..64).map(|n| {
            let kind = if n % 4 == 0 { "dislike" } else { "click" };
            event(n, &format!("u{n}"), &format!("i{}", n % 8), kind, &[])
        });
        model.apply(events.map(RecordBody::Event)).steps.remove(0)
    });
    assert_eq!((light.targets, light.liked.total().targets), (64, 48));
    assert_eq!(light.liked, heavy.liked);
    assert!(heavy.loss > 5.0 * light.loss, "{} {}", heavy.loss, light.loss);
}

#[test]
fn events_that_arrive_late_take_their_place_in_the_past() {
    let mut model = Model::new(small());
    let items = ["a0", "a1", "a2", "b0", "b1", "b2"];
    // Whoever looks at an a goes on to an a, and the same with b.
    model.learn((0..600).map(|n| {
        let group = n / 3 % 2 * 3;
        event(n / 6, &format!("u{}", n % 50), items[(group + n % 3) as usize], "click", &[])
    }));
    let old = |user: &str| (0..5).map(|n| event(200 + n, user, items[3 + n as usize % 3], "click", &[])).collect();
    let new = |user: &str| (0..5).map(|n| event(900 + n, user, items[n as usize % 3], "click", &[])).collect();
    let (old, new): ([Vec<Event>; 2], [Vec<Event>; 2]) = (["inorder", "late"].map(old), ["inorder", "late"].map(new));
    model.learn(old[0].iter().chain(&new[0]).cloned());
    model.learn(new[1].iter().chain(&old[1]).cloned());
    let inference = &model.state.inference;
    let history = |user: &str| inference.history(inference.user(user).unwrap()).newest(0).collect::<Vec<_>>();
    assert_eq!(history("late"), history("inorder"));
    let at = Timestamp::from_seconds(2_000_000.0).unwrap();
    let context = |user: &str| inference.context(inference.user(user).unwrap(), at, &mut Default::default());
    let [inorder, late] = ["inorder", "late"].map(context);
    assert_eq!((&inorder.history, &inorder.repeats), (&late.history, &late.repeats));
    assert_eq!(inorder.history[0], inference.catalog.row("a1").unwrap(), "the newest by time is the last item");
}

#[test]
fn a_kind_that_weighs_nothing_changes_no_score_and_is_found_by_exclude_seen() {
    let mut config = ModelConfig { dim: 16, ..ModelConfig::default() };
    config.kinds.insert("impression".to_owned(), 0.0.into());
    let mut model = Model::new(config);
    let items = ["a", "b", "c", "d", "e", "f"];
    model.learn((0..120).map(|n| event(n, &format!("u{}", n % 5), items[n as usize * 5 % 6], "click", &[])));
    let subjects = ["u1", "u2", "nobody"].map(|user| Subject::User(id(user)));
    let scores = |model: &Model| subjects.clone().map(|subject| model.best(subject, &[]));
    let (before, counters) = (scores(&model), model.state.inference.counters);
    // More than a history holds, so that the clicks must not be pushed out.
    for n in 0..50 {
        model.learn((0..30).map(|k| event(1_000 + n * 30 + k, "u1", items[k as usize % 2], "impression", &[])));
    }
    assert_eq!(scores(&model), before);
    let inference = &model.state.inference;
    assert_eq!((inference.counters.events, inference.counters.counted), (counters.events, counters.counted));
    let view = Publisher::from_scratch(&model.state.inference, model.head, Served::Live);
    let query = Query {
        exclude_seen: ExcludeSeen::Kinds(vec!["impression".to_owned()]),
        ..Query::new(Subject::User(id("u1")), 100, Timestamp::from_seconds(2_000_000.0).unwrap())
    };
    let mut found: Vec<String> =
        view.recommend(&query).unwrap().items.iter().map(|item| item.id.as_str().to_owned()).collect();
    found.sort();
    assert_eq!(found, ["c", "d", "e", "f"]);
}

#[test]
fn a_dislike_lowers_its_item_and_counts_nowhere_else() {
    let mut model = Model::new(small());
    let items = ["a", "b", "c", "d"];
    model.learn((0..80).map(|n| event(n, &format!("u{}", n % 5), items[n as usize % 4], "click", &[])));
    let before = model.score("u1", "b");
    let memory = model.state.inference.memory[1].clone();
    let popularity = model.state.inference.popularity[1];
    for n in 80..110 {
        model.learn([event(n, "u1", "b", "dislike", &[])]);
    }
    assert!(model.score("u1", "b") < before - 0.3, "{before} then {}", model.score("u1", "b"));
    let inference = &model.state.inference;
    assert_eq!((&inference.memory[1], inference.popularity[1]), (&memory, popularity));
    let actor = inference.user("u1").unwrap();
    assert_eq!(inference.history(actor).newest(0).next().unwrap().item, 1, "kept, so that it can be excluded");
    let at = Timestamp::from_seconds(2_000_000.0).unwrap();
    let context = inference.context(actor, at, &mut Default::default());
    assert_ne!(context.history[0], 1, "the newest liked item is what counts");
    // Another ten thousand dislikes do not lower the score without bound.
    let far = {
        for n in 0..200 {
            model.learn((0..50).map(|k| event(1_000 + n * 50 + k, &format!("v{k}"), "b", "dislike", &[])));
        }
        model.score("u1", "b")
    };
    assert!(far.is_finite() && far > -60.0, "{far}");
}

/// Goal: a burst of one user in one append moves a model less than the same events of many users. Figure: the distance
/// that the item's vector moves.
#[test]
fn one_users_burst_weighs_no_more_than_the_cap() {
    let moved = |cap: f32, users: u64| {
        let mut model = Model::new(ModelConfig { user_weight_max: cap, step_targets: 1024, ..small() });
        model.learn((0..200).map(|n| event(n, &format!("u{}", n % 20), &format!("i{}", n % 10), "click", &[])));
        let before = model.state.inference.parameters.items.row(3).to_vec();
        let click = |n: u64| event(1_000 + n, &format!("s{}", n % users), "i3", "click", &[]);
        // Different times, so that every click is a unit.
        model.learn((0..1_000).map(click));
        let after = model.state.inference.parameters.items.row(3);
        before.iter().zip(after).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    };
    let (capped, uncapped, crowd) = (moved(32.0, 1), moved(1e6, 1), moved(32.0, 500));
    println!("one spammer, cap 32: {capped}; without a cap: {uncapped}; 500 users: {crowd}");
    assert!(capped < uncapped);
}

#[test]
fn l2_shrinks_rows_and_a_schedule_slows_them() {
    let stream = || (0..400_u64).map(|n| event(n, &format!("u{}", n % 9), &format!("i{}", n * n % 13), "click", &[]));
    let norm_of = |config: ModelConfig| {
        let mut model = Model::new(config);
        for chunk in stream().collect::<Vec<_>>().chunks(16) {
            model.learn(chunk.to_vec());
        }
        let items = &model.state.inference.parameters.items;
        (0..items.len()).flat_map(|row| items.row(row)).map(|x| x * x).sum::<f32>().sqrt()
    };
    let plain = norm_of(small());
    assert!(norm_of(ModelConfig { l2: 0.5, ..small() }) < plain);
    let schedules = serde_json::from_str(r#"{"items": {"shape": "inverse_root", "events": 1}}"#).unwrap();
    assert!(norm_of(ModelConfig { schedules, ..small() }) < plain);
    let rows = norm_of(ModelConfig { optimizer: Optimizer::RowWiseAdagrad, ..small() });
    assert!(rows.is_finite() && rows != plain);
}

#[test]
fn a_row_wise_accumulator_has_one_value() {
    let mut model = Model::new(ModelConfig { optimizer: Optimizer::RowWiseAdagrad, ..small() });
    model.learn((0..100).map(|n| event(n, &format!("u{}", n % 5), &format!("i{}", n % 7), "click", &[])));
    for row in 0..7 {
        let sums = model.state.accumulators.items.row(row);
        assert!(sums.iter().all(|sum| *sum == sums[0]) && sums[0] > 0.01, "{sums:?}");
    }
}

/// Goal: sessions without a user learn like users without a vector. Method: the same visits by sessions, and by users
/// with a learning rate of 0: every other parameter has the same bits.
#[test]
fn sessions_learn_like_users_without_a_vector() {
    let learned = |sessions: bool| {
        let mut config = small();
        config.rates.users = 0.0;
        let mut model = Model::new(config);
        for append in (0..300_u64).collect::<Vec<_>>().chunks(30) {
            model.learn(append.iter().map(|&n| {
                let mut event = event(n, &format!("a{}", n % 11), &format!("i{}", n * n % 17), "click", &["page:1"]);
                if sessions {
                    event.session = event.user.take();
                }
                event
            }));
        }
        model.state.inference
    };
    let (sessions, users) = (learned(true), learned(false));
    assert_eq!((sessions.users.len(), sessions.sessions.len(), users.users.len()), (0, 11, 11));
    assert_eq!(sessions.parameters.scalars, users.parameters.scalars);
    for table in LearnedTable::ROWS.into_iter().filter(|table| *table != LearnedTable::Users) {
        let (of_sessions, of_users) = (sessions.parameters.table(table), users.parameters.table(table));
        assert_eq!(of_sessions.len(), of_users.len());
        (0..of_users.len()).for_each(|row| assert_eq!(of_sessions.row(row), of_users.row(row), "{table:?} {row}"));
    }
}

/// Goal: an exploding gradient is clipped, an ordinary one is not. Method: a calm stream, then one event whose kind
/// weighs a thousand times as much, with and without clipping.
#[test]
fn an_exploding_gradient_is_clipped_to_the_usual_size() {
    let moved = |clip_ratio: f32| {
        let mut config = ModelConfig { clip_ratio, user_weight_max: 1e6, ..small() };
        config.kinds = [("click".to_owned(), 0.1.into()), ("boom".to_owned(), 100.0.into())].into();
        let mut model = Model::new(config);
        for n in 0..100 {
            model.learn(
                (0..4).map(|k| event(n * 4 + k, &format!("u{}", k), &format!("i{}", (n + k) % 9), "click", &[])),
            );
        }
        assert_eq!(model.state.inference.counters.clipped, 0, "nothing exploded yet");
        let sum = |model: &Model| model.state.accumulators.items.row(3).iter().sum::<f32>();
        let before = sum(&model);
        model.learn([event(1_000, "u1", "i3", "boom", &[])]);
        (model.state.inference.counters.clipped, sum(&model) - before)
    };
    let (clipped, unlimited) = (moved(10.0), moved(1e6));
    assert_eq!((clipped.0, unlimited.0), (1, 0));
    assert!(clipped.1 * 100.0 < unlimited.1, "squared gradients: {clipped:?} {unlimited:?}");
}

/// Goal: exploration shows more of the catalogue, depends on the seed, and costs nothing when off. Method: the top
/// items of answers to one shopper under many seeds.
#[test]
fn exploration_widens_answers_and_depends_on_the_seed() {
    let tops = |explore: f32| {
        let mut model = Model::new(ModelConfig { explore, ..small() });
        // Items with many events, and as many with one.
        model.learn((0..400).map(|n| event(n, &format!("u{}", n % 9), &format!("often{}", n % 8), "click", &[])));
        model.learn((0..8).map(|n| event(1_000 + n, "other", &format!("once{n}"), "click", &[])));
        let subject = Subject::User(id("u1"));
        assert_eq!(model.drawn(subject.clone(), &[], 7), model.drawn(subject.clone(), &[], 7));
        let top = |seed| model.drawn(subject.clone(), &[], seed)[0].0.clone();
        (0..200).map(top).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(tops(0.0).len(), 1);
    let explored = tops(20.0);
    assert!(explored.iter().any(|item| item.starts_with("once")), "{explored:?}");
    assert!(explored.len() > 4, "{explored:?}");
}

/// Goal: a model with dislikes only has no recent items to sample, and learns on. Method: more items than a full
/// softmax takes, all disliked, then learned from again.
#[test]
fn a_sampled_step_needs_no_liked_event() {
    let mut model = Model::new(ModelConfig { full_softmax_below: 4, negatives: 16, ..small() });
    for n in 0..60 {
        model.learn([event(n, &format!("u{}", n % 5), &format!("i{}", n % 12), "dislike", &[])]);
    }
    model.learn([event(60, "u1", "i3", "click", &[])]);
    assert!(model.best(Subject::Nobody, &[]).iter().all(|(_, score)| score.is_finite()));
    assert_eq!(model.state.inference.counters.quarantined, 0);
}

#[test]
fn an_imported_vector_replaces_its_row_and_is_learned_from() {
    let mut model = Model::new(small());
    model.learn((0..80).map(|n| event(n, &format!("u{}", n % 5), &format!("i{}", n % 7), "click", &[])));
    let vector = |into, name: &str, values: Vec<f32>| {
        RecordBody::PutVector(RowVector { into, id: id(name), values: VectorValues::new(values) })
    };
    let given: Vec<f32> = (0..16).map(|n| 0.01 * n as f32 - 0.05).collect();
    assert!(model.state.accumulators.items.row(3)[0] > 0.01);
    model.apply([vector(VectorTable::Items, "i3", given.clone()), vector(VectorTable::Items, "new", given.clone())]);
    for row in [3, 7] {
        assert_eq!(model.state.inference.parameters.items.row(row), given);
        assert!(model.state.accumulators.items.row(row).iter().all(|sum| *sum == 0.01));
    }
    assert_eq!(model.state.inference.catalog.row("new"), Some(7));
    // Invalid vectors, and tokens without a row, change nothing. The log may contain them, so they must not stop the
    // learner.
    let before = shelfmark_state::Digester::new(&model.state).digest();
    let mut odd = given.clone();
    odd[2] = f32::NAN;
    model.apply([
        vector(VectorTable::Items, "i4", vec![0.5; 12]),
        vector(VectorTable::Items, "i4", odd),
        vector(VectorTable::Tokens, "t:nowhere", given.clone()),
    ]);
    assert_eq!(shelfmark_state::Digester::new(&model.state).digest(), before);
    // Learning continues from the imported row.
    model.learn([event(1_000, "u1", "i3", "click", &[])]);
    let moved = model.state.inference.parameters.items.row(3);
    let far = moved.iter().zip(&given).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far > 0.0 && far < 0.1, "{far}");
}
