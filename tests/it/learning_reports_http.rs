//! Goal: the ranking of terms and the comparison of vectors answer over HTTP, and refuse by field. Method: the running
//! service, a version and a fork of its model, vectors that it gave away itself.

use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::Event;

use crate::http_support::{Service, answered, problem};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

async fn service() -> Service {
    let shop = Shop::new(ShopSettings { items: 120, shoppers: 60, ..ShopSettings::default() });
    let service = Service::start(&crate::support::database().await, &[]).await;
    let items: Vec<_> = shop.items().collect();
    service.post("items?wait=applied&timeout_ms=30000", &json!({"items": items}), 200).await;
    let events: Vec<Event> = shop.take(3000).collect();
    for chunk in events.chunks(500) {
        service.post("events?wait=applied&timeout_ms=30000", &json!({"events": chunk}), 200).await;
    }
    service
}

/// Visits around one item, in circumstances of their own.
fn visits(item: &str) -> Vec<Value> {
    let visit = |number: usize| json!({"user": format!("late-{}", number / 3), "item": item, "kind": "click", "context": ["campaign:autumn"]});
    (0..300).map(visit).collect()
}

fn terms<'a>(report: &'a Value, table: &str) -> &'a Vec<Value> {
    let tables = report["tables"].as_array().expect("tables");
    let found = tables.iter().find(|of| of["table"] == table).expect("the table is there");
    found["terms"].as_array().expect("terms")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_from_since_a_version_comes_first_in_the_ranking() {
    let service = service().await;
    answered(service.request(POST, "versions").json(&json!({"label": "before"})), 201).await;
    service.post("events?wait=applied&timeout_ms=30000", &json!({"events": visits("sku-0007")}), 200).await;
    let report = service.get("learning/terms?since=before&limit=5").await;
    assert_eq!((&report["events"], terms(&report, "items").len()), (&json!(300), 5), "{report}");
    let first = &terms(&report, "items")[0];
    assert!(first["id"] == "sku-0007" && first["title"].is_string(), "{report}");
    assert!(first["share"].as_f64() > first["share_before"].as_f64() && first["moved"].as_f64() > Some(0.0), "{first}");
    assert_eq!(terms(&report, "context")[0]["id"], "campaign:autumn", "{report}");
    assert!(terms(&report, "tokens").iter().any(|term| term["id"].as_str().is_some_and(|id| id.starts_with("t:"))));

    // Without a version: since a state that the service keeps.
    let report = service.get("learning/terms?table=context").await;
    assert_eq!(report["tables"].as_array().map(Vec::len), Some(1), "{report}");
    assert!(report["since"].as_u64() < report["position"].as_u64(), "{report}");
    for (query, field) in
        [("table=users", "table"), ("limit=0", "limit"), ("limit=1001", "limit"), ("since=live", "since")]
    {
        let found = problem(service.request(GET, &format!("learning/terms?{query}")), 422, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }
    problem(service.request(GET, "learning/terms?since=nonesuch"), 404, "version_not_found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_upload_and_a_fork_are_derived_and_wrong_vectors_are_refused_by_field() {
    let service = service().await;
    answered(service.request(POST, "versions").json(&json!({"label": "v"})), 201).await;
    let mut vectors = Vec::new();
    for number in 0..40 {
        let id = format!("sku-{number:04}");
        let found = service.request(GET, &format!("items/{id}/embedding")).send().await.expect("an answer");
        if found.status() == 404 {
            continue;
        }
        let found: Value = found.json().await.expect("JSON");
        let mut values: Vec<f64> = serde_json::from_value(found["values"].clone()).expect("numbers");
        // Turned around: as good a copy.
        values.reverse();
        vectors.push(json!({"id": id, "values": values}));
    }
    assert!(vectors.len() >= 30, "{}", vectors.len());
    let found = service.post("forensics/compare", &json!({"vectors": vectors, "permutations": 99}), 200).await;
    let states = found["states"].as_array().expect("states");
    assert_eq!((states.len(), &states[0]["version"]), (2, &json!("live")), "{found}");
    assert!(states.iter().all(|state| state["relation"] == "derived"), "{found}");
    assert!(states[0]["similarity"]["similarity"].as_f64() > Some(0.999), "{found}");
    assert_eq!(states[0]["similarity"]["p_value"].as_f64().map(|p| (p * 100.0).round()), Some(1.0), "{found}");
    assert!(found["best"] == "live" || found["best"] == states[1]["version"], "{found}");

    let fork = service.request(PUT, "/v1/models/fork").json(&json!({"fork": {"model": "default"}}));
    assert_eq!(answered(fork, 201).await["model"], "fork");
    let body = json!({"state": {"model": "fork"}, "versions": ["live"], "permutations": 99});
    let found = service.post("forensics/compare", &body, 200).await;
    assert_eq!(found["states"][0]["relation"], "derived", "{found}");

    for (body, field) in [
        (json!({}), "vectors"),
        (json!({"vectors": vectors, "state": {}}), "state"),
        (json!({"vectors": []}), "vectors"),
        (json!({"vectors": [{"id": "a", "values": []}]}), "vectors[0].values"),
        (json!({"vectors": [{"id": "a", "values": [1]}, {"id": "b", "values": [1, 2]}]}), "vectors[1].values"),
        (json!({"vectors": [{"id": "a", "values": [1]}, {"id": "a", "values": [1]}]}), "vectors[1].id"),
        (json!({"state": {}, "permutations": 5}), "permutations"),
        (json!({"state": {}, "versions": []}), "versions"),
    ] {
        let found = problem(service.request(POST, "forensics/compare").json(&body), 422, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }
    let unknown = json!({"state": {"model": "nonesuch"}});
    problem(service.request(POST, "forensics/compare").json(&unknown), 404, "model_not_found").await;
}
