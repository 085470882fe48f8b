//! Goal: when one source's nonsense halves what the model is worth to people, the guard returns to the version before,
//! by itself and within its window, and says why; before that, and for longer, it stays still. Method: the running
//! binary on a real Postgres and a generated shop whose shoppers go on shopping; the source reports conversions of any
//! item by accounts of its own, and the configuration weighs a conversion as a hundred clicks. (Thousands of plain
//! clicks do this model no harm that could be measured, see docs/LEARNING.md.) Then the log is replayed without the
//! source: a control that never met it says what recall has to be.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::Event;

const SHOPPERS: usize = 80;
const CONFIG: &str = r#"{"dim": 16, "step_targets": 16, "user_weight_max": 1000000,
    "kinds": {"click": 1, "cart": 1, "purchase": 1, "conversion": 100}}"#;
/// Samples within which the fall has to show.
const WINDOW: u64 = 800;

/// The shop and the source.
struct Town {
    shop: Shop,
    items: Vec<String>,
    /// Events that people made so far.
    shopped: usize,
    nonsense: u64,
}

impl Town {
    fn new() -> Self {
        let shop = Shop::new(ShopSettings { seed: 7, items: 400, shoppers: SHOPPERS, ..ShopSettings::default() });
        let items = shop.items().map(|item| item.id.as_str().to_owned()).collect();
        Self { shop, items, shopped: 0, nonsense: 0 }
    }

    /// What shoppers do next.
    fn shopping(&mut self, count: usize) -> Vec<Event> {
        self.shopped += count;
        self.shop.by_ref().take(count).collect()
    }

    /// A conversion that nobody made.
    fn nonsense(&mut self) -> Value {
        self.nonsense += 1;
        let draw = xxhash_rust::xxh3::xxh3_64(&self.nonsense.to_le_bytes()) as usize;
        json!({
            "event_id": format!("partner-{}", self.nonsense), "session": "partner", "kind": "conversion",
            "user": format!("bot-{}", draw % 50), "item": self.items[draw / 97 % self.items.len()],
            "ts": "2026-01-06T08:00:00Z", "context": ["source:partner"],
        })
    }
}

async fn send(service: &Service, events: &[Value]) {
    let reply = service.post("events?wait=applied&timeout_ms=30000", &json!({ "events": events }), 200).await;
    assert_eq!(reply["accepted"], events.len(), "{reply}");
}

/// Sends shopping.
async fn go_on(service: &Service, town: &mut Town, count: usize) {
    for _ in 0..count.div_ceil(50) {
        let events = town.shopping(50);
        let events: Vec<Value> = events.iter().map(|event| serde_json::to_value(event).expect("JSON")).collect();
        send(service, &events).await;
    }
}

/// Sends conversions that nobody made.
async fn burst(service: &Service, town: &mut Town, count: usize) {
    for _ in 0..count.div_ceil(200) {
        let events: Vec<Value> = (0..200).map(|_| town.nonsense()).collect();
        send(service, &events).await;
    }
}

/// Share of the next events that are among the 20 recommended to their user; then they are sent.
async fn recall(service: &Service, town: &mut Town) -> f64 {
    let events = town.shopping(300);
    let mut hits = 0;
    for event in &events {
        let user = event.user.as_ref().expect("a shopper");
        let list = service.get(&format!("users/{user}/recommendations")).await;
        let items = list["items"].as_array().expect("a list");
        hits += u32::from(items.iter().any(|item| item["id"] == event.item.as_str()));
    }
    let events: Vec<Value> = events.iter().map(|event| serde_json::to_value(event).expect("JSON")).collect();
    send(service, &events).await;
    f64::from(hits) / 300.0
}

async fn guard(service: &Service) -> Value {
    service.get("guard").await
}

async fn until(service: &Service, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let guard = guard(service).await;
        if is(&guard) {
            return guard;
        }
        assert!(Instant::now() < deadline, "{what}: {guard}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn samples(guard: &Value) -> u64 {
    guard["figures"]["samples"].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_model_returns_by_itself_to_the_version_before() {
    let database = crate::support::database().await;
    let config = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(config.path(), CONFIG).expect("written");
    let config = config.path().to_str().expect("a path");
    let args =
        ["--database-url", &database, "--model-config", config, "--guard-percent", "100", "--quality-percent", "0"];
    let service = Service::start_with(&args).await;
    let mut town = Town::new();
    go_on(&service, &mut town, 4000).await;
    service.post("versions", &json!({"label": "good"}), 201).await;
    let asked = json!({"metric": "recall", "action": "restore", "drop": 0.2, "window": WINDOW, "min_samples": 50, "false_alarms": 1e-4});
    let set = answered(service.request(Method::PUT, "guard").json(&asked), 200).await;
    assert_eq!((&set["armed"], &set["drop"], &set["acted"]), (&json!(true), &json!(0.2), &json!(null)), "{set}");
    until(&service, "it does not watch", |guard| guard["state"] == "watching").await;

    // Shopping as always.
    go_on(&service, &mut town, 600).await;
    let before = recall(&service, &mut town).await;
    service.post("versions", &json!({"label": "too-young"}), 201).await;
    let began = samples(&until(&service, "it does not look", |guard| samples(guard) > 0).await);

    // The burst. A version that is taken meanwhile holds it.
    burst(&service, &mut town, 8000).await;
    service.post("versions", &json!({"label": "poisoned"}), 201).await;
    let poisoned = recall(&service, &mut town).await;
    let acted = loop {
        let now = guard(&service).await;
        if now["state"] == "acted" {
            break now;
        }
        assert!(samples(&now).saturating_sub(began) <= WINDOW, "not within the window: {now}");
        burst(&service, &mut town, 1000).await;
        go_on(&service, &mut town, 50).await;
    };
    let numbers = &acted["acted"]["details"]["guard"];
    println!("recall {before} before, {poisoned} under the burst, watched from sample {began}: {numbers}");
    assert!(poisoned < 0.6 * before, "the burst did little: {poisoned} of {before}");
    assert!(numbers["since"]["samples"].as_u64().expect("a count") <= WINDOW, "{numbers}");
    assert!(numbers["since"]["fall"].as_f64().expect("a part") > 0.2, "{numbers}");
    assert_eq!((&numbers["reference"], &acted["armed"]), (&json!(1), &json!(false)), "{acted}");

    let entry = &service.get("deployments").await["deployments"][0];
    assert_eq!(
        (&entry["mode"], &entry["version"], &entry["actor"]),
        (&json!("restore"), &json!(1), &json!("guard")),
        "{entry}"
    );
    assert_eq!((&entry["details"]["guard"], &entry["number"]), (numbers, &acted["acted"]["deployment"]));
    assert!(entry["reason"].as_str().expect("a sentence").contains("by version 1"), "{entry}");
    let ready = service.get("/readyz").await;
    let note = ready["notes"][0].as_str().expect("a note");
    assert!(ready["ready"] == true && note.starts_with("model default: the guard restored a version"), "{ready}");
    let metrics = service.get("/metrics").await;
    for line in [
        r#"shelfmark_guard_acted{model="default"} 1"#,
        r#"shelfmark_guard_armed{model="default"} 0"#,
        r#"shelfmark_guard_actions_total{model="default",action="restore"} 1"#,
    ] {
        assert!(metrics.as_str().expect("text").contains(line), "{line} is not in {metrics}");
    }
    // The source was cut off; people find what they found before.
    go_on(&service, &mut town, 1000).await;
    let after = recall(&service, &mut town).await;
    println!("recall {after} after");
    // A share of 300 is known to within .06.
    assert!(after > 0.75 * before, "{after} of {before}");
    assert_eq!(guard(&service).await["state"], "acted", "once");

    // Armed again it trusts the version that it restored, not the one that holds the burst.
    service.post("guard/rearm", &json!({}), 200).await;
    let again = until(&service, "it does not watch again", |guard| guard["state"] == "watching").await;
    assert_eq!((&again["measured_against"], &again["acted"]), (&json!(1), &json!(null)), "{again}");
    assert_eq!(service.get("/readyz").await["notes"], json!([]));
    // The control: without the burst it stays still for longer than it took to find it.
    let needed = numbers["samples"].as_u64().expect("a count");
    let still = loop {
        let now = guard(&service).await;
        assert_eq!(now["state"], "watching", "a false alarm: {now}");
        if samples(&now) > needed {
            break now;
        }
        go_on(&service, &mut town, 200).await;
    };
    println!("without it: {}", still["figures"]);
    assert!(still["figures"]["evidence"].as_f64().expect("a part") < 0.5, "{still}");

    // The end of it: the log without the source. The restore is left out too, or what people did under the burst stays
    // given up.
    let restore = entry["position"].as_u64().expect("a position");
    let except = json!({"sessions": ["partner"], "positions": [[restore - 1, restore]]});
    let asked = json!({"to": {"label": "good"}, "mode": "replay", "except": except});
    let begun = service.post("rollback", &asked, 202).await;
    let operation = format!("operations/{}", begun["operation"]["id"].as_str().expect("an id"));
    let deadline = Instant::now() + PATIENCE;
    let ended = loop {
        let operation = service.get(&operation).await;
        if operation["state"] != "running" {
            break operation;
        }
        assert!(Instant::now() < deadline, "it does not end: {operation}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        (&ended["state"], &ended["result"]["deployment"]["mode"]),
        (&json!("done"), &json!("replay")),
        "{ended}"
    );
    let control = Service::start_with(&[
        "--database-url",
        &crate::support::database().await,
        "--model-config",
        config,
        "--quality-percent",
        "0",
    ])
    .await;
    let mut quiet = Town::new();
    go_on(&control, &mut quiet, town.shopped).await;
    assert_eq!(quiet.shopped, town.shopped);
    let known = |status: Value| ["events", "items", "users"].map(|what| status["counts"][what].clone());
    assert_eq!(
        known(service.get("").await),
        known(control.get("").await),
        "nothing of the source, and all of the people"
    );
    let (replayed, expected) = (recall(&service, &mut town).await, recall(&control, &mut quiet).await);
    println!("recall {replayed} after the replay, {expected} without the burst");
    // Of the same 300 events: both lists differ by the draws of other positions only.
    assert!((replayed - expected).abs() < 0.06, "{replayed} instead of {expected}");
}
