//! Goal: the learner reaches the recall that the published experiments found for this rule (docs/LEARNING.md).
//! Method: `shelfmark evaluate`'s own test-then-train over a whole data set, through the production code path; every
//! unit ranks all items known so far before it is learned; the first tenth is not counted. Ignored unless asked
//! for (`--ignored`): needs `SHELFMARK_TEST_DATASETS`, a folder with `<set>/events.jsonl.gz` and
//! `<set>/items.jsonl.gz`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::path::PathBuf;

use shelfmark_datasets::feeds::{Feed, FeedBody, FeedOptions};
use shelfmark_domain::ModelConfig;
use shelfmark_evaluation::{Protocol, Report, Run, Stream};

/// The folder of a recorded data set. Its tests are ignored unless asked for, so a missing one is a failure.
fn dataset(name: &str) -> PathBuf {
    let datasets = std::env::var_os("SHELFMARK_TEST_DATASETS")
        .expect("set SHELFMARK_TEST_DATASETS to the folder of the recorded streams");
    let folder = PathBuf::from(datasets).join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

fn recall(set: &str, config: ModelConfig) -> [f64; 2] {
    let set_folder = dataset(set);
    let mut stream = Stream::default();
    for file in ["items.jsonl.gz", "events.jsonl.gz"] {
        for entry in Feed::open(&set_folder.join(file), &FeedOptions::default()).unwrap() {
            match entry.unwrap().body {
                FeedBody::Item(item) => stream.item(item),
                FeedBody::Event(event) => assert!(stream.event(event, &config)),
            }
        }
    }
    assert!(stream.refused.is_empty() && stream.duplicates == 0);
    let protocol = Protocol::default();
    let mut run = Run::new(&stream, config, &protocol).unwrap();
    run.advance(stream.events.len()).unwrap();
    let report = Report::new(&stream, &protocol, &run.finish());
    println!("{set}: {report}");
    let whole = &report.model().whole;
    [whole.all.recall(), whole.novel.recall()]
}

/// The figures are of a float-for-float different implementation with other initial values: 0.003 as the rule's own
/// variation between seeds.
fn assert_near(found: [f64; 2], expected: [f64; 2]) {
    for which in 0..2 {
        assert!(found[which] > expected[which] - 0.003, "{found:?} against {expected:?}");
    }
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn movielens_reaches_the_published_recall() {
    // As published: every rating is a target, whatever its stars.
    let mut config = ModelConfig::default();
    config.kinds.insert("rating".to_owned(), 1.0.into());
    assert_near(recall("ml100k", config), [0.3276, 0.3276]);
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn online_retail_reaches_the_published_recall() {
    assert_near(recall("online_retail", ModelConfig::default()), [0.1569, 0.0912]);
}

#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn rees46_reaches_the_published_recall() {
    assert_near(recall("rees46_sample", ModelConfig::default()), [0.4221, 0.1760]);
}
