//! Dislikes. Goal: what somebody dislikes leaves their list until they like it, what is like it sinks for them, and
//! nobody else notices. Method: two shelves of items, through the learner; answers through the search.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{
    Contribution, ContributionSource, Item, ModelConfig, Query, RecordBody, Served, Subject, Timestamp,
};
use shelfmark_serving::Publisher;

use crate::{
    events::{event_record, id},
    learner_model::Model,
};

/// Sixty items on two shelves, and forty shoppers who keep to one of them, some to both.
fn shop() -> Model {
    let mut config = ModelConfig { dim: 32, ..ModelConfig::default() };
    config.kinds.insert("dislike".to_owned(), (-1.0).into());
    let mut model = Model::new(config);
    let put = |n: u64| {
        let mut item = Item::bare(id(&format!("{}{}", ["tea", "tool"][n as usize % 2], n / 2)));
        item.categories = vec![["tea", "tool"][n as usize % 2].to_owned()];
        RecordBody::PutItem(item)
    };
    model.apply((0..60).map(put));
    for n in 0..3_000_u64 {
        let user = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        let shelf = if user % 40 < 16 {
            0
        } else if user % 40 < 32 {
            1
        } else {
            n % 2
        };
        let item = format!("{}{}", ["tea", "tool"][shelf as usize], (n * n / 7 + user) % 30);
        model.apply([event_record(n, &format!("u{}", user % 40), &item, "click")]);
    }
    model
}

fn ranked(model: &Model, user: &str) -> Vec<(String, Vec<Contribution>)> {
    let view = Publisher::from_scratch(&model.state.inference, model.head, Served::Live);
    let query = Query {
        with_explanation: true,
        ..Query::new(Subject::User(id(user)), 60, Timestamp::from_seconds(1_300_000.0).unwrap())
    };
    let items = view.recommend(&query).unwrap().items.into_iter();
    items.map(|item| (item.id.as_str().to_owned(), item.explanation.unwrap())).collect()
}

fn names(model: &Model, user: &str) -> Vec<String> {
    ranked(model, user).into_iter().map(|(name, _)| name).collect()
}

/// Mean place in the list of the items of a shelf.
fn place(list: &[String], shelf: &str, but: &[String]) -> f64 {
    let places = list.iter().enumerate().filter(|(_, name)| name.starts_with(shelf) && !but.contains(name));
    let places: Vec<f64> = places.map(|(place, _)| place as f64).collect();
    places.iter().sum::<f64>() / places.len() as f64
}

#[test]
fn a_disliked_item_leaves_the_list_until_it_is_liked() {
    let mut model = shop();
    let others = ["u1", "u20", "u35", "stranger"];
    let before: Vec<Vec<String>> = others.iter().map(|user| names(&model, user)).collect();
    let disliked = names(&model, "u34")[0].clone();
    model.apply([event_record(4_000, "u34", &disliked, "dislike")]);
    assert!(!names(&model, "u34").contains(&disliked));
    for (user, before) in others.iter().zip(before) {
        let after = names(&model, user);
        assert!(after.contains(&disliked), "{user}");
        let top: Vec<&String> = before.iter().take(10).collect();
        let kept = after.iter().take(10).filter(|name| top.contains(name)).count();
        assert!(kept >= 9, "{user}: {kept} of ten kept");
    }
    // It stays away whatever else happens, and impressions do not count.
    model.apply((0..20).map(|n| event_record(4_010 + n, "u34", &format!("tool{n}"), "click")));
    assert!(!names(&model, "u34").contains(&disliked));
    model.apply([event_record(4_100, "u34", &disliked, "click")]);
    assert!(names(&model, "u34").contains(&disliked), "liked again");
    model.apply([event_record(4_101, "u34", &disliked, "dislike")]);
    assert!(!names(&model, "u34").contains(&disliked), "the newest word counts");
}

#[test]
fn what_is_like_disliked_items_sinks_for_that_user_and_explanations_say_so() {
    let mut model = shop();
    // Somebody of both shelves.
    let before = names(&model, "u36");
    let disliked: Vec<String> = (0..10).map(|n| format!("tea{n}")).collect();
    model.apply(disliked.iter().zip(4_000..).map(|(item, n)| event_record(n, "u36", item, "dislike")));
    let after = ranked(&model, "u36");
    let list: Vec<String> = after.iter().map(|(name, _)| name.clone()).collect();
    let (was, is) = (place(&before, "tea", &disliked), place(&list, "tea", &[]));
    assert!(is > was + 5.0, "other teas from place {was} to {is}");
    let (name, parts) = after.iter().find(|(name, _)| name.starts_with("tea")).unwrap();
    let of_dislikes: Vec<&Contribution> =
        parts.iter().filter(|part| part.source == ContributionSource::Dislike).collect();
    assert_eq!(of_dislikes.len(), disliked.len());
    assert!(of_dislikes.iter().all(|part| disliked.contains(&part.item.as_ref().unwrap().as_str().to_owned())));
    let pushed: f32 = of_dislikes.iter().map(|part| part.value).sum();
    assert!(pushed < 0.0, "{name}: {pushed}");

    // Switched off, the items themselves still leave the list.
    let config = ModelConfig { dislikes: false, ..(**model.state.config()).clone() };
    model.apply([RecordBody::Configure { config: Box::new(config) }]);
    let off = ranked(&model, "u36");
    assert!(off.iter().all(|(name, parts)| {
        !disliked.contains(name) && parts.iter().all(|part| part.source != ContributionSource::Dislike)
    }));
}

#[test]
fn a_disliked_item_no_longer_steers_the_one_who_had_liked_it() {
    let mut model = shop();
    model.apply((0..3).map(|n| event_record(4_000 + n, "new", &format!("tea{n}"), "click")));
    model.apply((0..3).map(|n| event_record(4_010 + n, "new", &format!("tea{n}"), "dislike")));
    let inference = &model.state.inference;
    let at = Timestamp::from_seconds(1_300_000.0).unwrap();
    let context = inference.context(inference.user("new").unwrap(), at, &mut Default::default());
    assert_eq!((context.history.len(), context.disliked.len()), (0, 3));
}
