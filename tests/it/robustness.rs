//! Goal: whatever events come, learning neither stops nor is spoiled. Method: a generated shop through the production
//! learner, test-then-train, with something hostile in its middle; recall of the honest events after it against the
//! same events without it. Figures are printed (`--nocapture`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::collections::BTreeMap;

use crate::learner_model::Model;
use shelfmark_datasets::feeds::{Shop, ShopSettings, SpamSettings, spam};
use shelfmark_domain::{Event, Id, ModelConfig, RecordBody, RowVector, Timestamp, VectorTable, VectorValues};
use shelfmark_evaluation::{Protocol, Run, Stream};
use shelfmark_state::{CounterRng, Digester, LearnedTable, State};

const SEED: u64 = 11;
const ITEMS: usize = 500;
/// Events before the attack, and honest ones after it over which recall is measured.
const BEFORE: usize = 10_000;
const AFTER: usize = 4_000;

fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

fn shop() -> Vec<Event> {
    println!("seed {SEED}");
    Shop::new(ShopSettings { seed: SEED, items: ITEMS, ..ShopSettings::default() }).take(BEFORE + AFTER).collect()
}

fn event(n: usize, actor: &str, item: &str, at: Timestamp) -> Event {
    Event {
        event_id: id(&format!("x{n}")),
        user: Some(id(actor)),
        session: None,
        item: id(item),
        kind: "click".to_owned(),
        value: None,
        ts: at,
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }
}

fn later(at: Timestamp, seconds: usize) -> Timestamp {
    Timestamp::from_micros(at.micros() + seconds as i64 * 1_000_000).unwrap()
}

/// Whose the events after an attack are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Shoppers that the model knows.
    Known,
    /// The same visits by people it has not met: their lists rest on what is popular.
    Strangers,
}

/// Recall@20 of the honest events after an attack: of the first 250, the first 1,000, and all.
fn recall_after(attack: &[Event], who: Who, config: &ModelConfig) -> [f64; 3] {
    let mut honest = shop();
    let mut after = honest.split_off(BEFORE);
    if who == Who::Strangers {
        let rename = |user: &Option<Id>| user.as_ref().map(|user| id(&format!("new-{user}")));
        after.iter_mut().for_each(|event| event.user = rename(&event.user));
    }
    let mut stream = Stream::default();
    let begin = BEFORE + attack.len();
    for event in honest.into_iter().chain(attack.iter().cloned()).chain(after) {
        assert!(stream.event(event, config));
    }
    assert_eq!(stream.events.len(), begin + AFTER, "no event is refused or a duplicate");
    let mut run = Run::new(&stream, config.clone(), &Protocol { discard: 0.0, ..Protocol::default() }).unwrap();
    let mut at = |end: usize| {
        run.advance(end).unwrap();
        let all = run.methods()[0].stats.whole.all;
        (all.targets as f64, all.hits as f64)
    };
    let (targets, hits) = at(begin);
    let recalls = [250, 1_000, AFTER].map(|events| {
        let (then, found) = at(begin + events);
        (found - hits) / (then - targets)
    });
    assert_finite(&run.finish().state);
    recalls
}

/// P8: every learned number and every accumulator.
fn assert_finite(state: &State) {
    for parameters in [&state.inference.parameters, &state.accumulators] {
        for table in LearnedTable::ROWS {
            let rows = parameters.table(table);
            for row in 0..rows.len() {
                assert!(rows.row(row).iter().all(|value| value.is_finite()), "{table:?} {row}");
            }
        }
        let scalars: &[f32] = bytemuck::cast_slice(std::slice::from_ref(&*parameters.scalars));
        assert!(scalars.iter().all(|value| value.is_finite()));
    }
}

/// Clicks on items by chance, one a second.
fn random_clicks(count: usize, actor: impl Fn(usize, &mut Event)) -> Vec<Event> {
    let at = shop()[BEFORE].ts;
    let mut draws = CounterRng::new(SEED, 50, 0);
    let names: Vec<Id> = Shop::new(ShopSettings { seed: SEED, items: ITEMS, ..ShopSettings::default() })
        .items()
        .map(|item| item.id)
        .collect();
    (0..count)
        .map(|n| {
            let mut click = event(n, "spammer", names[draws.below(names.len())].as_str(), later(at, n));
            actor(n, &mut click);
            click
        })
        .collect()
}

/// What a burst of a seventh of all events may cost. Measured: at most .0257 of the first 250 events (7 targets of
/// 258), .0051 of the first 1,000 (known shoppers, after random clicks) and .0044 of all; a fraction of a percent, and
/// 5 of 258 targets, is what any change of the stream does. The bounds are 12, 15 and 24 targets.
const LOSS_MAX: [f64; 3] = [0.045, 0.015, 0.006];

#[test]
fn a_burst_of_spam_costs_a_bounded_part_of_quality_and_is_forgotten() {
    let config = ModelConfig { dim: 32, ..ModelConfig::default() };
    let promoted = SpamSettings {
        shop: ShopSettings { seed: SEED, items: ITEMS, ..ShopSettings::default() },
        clicks: 2_000,
        start: shop()[BEFORE].ts,
    };
    let session = |name: String, click: &mut Event| {
        click.user = None;
        click.session = Some(id(&name));
    };
    let attacks: [(&str, Vec<Event>); 6] = [
        ("one user, random items", random_clicks(2_000, |_, _| {})),
        ("one session, random items", random_clicks(2_000, |_, click| session("bot".to_owned(), click))),
        ("2,000 sessions, random items", random_clicks(2_000, |n, click| session(format!("bot-{n}"), click))),
        (
            "2,000 sessions, one item",
            random_clicks(2_000, |n, click| {
                session(format!("bot-{n}"), click);
                click.item = id("sku-0400");
            }),
        ),
        ("one source, promoting five items", spam(promoted).collect()),
        ("one user, one item", random_clicks(2_000, |_, click| click.item = id("sku-0400"))),
    ];
    for who in [Who::Known, Who::Strangers] {
        let clean = recall_after(&[], who, &config);
        println!("{who:?} without an attack: {clean:.4?}");
        assert!(clean[2] > 0.5, "the shop can be learned, else nothing here means anything: {clean:?}");
        for (name, attack) in &attacks {
            let found = recall_after(attack, who, &config);
            let loss: Vec<f64> = clean.iter().zip(found).map(|(clean, found)| clean - found).collect();
            println!("{who:?} after {name}: {found:.4?}, loss {loss:.4?}");
            assert!(loss.iter().zip(LOSS_MAX).all(|(loss, most)| *loss < most), "{name}: {loss:?} of {clean:?}");
        }
    }
}

impl Model {
    /// Appends of 64. Every step is checked: bounded, and of a finite loss unless it was dropped.
    fn learn(&mut self, events: impl IntoIterator<Item = Event>) -> usize {
        let events: Vec<RecordBody> = events.into_iter().map(RecordBody::Event).collect();
        let most = 2 * self.state.config().step_targets;
        let mut quarantined = 0;
        for append in events.chunks(64) {
            for step in self.apply(append.to_vec()).steps {
                assert!(step.targets <= most, "{} targets, at most {most}", step.targets);
                assert!(step.quarantined || step.loss.is_finite() && step.gradient_norm.is_finite());
                quarantined += usize::from(step.quarantined);
            }
        }
        quarantined
    }
}

/// Goal: odd events are learned like any others, in steps of bounded size. Method: each kind of odd event after an
/// honest stream, then the honest stream goes on; every number stays finite, no step is dropped, and the rows there are
/// match.
#[test]
fn odd_events_neither_stop_learning_nor_leave_a_number_that_is_not_finite() {
    let at = shop()[BEFORE].ts;
    let year = |micros: i64| Timestamp::from_micros(micros).unwrap();
    let long = "x".repeat(255);
    let odd: Vec<(&str, Vec<Event>)> = vec![
        ("a basket of 10,000 items", (0..10_000).map(|n| event(n, "basket", &format!("b{n}"), at)).collect()),
        ("a basket of 5,000 times one item", (0..5_000).map(|n| event(n, "basket", "same", at)).collect()),
        (
            "20,000 events of one user",
            (0..20_000).map(|n| event(n, "much", &format!("m{}", n % 700), later(at, n))).collect(),
        ),
        ("all events on one item", (0..5_000).map(|n| event(n, &format!("u{n}"), "same", later(at, n))).collect()),
        (
            "the first and the last second that there are",
            (0..400)
                .map(|n| {
                    let ts = if n % 2 == 0 { Timestamp::MIN } else { Timestamp::MAX };
                    event(n, &format!("u{}", n % 3), &format!("t{}", n % 40), ts)
                })
                .collect(),
        ),
        (
            "time going backwards",
            (0..2_000)
                .map(|n| {
                    event(
                        n,
                        &format!("u{}", n % 5),
                        &format!("t{}", n % 50),
                        year(at.micros() - n as i64 * 3_600_000_000),
                    )
                })
                .collect(),
        ),
        (
            "ids that differ in one byte",
            (0..600)
                .map(|n| {
                    let last = char::from_u32(0x21 + n as u32 % 90).unwrap();
                    event(n, &format!("{long}{last}"), &format!("{long}{last}"), later(at, n))
                })
                .collect(),
        ),
    ];
    for (name, odd) in odd {
        // Sampled softmax, so that the size of a step does not follow the catalogue.
        let config = ModelConfig { dim: 16, full_softmax_below: 200, negatives: 128, ..ModelConfig::default() };
        let mut model = Model::new(config);
        let honest: Vec<Event> = shop().into_iter().take(3_000).collect();
        let mut quarantined = model.learn(honest[..2_000].to_vec());
        let items: std::collections::BTreeSet<Id> = honest.iter().chain(&odd).map(|event| event.item.clone()).collect();
        quarantined += model.learn(odd);
        assert_finite(&model.state);
        let before = Digester::new(&model.state).digest();
        quarantined += model.learn(honest[2_000..].to_vec());
        assert_ne!(Digester::new(&model.state).digest(), before);
        assert_finite(&model.state);
        assert_eq!(quarantined, 0, "{name}");
        assert_eq!(model.state.inference.counters.quarantined, 0, "{name}");
        assert_eq!(model.state.inference.catalog.len(), items.len(), "{name}: one row for each id");
        println!("{name}: {} steps scaled down", model.state.inference.counters.clipped);
    }
}

/// Goal: any configuration that is accepted learns without a number that is not finite, and any vector that is accepted
/// too. Method: the ends of every range, with kinds of extreme weights and imported rows of the greatest size.
#[test]
fn the_ends_of_every_setting_leave_finite_rows() {
    let rates = |rate: f32| {
        let text = serde_json::to_string(&ModelConfig::default().rates).unwrap();
        let mut all: BTreeMap<String, f32> = serde_json::from_str(&text).unwrap();
        all.values_mut().for_each(|value| *value = rate);
        serde_json::from_value(serde_json::to_value(all).unwrap()).unwrap()
    };
    let base = || {
        let mut config = ModelConfig { dim: 8, ..ModelConfig::default() };
        config.kinds =
            [("click", 1.0), ("cart", 100.0), ("purchase", -100.0)].map(|(k, w)| (k.to_owned(), w.into())).into();
        config
    };
    for (name, config) in [
        ("least dim", ModelConfig { dim: 4, ..base() }),
        ("greatest dim", ModelConfig { dim: 1024, negatives: 64, full_softmax_below: 0, ..base() }),
        ("greatest rates", ModelConfig { rates: rates(10.0), ..base() }),
        ("greatest rates, never scaled down", ModelConfig { rates: rates(10.0), clip_ratio: 1e6, ..base() }),
        ("no rates", ModelConfig { rates: rates(0.0), ..base() }),
        ("least clip", ModelConfig { clip_ratio: 1.0, ..base() }),
        ("least step", ModelConfig { step_targets: 1, ..base() }),
        ("greatest step", ModelConfig { step_targets: 1024, user_weight_max: 1e6, ..base() }),
        ("greatest history", ModelConfig { history: 200, ..base() }),
        ("least sample of gradients", ModelConfig { gradient_items: 16, ..base() }),
        ("greatest sample of gradients", ModelConfig { gradient_items: 65_536, ..base() }),
        ("least history", ModelConfig { history: 1, user_weight_max: 1.0, ..base() }),
        ("greatest l2", ModelConfig { l2: 1.0, ..base() }),
    ] {
        let mut model = Model::new(config);
        let dim = model.state.config().dim;
        let events: Vec<Event> = shop().into_iter().take(1_500).collect();
        let mut quarantined = model.learn(events[..700].to_vec());
        let huge = |n: usize| RowVector {
            into: VectorTable::Items,
            id: events[n].item.clone(),
            values: VectorValues::new((0..dim).map(|k| if k % 2 == 0 { 100.0 } else { -100.0 }).collect()),
        };
        model.apply((0..40).map(|n| RecordBody::PutVector(huge(n))));
        quarantined += model.learn(events[700..].to_vec());
        assert_finite(&model.state);
        println!("{name}: {quarantined} steps dropped, {} scaled down", model.state.inference.counters.clipped);
        assert_eq!(quarantined, 0, "{name}: nothing that is accepted makes a step that is not finite");
    }
}

/// Goal: a step with a number that is not finite touches no row and is counted, and learning goes on after it (P8).
/// Method: no accepted input makes one (see above), so a row is spoiled by hand.
#[test]
fn a_step_that_is_not_finite_touches_nothing_and_is_counted() {
    let mut model = Model::new(ModelConfig { dim: 16, ..ModelConfig::default() });
    let events: Vec<Event> = shop().into_iter().take(2_000).collect();
    assert_eq!(model.learn(events[..1_000].to_vec()), 0);
    let sound = model.state.inference.parameters.items.row(0).to_vec();
    model.state.inference.parameters.items.row_mut(0).fill(f32::MAX);
    let rows = |state: &State| -> Vec<Vec<f32>> {
        let tables = [LearnedTable::Items, LearnedTable::Last, LearnedTable::Users, LearnedTable::Bias];
        tables
            .into_iter()
            .flat_map(|table| {
                let rows = state.inference.parameters.table(table);
                (0..rows.len()).map(|row| rows.row(row).to_vec()).collect::<Vec<_>>()
            })
            .collect()
    };
    // Events of ids that are known, so that no row is new.
    let again: Vec<Event> = events[900..964].to_vec();
    let before = rows(&model.state);
    let targets = {
        let applied = model.apply(again.into_iter().map(RecordBody::Event));
        assert!(applied.steps.iter().all(|step| step.quarantined), "{applied:?}");
        applied.steps.iter().map(|step| step.targets as u64).sum::<u64>()
    };
    assert_eq!(rows(&model.state), before);
    assert_eq!(model.state.inference.counters.quarantined, targets);
    model.state.inference.parameters.items.row_mut(0).copy_from_slice(&sound);
    assert_eq!(model.learn(events[1_000..].to_vec()), 0);
    assert_finite(&model.state);
    assert_eq!(model.state.inference.counters.quarantined, targets, "counted once, and learning went on");
}
