//! Values of events. Goal: a low rating is no like, whatever the scale of its kind says, and a kind without a table
//! takes no notice of values. Method: two clubs of films, through the learner; answers through the search.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{Event, ExcludeSeen, ModelConfig, Query, RecordBody, Served, Subject, Timestamp};
use shelfmark_serving::Publisher;

use crate::{events::id, learner_model::Model};

fn rating(user: &str, item: &str, seconds: u64, value: Option<f64>) -> RecordBody {
    RecordBody::Event(Event {
        event_id: id(&format!("{user}-{item}-{seconds}")),
        user: Some(id(user)),
        session: None,
        item: id(item),
        kind: "rating".to_owned(),
        value,
        ts: Timestamp::from_seconds((1_700_000_000 + seconds) as f64).unwrap(),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    })
}

fn best(model: &Model, user: &str, exclude_seen: bool) -> Vec<String> {
    let view = Publisher::from_scratch(&model.state.inference, model.head, Served::Live);
    let query = Query {
        exclude_seen: if exclude_seen { ExcludeSeen::All } else { ExcludeSeen::No },
        ..Query::new(Subject::User(id(user)), 6, Timestamp::from_seconds(1_700_031_000.0).unwrap())
    };
    view.recommend(&query).unwrap().items.into_iter().map(|item| item.id.as_str().to_owned()).collect()
}

/// Sixty people of two clubs rate four neighbouring films of their club's eight with five stars.
fn clubs(config: ModelConfig) -> Model {
    let mut model = Model::new(config);
    for user in 0..60_u64 {
        let club = ["A", "B"][user as usize % 2];
        for n in 0..4 {
            let film = format!("{club}{}", (3 * user + n) % 8);
            model.apply([rating(&format!("{club}{user}"), &film, 100 * user + n, Some(5.0))]);
        }
    }
    for n in 0..4 {
        model.apply([rating("x", &format!("A{n}"), 30_000 + n, Some(5.0))]);
    }
    model
}

#[test]
fn half_stars_do_not_pull_towards_what_they_were_given_to() {
    let mut model = clubs(ModelConfig { dim: 32, ..ModelConfig::default() });
    assert!(best(&model, "x", true)[0].starts_with('A'));
    for n in 0..4 {
        model.apply([rating("x", &format!("B{n}"), 30_100 + n, Some(0.5))]);
    }
    assert!(best(&model, "x", true)[0].starts_with('A'), "{:?}", best(&model, "x", true));

    // The same four with a kind that does not look at values, and without values.
    let constant = ModelConfig { dim: 32, kinds: [("rating".to_owned(), 1.0.into())].into(), ..ModelConfig::default() };
    for (config, value) in [(constant, Some(0.5)), (ModelConfig { dim: 32, ..ModelConfig::default() }, None)] {
        let mut model = clubs(config);
        for n in 0..4 {
            model.apply([rating("x", &format!("B{n}"), 30_100 + n, value)]);
        }
        assert!(best(&model, "x", true)[0].starts_with('B'), "{:?}", best(&model, "x", true));
    }
}

#[test]
fn what_three_hundred_people_hate_is_not_offered_before_what_a_hundred_love() {
    let mut model = Model::new(ModelConfig { dim: 32, ..ModelConfig::default() });
    for user in 0..300_u64 {
        let name = format!("u{user}");
        model.apply([
            rating(&name, "hated", 10 * user, Some(1.0)),
            rating(&name, &format!("m{}", user * 17 % 40), 10 * user + 1, Some(5.0)),
        ]);
        if user % 3 == 0 {
            model.apply([rating(&name, "loved", 10 * user + 2, Some(5.0))]);
        }
    }
    let found = best(&model, "newcomer", false);
    assert_eq!(found[0], "loved", "{found:?}");
    assert!(!found.contains(&"hated".to_owned()), "{found:?}");
}
