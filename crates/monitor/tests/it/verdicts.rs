//! Goal: each failure of learning gets its verdict, and a healthy model is `healthy`. Method: the production learner on
//! a generated shop, with one fault at a time; then, where they are present, all events of the real data sets, judged
//! at regular intervals.

use std::path::{Path, PathBuf};

use shelfmark_datasets::feeds::{Feed, FeedBody, FeedOptions, Shop, ShopSettings};
use shelfmark_domain::{Event, Item, ModelConfig, RecordBody, Timestamp};
use shelfmark_learner::Learner;
use shelfmark_monitor::health::{Health, Verdict, judge};
use shelfmark_state::{CounterRng, Digester, LearnedTable, State};

use crate::health_support::{Watched, event};

fn small() -> ModelConfig {
    ModelConfig { dim: 16, ..ModelConfig::default() }
}

/// The same configuration with every learning rate multiplied.
fn with_rates(factor: f32) -> ModelConfig {
    let mut config = small();
    let rates = &mut config.rates;
    for rate in [
        &mut rates.items,
        &mut rates.last,
        &mut rates.users,
        &mut rates.tokens,
        &mut rates.context,
        &mut rates.bias,
        &mut rates.history,
        &mut rates.parts,
        &mut rates.repeat,
        &mut rates.memory,
        &mut rates.popularity,
    ] {
        *rate = (*rate * factor).min(10.0);
    }
    config
}

/// A shop's catalogue and events, learned.
fn shop(config: ModelConfig, events: usize) -> Watched {
    let shop = Shop::new(ShopSettings { items: 300, shoppers: 150, ..ShopSettings::default() });
    let mut watched = Watched::new(config);
    watched.append(shop.items().map(RecordBody::PutItem));
    watched.learn(shop.take(events));
    watched
}

fn verdict_of(health: &Health, table: LearnedTable) -> (Verdict, &str) {
    let of = health.tables.iter().find(|of| of.figures.table == table).expect("every table is there");
    (of.finding.verdict, &of.finding.because)
}

#[test]
fn a_model_that_learns_a_shop_is_healthy_and_one_that_saw_little_is_not_judged() {
    let health = shop(small(), 12_000).health();
    println!("{:?}", health.finding);
    assert_eq!(health.finding.verdict, Verdict::Healthy);
    assert!(health.tables.iter().all(|table| table.finding.verdict == Verdict::Healthy));
    assert!(health.recent.loss_to_chance.expect("steps were taken") < 1.0);
    let few = shop(small(), 200).health();
    assert_eq!(few.finding.verdict, Verdict::Unknown, "{}", few.finding.because);
    assert_eq!(Watched::new(small()).health().finding.verdict, Verdict::Unknown);
}

#[test]
fn rates_near_0_and_gradients_that_underflow_are_vanishing() {
    let health = shop(with_rates(1e-6), 6000).health();
    println!("{:?}", health.finding);
    assert_eq!(health.finding.verdict, Verdict::Vanishing);
    for table in [LearnedTable::Items, LearnedTable::Last, LearnedTable::Users, LearnedTable::Tokens] {
        assert_eq!(verdict_of(&health, table).0, Verdict::Vanishing, "{}", table.name());
    }
    // Weights so small that updates are lost in the values of the rows.
    let mut config = small();
    config.kinds.values_mut().for_each(|weight| *weight = 1e-20.into());
    let health = shop(config, 6000).health();
    println!("{:?}", verdict_of(&health, LearnedTable::Items));
    assert_eq!(health.finding.verdict, Verdict::Vanishing);
    assert!(health.tables[0].figures.still_share.expect("watched") > 0.9);
}

#[test]
fn an_absurd_rate_is_exploding() {
    let health = shop(with_rates(60.0), 6000).health();
    println!("{:?}", health.finding);
    assert_eq!(health.finding.verdict, Verdict::Exploding);
    // One table alone, which the loss of the whole shows too.
    let mut config = small();
    config.rates.items = 10.0;
    let health = shop(config, 6000).health();
    println!("{:?}", health.finding);
    assert_eq!(health.finding.verdict, Verdict::Exploding);
}

/// Two thousand items in twenty circles; everybody keeps to one circle. Midway every item takes the place of another.
#[test]
fn meanings_permuted_midway_are_drifting_and_are_learned_anew() {
    const PERMUTED_AT: u64 = 20_000;
    let mut draws = CounterRng::new(7, 1, 1);
    let mut events = (0..60_000).map(|n| {
        let user = draws.below(600);
        let item = user % 20 + 20 * draws.below(100);
        let item = if n < PERMUTED_AT { item } else { (item * 777 + 31) % 2000 };
        event(n, &format!("u{user}"), &format!("i{item}"))
    });
    let mut watched = Watched::new(small());
    watched.learn(events.by_ref().take(PERMUTED_AT as usize));
    let health = watched.health();
    assert_eq!(health.finding.verdict, Verdict::Healthy, "{}", health.finding.because);
    let mut found = Vec::new();
    for _ in 0..8 {
        watched.learn(events.by_ref().take(512));
        found.push(watched.health().finding);
    }
    println!("{found:#?}");
    assert!(found.iter().any(|finding| finding.verdict == Verdict::Drifting));
    assert!(found.iter().all(|finding| finding.verdict != Verdict::Vanishing));
    watched.learn(events);
    let health = watched.health();
    assert_eq!(health.finding.verdict, Verdict::Healthy, "{}", health.finding.because);
}

#[test]
fn tables_and_rows_that_nobody_meets_are_sparse() {
    // Strangers who never come back: no item is ever the last one of anybody.
    let mut watched = Watched::new(small());
    watched.learn((0..5000).map(|n| event(n, &format!("u{n}"), &format!("i{}", n % 150))));
    let health = watched.health();
    println!("{:?}", verdict_of(&health, LearnedTable::Last));
    assert_eq!(verdict_of(&health, LearnedTable::Last).0, Verdict::Sparse);
    assert_eq!(verdict_of(&health, LearnedTable::Items).0, Verdict::Healthy);

    // Users are known, and then only sessions come.
    let mut watched = Watched::new(small());
    watched.learn((0..6000).map(|n| {
        let mut event = event(n, &format!("u{}", n % 50), &format!("i{}", n * n % 97));
        if n > 2000 {
            event.session = event.user.take();
        }
        event
    }));
    let health = watched.health();
    println!("{:?}", verdict_of(&health, LearnedTable::Users));
    assert_eq!(verdict_of(&health, LearnedTable::Users).0, Verdict::Sparse);
    assert_eq!(health.finding.verdict, Verdict::Sparse);
}

/// Thousands of items that were met once, among few that are met all the time, and hardly any negatives.
#[test]
fn items_that_no_step_touches_any_more_are_stale() {
    let config = ModelConfig { dim: 4, full_softmax_below: 0, negatives: 16, step_targets: 1024, ..small() };
    let mut watched = Watched::new(config);
    let learn = |watched: &mut Watched, people: &str, from: u64, to: u64, items: u64| {
        for start in (from..to).step_by(4096) {
            let event = |n| event(n, &format!("{people}{}", n % 40), &format!("i{}", n % items));
            watched.append((start..to.min(start + 4096)).map(|n| RecordBody::Event(event(n))));
        }
    };
    learn(&mut watched, "early", 0, 4000, 4000);
    let health = watched.health();
    assert!(verdict_of(&health, LearnedTable::Items).0 <= Verdict::Healthy);
    learn(&mut watched, "late", 4000, 105_000, 5);
    let health = watched.health();
    println!("{:?}", verdict_of(&health, LearnedTable::Items));
    assert_eq!(verdict_of(&health, LearnedTable::Items).0, Verdict::Sparse);
    let survey = watched.survey.as_ref().expect("looked");
    assert_eq!(survey.stale.len(), 50);
    assert!(survey.stale.iter().all(|row| row.touched_at.is_some() && row.item.as_str() != "i1"));
}

/// Goal: watching costs no bit of the state (P4). Method: the same shop, watched always, as usual and never.
#[test]
fn watching_changes_no_digest() {
    let digest = |every: u32| {
        let shop = Shop::new(ShopSettings { items: 100, shoppers: 50, ..ShopSettings::default() });
        let mut watched = Watched::new(small());
        watched.learner = Learner::with_statistics_every(every);
        watched.append(shop.items().map(RecordBody::PutItem));
        watched.learn(shop.take(1500));
        watched.look();
        Digester::new(&watched.state).digest()
    };
    assert_eq!(digest(0), digest(1));
    assert_eq!(digest(0), digest(8));
}

/// Goal: a step's figures are those of its states. Method: one step, compared with sums over all rows before and after.
#[test]
fn a_steps_figures_are_those_of_the_rows_before_and_after() {
    let mut watched = Watched::new(small());
    watched.learn((0..2000).map(|n| event(n, &format!("u{}", n % 30), &format!("i{}", n * n % 83))));
    watched.learner = Learner::with_statistics_every(1);
    let before = watched.state.clone();
    watched.series = Default::default();
    watched.learn((2000..2040).map(|n| event(n, &format!("u{}", n % 30), &format!("i{}", n * n % 83))));
    let sums = watched.series.open();
    assert_eq!((sums.steps, sums.clipped), (1, 0), "one step, or nothing can be compared");
    for table in [LearnedTable::Items, LearnedTable::Last, LearnedTable::Users, LearnedTable::Bias] {
        let rows = |state: &State| -> Vec<f32> {
            let rows = state.inference.parameters.table(table);
            (0..rows.len()).flat_map(|row| rows.row(row).to_vec()).collect()
        };
        let mass = |state: &State| -> f64 {
            let rows = state.accumulators.table(table);
            (0..rows.len()).flat_map(|row| rows.row(row)).map(|sum| f64::from(*sum)).sum()
        };
        let pairs = rows(&before).into_iter().zip(rows(&watched.state));
        let moved: f64 = pairs.map(|(old, new)| f64::from(new - old).powi(2)).sum();
        let close = |a: f64, b: f64, what: &str| {
            assert!((a - b).abs() <= 1e-3 * b.abs(), "{} {what}: {a} against {b}", table.name());
        };
        let seen = sums.table(table);
        close(seen.update, moved, "update");
        close(seen.gradient, mass(&watched.state) - mass(&before), "gradient, from what the accumulators grew by");
        assert!(seen.rows > 0 && seen.weights > 0.0);
    }
}

fn read(folder: &Path, name: &str) -> impl Iterator<Item = FeedBody> {
    let feed = Feed::open(&folder.join(name), &FeedOptions::default()).expect("a readable file");
    feed.filter_map(Result::ok).map(|entry| entry.body)
}

/// Users' sequences without times: one event each in turn, a second apart.
fn sequences(folder: &Path) -> Vec<Event> {
    use std::io::BufRead;
    let file = std::fs::File::open(folder.join("sequences.jsonl.gz")).expect("a readable file");
    let lines = std::io::BufReader::new(flate2::read::MultiGzDecoder::new(file)).lines();
    let people: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect();
    let mut placed: Vec<(usize, String, String)> = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let items = person["items"].as_array().expect("a list");
        let user = person["user"].as_str().expect("a user");
        // Spread over the whole time, so that people come and go.
        let start = number * 7919 % (people.len() * 4);
        for (n, item) in items.iter().enumerate() {
            placed.push((start + n * 997, user.to_owned(), item.as_str().expect("an item").to_owned()));
        }
    }
    placed.sort();
    let at = |n: u64| Timestamp::from_seconds(1e9 + n as f64).expect("a time");
    placed.iter().zip(0..).map(|((_, user, item), n)| Event { ts: at(n), ..event(n, user, item) }).collect()
}

/// The folder of a recorded data set. Its tests are ignored unless asked for, so a missing one is a failure.
fn dataset(name: &str) -> PathBuf {
    let datasets = std::env::var_os("SHELFMARK_TEST_DATASETS")
        .expect("set SHELFMARK_TEST_DATASETS to the folder of the recorded streams");
    let folder = PathBuf::from(datasets).join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

/// Goal: no cry of wolf. Method: all events of every data set, learned as by default in appends of 256 and judged every
/// 32 appends; prints how near each threshold came.
#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn real_streams_are_healthy_all_along() {
    for set in ["online_retail", "ml100k", "rees46_sample", "taobao_sample", "beauty_sequences"] {
        let folder = dataset(set);
        let items = read(&folder, "items.jsonl.gz").filter_map(|body| match body {
            FeedBody::Item(item) => Some(item),
            FeedBody::Event(_) => None,
        });
        let items: Vec<Item> = items.collect();
        let events: Vec<Event> = if set == "beauty_sequences" {
            sequences(&folder)
        } else {
            read(&folder, "events.jsonl.gz")
                .filter_map(|body| match body {
                    FeedBody::Event(event) => Some(event),
                    FeedBody::Item(_) => None,
                })
                .collect()
        };
        let mut watched = Watched::new(ModelConfig::default());
        for chunk in items.chunks(256) {
            watched.append(chunk.iter().cloned().map(RecordBody::PutItem));
        }
        let mut worst = Worst::default();
        for (number, chunk) in events.chunks(256).enumerate() {
            watched.append(chunk.iter().cloned().map(RecordBody::Event));
            if number % 8 == 7 {
                if number % 32 == 31 {
                    watched.look();
                }
                let health = judge(&watched.series, watched.survey.as_ref(), watched.state.config().dim);
                worst.add(&health);
                assert!(health.finding.verdict <= Verdict::Healthy, "{set} at {}: {:?}", watched.head, health.finding);
            }
        }
        println!("{set}: {} events, {worst:?}", events.len());
        assert_eq!(watched.health().finding.verdict, Verdict::Healthy);
    }
}

/// The extremes of the figures that verdicts look at.
#[derive(Debug)]
struct Worst {
    loss_to_chance: f64,
    clipped_share: f64,
    advantage_left: f64,
    update_ratio_items: f64,
    still_share: f64,
    untouched_share: f64,
    norm: f32,
}

impl Default for Worst {
    fn default() -> Self {
        Self {
            loss_to_chance: 0.0,
            clipped_share: 0.0,
            advantage_left: f64::INFINITY,
            update_ratio_items: f64::INFINITY,
            still_share: 0.0,
            untouched_share: 0.0,
            norm: 0.0,
        }
    }
}

impl Worst {
    fn add(&mut self, health: &Health) {
        if health.finding.verdict == Verdict::Unknown {
            return;
        }
        let (recent, before) = (&health.recent, &health.before);
        let to_chance = recent.loss_to_chance.expect("judged");
        self.loss_to_chance = self.loss_to_chance.max(to_chance);
        self.clipped_share = self.clipped_share.max(recent.clipped as f64 / recent.steps as f64);
        if before.targets >= 4096 {
            let advantage = 1.0 - before.loss_to_chance.expect("judged");
            self.advantage_left = self.advantage_left.min((1.0 - to_chance) / advantage.max(0.05));
        }
        self.update_ratio_items =
            self.update_ratio_items.min(health.tables[0].figures.update_ratio.unwrap_or(f64::INFINITY));
        for table in &health.tables {
            self.still_share = self.still_share.max(table.figures.still_share.unwrap_or(0.0));
            if let Some(survey) = &table.survey {
                self.untouched_share = self.untouched_share.max(survey.untouched_share().unwrap_or(0.0));
                self.norm = self.norm.max(survey.norms.map_or(0.0, |norms| norms.p99));
            }
        }
    }
}
