//! Goal: a model that starts from vectors learned elsewhere recommends better than one that starts from chance, most of
//! all at first. Method: test-then-train over the second half of a generated shop, with item vectors that another model
//! learned from the first half; and over words as items and sentences as sessions, with the word vectors of
//! `SHELFMARK_TEST_DATASETS/wordvec` (ignored unless asked for). Those were trained on the same texts: an
//! upper bound. Figures are printed (`--nocapture`).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{io::Read, path::PathBuf};

use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_datasets::vectors::{
    Fit, FitSettings, ImportTargets, Moments, PreparedImport, VectorFile, VectorOptions,
};
use shelfmark_domain::{Event, Id, ModelConfig, RowVector, Timestamp, VectorTable, VectorValues};
use shelfmark_evaluation::{Protocol, Run, Stream};

const SETTINGS: FitSettings = FitSettings { scale: 0.2, centre: true, seed: 0 };

/// Recall@20 over all targets of the first `events`, as served: items without an event compete too.
fn recall(stream: &Stream, config: &ModelConfig, events: usize) -> f64 {
    let mut run = Run::new(stream, config.clone(), &Protocol { discard: 0.0, ..Protocol::default() }).unwrap();
    run.advance(events).unwrap();
    run.methods()[0].stats.whole.servable.recall()
}

#[test]
fn what_another_model_learned_in_a_shop_helps_the_next_one() {
    let config = ModelConfig { dim: 64, ..ModelConfig::default() };
    let settings = ShopSettings { seed: 5, ..ShopSettings::default() };
    println!("seed {}", settings.seed);
    let mut first: Vec<Event> = Shop::new(settings).take(16_000).collect();
    let second = first.split_off(8_000);
    let stream_of = |events: Vec<Event>| {
        let mut stream = Stream::default();
        events.into_iter().for_each(|event| assert!(stream.event(event, &config)));
        stream
    };
    let learned = stream_of(first);
    let teacher = ModelConfig { dim: 48, ..config.clone() };
    let mut run = Run::new(&learned, teacher, &Protocol { discard: 1.0, ..Protocol::default() }).unwrap();
    run.advance(8_000).unwrap();
    let state = run.finish().state;
    let vectors: Vec<(Id, Vec<f32>)> = (0..state.inference.catalog.len() as u32)
        .map(|row| {
            let mut vector = vec![0.0; 48];
            state.inference.item_vector(row, &mut vector);
            (state.inference.catalog.id(row).clone(), vector)
        })
        .collect();
    let mut moments = Moments::new(48, 64);
    vectors.iter().for_each(|(_, vector)| moments.add(vector));
    let fit = Fit::new(&moments, 64, &SETTINGS);

    let cold = stream_of(second);
    let mut warm = cold.clone();
    warm.vectors = vectors
        .into_iter()
        .map(|(id, vector)| RowVector { into: VectorTable::Items, id, values: VectorValues::new(fit.apply(&vector)) })
        .collect();
    for (events, gain) in [(1_000, 0.05), (4_000, 0.01)] {
        let (cold, warm) = (recall(&cold, &config, events), recall(&warm, &config, events));
        println!("first {events} events: from chance {cold:.4}, from vectors {warm:.4}");
        assert!(warm > cold + gain, "{events}: {cold} against {warm}");
    }
}

/// Words of sentences as events of sessions, a second apart.
fn sentences(text: &str, words_max: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for line in text.lines() {
        let abstract_of: serde_json::Value = serde_json::from_str(line).unwrap();
        let sentences = abstract_of["text"].as_str().unwrap().to_lowercase();
        for (number, sentence) in sentences.split(['.', '!', '?']).enumerate() {
            let session = Id::new("session", &format!("{}-{number}", events.len())).unwrap();
            for word in sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                if events.len() == words_max {
                    return events;
                }
                events.push(Event {
                    event_id: Id::new("event_id", &events.len().to_string()).unwrap(),
                    user: None,
                    session: Some(session.clone()),
                    item: Id::new("item", word).unwrap(),
                    kind: "click".to_owned(),
                    value: None,
                    ts: Timestamp::from_seconds(1.6e9 + events.len() as f64).unwrap(),
                    context: Vec::new(),
                    recommendation_id: None,
                    properties: None,
                });
            }
        }
    }
    events
}

/// The folder of a recorded data set. Its tests are ignored unless asked for, so a missing one is a failure.
fn dataset(name: &str) -> PathBuf {
    let datasets = std::env::var_os("SHELFMARK_TEST_DATASETS")
        .expect("set SHELFMARK_TEST_DATASETS to the folder of the recorded streams");
    let folder = PathBuf::from(datasets).join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn word_vectors_help_a_model_of_sentences() {
    let (abstracts, words) =
        (dataset("text/medical_abstracts.jsonl.gz"), dataset("wordvec/words_100d.word2vec.bin.gz"));
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(abstracts).unwrap()).read_to_string(&mut text).unwrap();
    let config = ModelConfig::default();
    let mut cold = Stream::default();
    sentences(&text, 5_000).into_iter().for_each(|event| assert!(cold.event(event, &config)));
    let targets = ImportTargets::new(VectorTable::Items, cold.rows(VectorTable::Items, config.words), false);
    let open = || VectorFile::open(&words, &VectorOptions::default()).unwrap();
    let prepared = PreparedImport::read(open(), &targets, config.dim, &SETTINGS).unwrap();
    let mut warm = cold.clone();
    prepared
        .hand_over(open(), |_, row| {
            warm.vectors.push(row);
            Ok::<(), shelfmark_datasets::vectors::VectorError>(())
        })
        .unwrap();
    for (events, gain) in [(1_000, 0.02), (5_000, 0.01)] {
        let (cold, warm) = (recall(&cold, &config, events), recall(&warm, &config, events));
        println!("first {events} words: from chance {cold:.4}, from word vectors {warm:.4}");
        assert!(warm > cold + gain, "{events}: {cold} against {warm}");
    }
}
