//! Goal: dense vectors make items findable before their first event, and do no harm elsewhere. Method: test-then-train
//! as `shelfmark evaluate` does it, tokens off, with the dense vectors on and off; cold items are counted as served. A
//! small generated stream decides; the figures of docs/LEARNING.md come from the generated shop and, with
//! `SHELFMARK_TEST_DATASETS` (ignored unless asked for), from other people's data, whose metadata is turned into
//! vectors by a seeded random projection.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::path::PathBuf;

use shelfmark_datasets::feeds::{Feed, FeedBody, FeedOptions, Shop, ShopSettings};
use shelfmark_domain::{Event, Id, Item, ModelConfig, PropertyValue, Timestamp};
use shelfmark_evaluation::{Protocol, Run, Stream};
use shelfmark_state::CounterRng;

/// Numbers of a vector made from metadata.
const INPUTS: usize = 64;

/// Recall@20 of all targets, of novel ones, and of cold items as served.
fn recall(stream: &Stream, config: ModelConfig) -> [f64; 3] {
    let mut run = Run::new(stream, config, &Protocol::default()).unwrap();
    run.advance(stream.events.len()).unwrap();
    let evaluated = run.finish();
    let stats = &evaluated.prequential.methods()[0].stats;
    let cold = &stats.item_shots[0].servable;
    assert!(cold.targets > 50, "there are cold items: {}", cold.targets);
    [stats.whole.all.recall(), stats.whole.novel.recall(), cold.recall()]
}

/// Both, without tokens.
fn with_and_without(name: &str, stream: &Stream, config: &ModelConfig) -> [[f64; 3]; 2] {
    let run = |modalities| recall(stream, ModelConfig { modalities, tokens: false, ..config.clone() });
    let (with, without) = (run(true), run(false));
    println!("{name}: all / novel / cold items as served: with vectors {with:.4?}, without {without:.4?}");
    [with, without]
}

fn normal(draws: &mut CounterRng, length: usize) -> Vec<f32> {
    (0..length).map(|_| draws.normal()).collect()
}

/// 1,200 items of 12 tastes, whose vectors are the taste's plus half as much noise; 60 users, each of two tastes. A
/// third of the events go to an item that nobody met before, until there is none.
fn tastes(seed: u64) -> Stream {
    println!("seed {seed}");
    let mut draws = CounterRng::new(seed, 31, 0);
    let centres: Vec<Vec<f32>> = (0..12).map(|_| normal(&mut draws, 16)).collect();
    let mut stream = Stream::default();
    let mut shelves: Vec<Vec<Id>> = vec![Vec::new(); 12];
    for n in 0..1_200 {
        let mut item = Item::bare(Id::new("id", &format!("i{n}")).unwrap());
        let noise = normal(&mut draws, 16);
        item.vectors
            .insert("image".into(), centres[n % 12].iter().zip(noise).map(|(x, noise)| x + 0.5 * noise).collect());
        shelves[n % 12].push(item.id.clone());
        stream.item(item);
    }
    let mut met = [0; 12];
    for n in 0..3_000_u64 {
        let user = draws.below(60);
        let taste = [user % 12, user / 12 * 5 % 12][draws.below(2)];
        let number = if met[taste] == 0 || (draws.below(3) == 0 && met[taste] < 100) {
            met[taste] += 1;
            met[taste] - 1
        } else {
            draws.below(met[taste])
        };
        let event = Event {
            event_id: Id::new("event_id", &n.to_string()).unwrap(),
            user: Some(Id::new("user", &format!("u{user}")).unwrap()),
            session: None,
            item: shelves[taste][number].clone(),
            kind: "click".into(),
            value: None,
            ts: Timestamp::from_seconds((1_000_000 + n * 60) as f64).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        assert!(stream.event(event, &ModelConfig::default()));
    }
    stream
}

#[test]
fn vectors_that_carry_the_taste_make_cold_items_findable() {
    let config = ModelConfig { dim: 32, ..ModelConfig::default() };
    for seed in 0..3 {
        let [with, without] = with_and_without("tastes", &tastes(seed), &config);
        assert!(with[2] > 0.04 && with[2] > 3.0 * without[2], "cold items: {with:?} against {without:?}");
        assert!(with[1] > without[1] - 0.01, "novel: {with:?} against {without:?}");
    }
}

/// Metadata as one vector: the sum of a random direction for each category, word, brand, category id and price bucket.
fn vector_of(item: &Item) -> Option<Vec<f32>> {
    let lower = |text: &str| text.to_lowercase();
    let mut words: Vec<String> =
        item.categories.iter().chain(&item.tags).map(|label| format!("c:{}", lower(label))).collect();
    let title = lower(item.title.as_deref().unwrap_or_default());
    words.extend(
        title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| format!("t:{word}")),
    );
    for name in ["brand", "category_id", "year", "price"] {
        match item.properties.get(name) {
            Some(PropertyValue::Text(text)) => words.push(format!("{name}:{}", lower(text))),
            Some(PropertyValue::Number(number)) => {
                words.push(format!("{name}:{}", (2.0 * number.as_f64().max(0.01).log2()).floor()))
            }
            Some(PropertyValue::Flag(_) | PropertyValue::List(_)) | None => {}
        }
    }
    words.sort();
    words.dedup();
    let mut sum = vec![0.0; INPUTS];
    for word in &words {
        let mut draws = CounterRng::new(0, 32, xxhash_rust::xxh3::xxh3_64(word.as_bytes()));
        sum.iter_mut().zip(normal(&mut draws, INPUTS)).for_each(|(sum, value)| *sum += value);
    }
    (!words.is_empty()).then_some(sum)
}

fn with_vectors(mut item: Item) -> Item {
    item.vectors = vector_of(&item).map(|vector| ("metadata".to_owned(), vector)).into_iter().collect();
    item
}

#[test]
fn the_generated_shop_gains_from_vectors() {
    // Its shoppers come back to a new item within the visit, so that the repeat tables find "cold" items: novel ones
    // tell.
    let mut shop = Shop::new(ShopSettings { items: 3_000, ..ShopSettings::default() });
    let mut stream = Stream::default();
    shop.items().for_each(|item| stream.item(with_vectors(item)));
    for event in shop.by_ref().take(8_000) {
        assert!(stream.event(event, &ModelConfig::default()));
    }
    let [with, without] = with_and_without("shop", &stream, &ModelConfig::default());
    assert!(with[1] > without[1], "novel: {with:?} against {without:?}");
}

/// The folder of a recorded data set. Its tests are ignored unless asked for, so a missing one is a failure.
fn dataset(name: &str) -> PathBuf {
    let datasets = std::env::var_os("SHELFMARK_TEST_DATASETS")
        .expect("set SHELFMARK_TEST_DATASETS to the folder of the recorded streams");
    let folder = PathBuf::from(datasets).join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

fn set(name: &str) -> Stream {
    let folder = dataset(name);
    let mut stream = Stream::default();
    for file in ["items.jsonl.gz", "events.jsonl.gz"] {
        for entry in Feed::open(&folder.join(file), &FeedOptions::default()).unwrap() {
            match entry.unwrap().body {
                FeedBody::Item(item) => stream.item(with_vectors(item)),
                FeedBody::Event(event) => assert!(stream.event(event, &ModelConfig::default())),
            }
        }
    }
    stream
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn rees46_finds_cold_items_by_their_vectors() {
    let stream = set("rees46_sample");
    let [with, without] = with_and_without("rees46_sample", &stream, &ModelConfig::default());
    assert!(with[2] > 0.08 && without[2] < 0.01, "cold items: {with:?} against {without:?}");
    assert!(with[0] > without[0] + 0.02 && with[1] > without[1] + 0.03, "{with:?} against {without:?}");
    let tokens = |modalities| recall(&stream, ModelConfig { modalities, ..ModelConfig::default() });
    println!("with tokens: with vectors {:.4?}, without {:.4?}", tokens(true), tokens(false));
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn online_retail_loses_nothing_by_vectors_that_say_little() {
    let stream = set("online_retail");
    let [with, without] = with_and_without("online_retail", &stream, &ModelConfig::default());
    assert!(with[0] > without[0] - 0.002 && with[1] > without[1] - 0.002, "{with:?} against {without:?}");
}
