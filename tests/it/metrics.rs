//! Goal: the page of metrics, their descriptions in the code, and what `/metrics` answers are the same. Method: render
//! the page, and scrape the running binary on a real Postgres while it learns, searches, splits readers and guards.
//!
//! `SHELFMARK_UPDATE_DOCS=1 cargo test --test it metrics` writes the page.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::http_support::{PATIENCE, Service, answered};
use reqwest::Method;
use serde_json::json;
use shelfmark::app::metric_sections;
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::Event;
use shelfmark_metrics::{MetricInfo, MetricKind, reference_page};

/// Metrics without a value in this test, each with the reason.
const UNSEEN: [(&str, &str); 2] = [
    ("shelfmark_guard_actions_total", "the guard of this test has no reason to act"),
    ("shelfmark_memory_refused_total", "memory has no budget"),
];

fn all() -> impl Iterator<Item = MetricInfo> {
    metric_sections().into_iter().flat_map(|section| section.metrics.iter().copied())
}

#[test]
fn the_page_is_generated_from_the_descriptions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/metrics.md");
    let page = reference_page(&metric_sections());
    if std::env::var_os("SHELFMARK_UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("written");
    }
    let found = std::fs::read_to_string(path).expect("a readable page");
    for (line, (found, expected)) in found.lines().zip(page.lines()).enumerate() {
        assert_eq!(found, expected, "docs/reference/metrics.md, line {}; SHELFMARK_UPDATE_DOCS=1 mends it", line + 1);
    }
    assert_eq!(found.len(), page.len(), "docs/reference/metrics.md is not as long as what is generated");
}

#[test]
fn names_tell_type_and_unit_and_help_texts_stand_in_a_table() {
    let mut names = BTreeSet::new();
    for MetricInfo { name, kind, unit, help, .. } in all() {
        assert!(names.insert(name), "{name} is described twice");
        assert!(name.starts_with("shelfmark_"), "{name}");
        assert!(!name.ends_with("_total") || kind == MetricKind::Counter, "{name} is a {}", kind.name());
        for suffix in ["seconds", "bytes", "ratio"] {
            assert!(!name.ends_with(&format!("_{suffix}")) || unit == suffix, "{name} is in {unit}");
        }
        assert_eq!(kind == MetricKind::Histogram, name.ends_with("_seconds") && kind != MetricKind::Gauge, "{name}");
        let sentence = help.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) && !help.ends_with('.');
        assert!(sentence && !help.contains(['|', '\n', '\\', '"']), "{name}: {help}");
    }
}

/// One family of a scrape.
#[derive(Default)]
struct Family {
    kind: String,
    help: String,
    /// Values of each label of its samples.
    labels: BTreeMap<String, BTreeSet<String>>,
    samples: usize,
}

/// Parses the text format, as far as the service uses it.
fn parse(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# ") {
            let (keyword, rest) = rest.split_once(' ').expect("a keyword");
            let (name, said) = rest.split_once(' ').expect("a name");
            let family = families.entry(name.to_owned()).or_default();
            match keyword {
                "HELP" => said.clone_into(&mut family.help),
                "TYPE" => said.clone_into(&mut family.kind),
                _ => panic!("unknown comment: {line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').expect("a value");
        value.parse::<f64>().unwrap_or_else(|_| panic!("not a number: {line}"));
        let (name, labels) =
            sample.split_once('{').map_or((sample, ""), |(name, rest)| (name, rest.trim_end_matches('}')));
        // Distributions have three names and a label of their own.
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|suffix| name.strip_suffix(suffix));
        let whole = parts.chain([name]).find(|name| families.contains_key(*name));
        let family = families.get_mut(whole.unwrap_or_else(|| panic!("no TYPE before {line}"))).expect("found");
        family.samples += 1;
        // No value of the test has a comma.
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once('=').expect("a label");
            let own = (family.kind == "histogram" && key == "le") || (family.kind == "summary" && key == "quantile");
            if !own {
                family.labels.entry(key.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
            }
        }
    }
    families
}

async fn scrape(service: &Service) -> BTreeMap<String, Family> {
    let text = service.get("/metrics").await;
    parse(text.as_str().expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_answers_what_the_descriptions_say() {
    let backups = tempfile::tempdir().expect("a folder");
    let backups = format!("file://{}", backups.path().display());
    let args = [
        &["--quality-percent", "100", "--guard-percent", "100", "--survey-every-seconds", "1"][..],
        &["--backup-to", &backups],
    ]
    .concat();
    let service = Service::start(&crate::support::database().await, &args).await;
    let mut shop = Shop::new(ShopSettings { items: 120, shoppers: 60, ..ShopSettings::default() });
    let items: Vec<_> = shop.items().collect();
    service.post("items?wait=applied&timeout_ms=30000", &json!({"items": items}), 200).await;
    let mut learn = async |count: usize| {
        let events: Vec<Event> = shop.by_ref().take(count).collect();
        let user = events[0].user.clone();
        service.post("events?wait=applied&timeout_ms=30000", &json!({"events": events}), 200).await;
        service.post("recommendations", &json!({"user": user, "limit": 5}), 200).await;
    };
    learn(1000).await;
    service.post("versions", &json!({}), 201).await;
    let split = json!({"split": [{"version": 1, "percent": 50}, {"live": true, "percent": 50}]});
    answered(service.request(Method::PUT, "serving").json(&split), 200).await;
    // It acts at no fall that this test can cause.
    let guard = json!({"metric": "recall", "action": "freeze", "drop": 0.9, "reference": 1});
    answered(service.request(Method::PUT, "guard").json(&guard), 200).await;

    let unseen: BTreeSet<&str> = UNSEEN.iter().map(|(name, _)| *name).collect();
    let deadline = Instant::now() + PATIENCE;
    let families = loop {
        learn(100).await;
        let families = scrape(&service).await;
        let has = |name| families.get(name).is_some_and(|family: &Family| family.samples > 0);
        let missing: Vec<&str> =
            all().map(|metric| metric.name).filter(|name| !unseen.contains(name) && !has(*name)).collect();
        if missing.is_empty() {
            break families;
        }
        assert!(Instant::now() < deadline, "/metrics does not have {missing:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };

    let described: BTreeMap<&str, MetricInfo> = all().map(|metric| (metric.name, metric)).collect();
    for (name, family) in families {
        let metric = described.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not described"));
        assert_eq!(family.kind, metric.kind.name(), "the type of {name}");
        assert_eq!(family.help, metric.help, "the help text of {name}");
        let labels: BTreeSet<&str> = metric.labels.iter().map(|label| label.name).collect();
        assert!(family.labels.keys().map(String::as_str).eq(labels), "{name} has {:?}", family.labels);
        for label in metric.labels.iter().filter(|label| !label.values.is_empty()) {
            let unknown: Vec<&String> =
                family.labels[label.name].iter().filter(|value| !label.values.contains(&value.as_str())).collect();
            assert!(unknown.is_empty(), "{name}, label {}: {unknown:?} are not described", label.name);
        }
    }
}
