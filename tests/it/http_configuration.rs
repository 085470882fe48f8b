//! `PATCH /v1/models/{model}` and what depends on it, against the running binary on a real Postgres.

use crate::http_support::{Service, answered, problem, run};
use reqwest::Method;
use serde_json::{Value, json};

async fn patch(service: &Service, config: Value) -> Value {
    answered(service.request(Method::PATCH, "").json(&json!({"config": config})), 200).await
}

/// Goal: a change is a record: merged, durable, seen by the answer, refused whole when a value breaks its rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_changes_by_a_record_and_a_bad_change_names_its_field() {
    let database = crate::support::database().await;
    let service = Service::start(&database, &[]).await;
    let before = service.clicks("u1", &["a", "b"]).await;
    let old = service.get("").await;
    let change = json!({"explore": 0.5, "rates": {"items": 0.05}, "kinds": {"dislike": -1.0, "share": null}});
    let changed = patch(&service, change).await;
    assert_eq!((&changed["head"], &changed["position"]), (&json!(before + 1), &json!(before + 1)), "{changed}");
    let config = &changed["config"];
    assert_eq!((&config["explore"], &config["kinds"]["dislike"]), (&json!(0.5), &json!(-1.0)), "{config}");
    assert!(config["kinds"]["share"].is_null() && config["kinds"]["click"] == 1.0, "{config}");
    assert_eq!(config["rates"]["last"], old["config"]["rates"]["last"]);
    assert_ne!(changed["digest"], old["digest"], "the configuration is part of the state");
    assert_eq!(&service.get("").await["config"], config);
    let disliked = json!({"user": "u1", "item": "a", "kind": "dislike"});
    service.post("events?wait=applied&timeout_ms=30000", &disliked, 200).await;
    let shared = json!({"user": "u1", "item": "a", "kind": "share"});
    problem(service.request(Method::POST, "events").json(&shared), 422, "invalid").await;

    let again = patch(&service, json!({"explore": 0.5})).await;
    assert_eq!(again["head"], before + 2, "a change that changes nothing leaves no record");
    for (body, field, code) in [
        (json!({"config": {"dim": 32}}), "config.dim", "immutable"),
        (json!({"config": {"dim": 33}}), "config.dim", "not_a_multiple"),
        (json!({"config": {"explore": -1}}), "config.explore", "out_of_range"),
        (json!({"config": {"rates": {"bias": 1e9}}}), "config.rates.bias", "out_of_range"),
        (json!({"config": {"rates": {"colour": 1}}}), "config.rates.colour", "unknown_field"),
        (json!({"config": {"colour": 1}}), "config.colour", "unknown_field"),
        (json!({"config": {"kinds": {"click": "much"}}}), "config.kinds.click", "invalid_value"),
        (json!({"config": 7}), "config", "invalid_value"),
        (json!({}), "config", "missing"),
        (json!({"config": {}, "colour": 1}), "colour", "unknown_field"),
    ] {
        let found = problem(service.request(Method::PATCH, "").json(&body), 422, "invalid").await;
        let error = &found["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{body}: {found}");
    }
    assert_eq!(service.get("").await["head"], before + 2, "refused changes leave nothing");
    let digest = service.get("").await["digest"].clone();
    drop(service);
    let service = Service::start(&database, &[]).await;
    let there = service.get(&format!("?min_position={}&timeout_ms=30000", before + 2)).await;
    assert_eq!((&there["digest"], &there["config"]), (&digest, config), "after a restart");

    let key = |name: &str, scope: &str| {
        let (status, secret, told) =
            run(&["keys", "create", "--name", name, "--scope", scope, "--database-url", &database]);
        assert!(status.success(), "{told}");
        secret.trim().to_owned()
    };
    let (writer, admin) = (key("shop", "write"), key("ops", "admin"));
    drop(service);
    let service = Service::start(&database, &[]).await;
    let body = json!({"config": {"explore": 0.0}});
    let ask = |key: &str| service.request(Method::PATCH, "").bearer_auth(key).json(&body);
    problem(ask(&writer), 403, "forbidden").await;
    assert_eq!(answered(ask(&admin), 200).await["config"]["explore"], 0.0);
}

/// Goal: two changes at once are both kept, each merged over the other.
#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_moment_are_merged_one_after_the_other() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let changes = (0..8).map(|n| patch(&service, json!({"kinds": {format!("kind{n}"): 1.0}})));
    futures::future::join_all(changes).await;
    let there = service.get("").await;
    assert_eq!(there["head"], 8);
    for n in 0..8 {
        assert_eq!(there["config"]["kinds"][format!("kind{n}")], 1.0, "{n}");
    }
}

/// Goal: what cannot be learned from is refused where it is known.
#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_another_length_are_refused_by_name_while_modalities_are_on() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let put = |id: &str, image: &[f32]| {
        let body = json!({"vectors": {"image": image}});
        service.request(Method::PUT, &format!("items/{id}?wait=applied&timeout_ms=30000")).json(&body)
    };
    answered(put("a", &[1.0, 2.0, 3.0]), 200).await;
    let found = problem(put("b", &[1.0, 2.0]), 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "vectors.image", "{found}");
    let batch =
        json!({"items": [{"id": "c", "vectors": {"image": [0, 1, 2]}}, {"id": "d", "vectors": {"image": [1]}}]});
    let reply = service.post("items?wait=applied&timeout_ms=30000", &batch, 200).await;
    assert_eq!((&reply["accepted"], &reply["rejected"][0]["field"]), (&json!(1), &json!("vectors.image")), "{reply}");
    patch(&service, json!({"modalities": false})).await;
    answered(put("b", &[1.0, 2.0]), 200).await;
    // On again: what came meanwhile and does not fit says nothing.
    patch(&service, json!({"modalities": true})).await;
    problem(put("d", &[1.0, 2.0]), 422, "invalid").await;
    assert_eq!(service.get("items/b").await["vectors"]["image"], json!([1.0, 2.0]));
}

/// Goal: freezing is a change of the configuration with an entry of its own, seen wherever somebody looks.
#[tokio::test(flavor = "multi_thread")]
async fn learning_is_frozen_and_resumed_and_everybody_is_told() {
    let database = crate::support::database().await;
    let service = Service::start(&database, &[]).await;
    let before = service.clicks("u1", &["a", "b", "c"]).await;
    let entry = service.post("learning/freeze", &json!({"reason": "odd clicks"}), 200).await;
    assert_eq!((&entry["mode"], &entry["position"]), (&json!("freeze"), &json!(before + 1)), "{entry}");
    assert_eq!((&entry["reason"], &entry["to"]), (&json!("odd clicks"), &json!("live")), "{entry}");
    let embedding = service.get("items/a/embedding").await["values"].clone();
    let head = service.clicks("u1", &["d", "a", "c", "a"]).await;
    assert_eq!(service.get("items/a/embedding").await["values"], embedding, "no weight moves");
    let status = service.get("").await;
    assert_eq!((&status["frozen"], &status["position"]), (&json!(true), &json!(head)), "{status}");
    assert_eq!((&status["config"]["learning"], &status["counts"]["events"]), (&json!(false), &json!(3)), "{status}");
    assert_eq!(service.get("learning").await["frozen"], true);
    let ready = service.get("/readyz").await;
    assert_eq!((&ready["ready"], &ready["notes"]), (&json!(true), &json!(["model default: learning is frozen"])));
    let reply = service.post("recommendations", &json!({"user": "u1", "exclude_seen": true}), 200).await;
    assert_eq!(reply["items"], json!([]), "histories go on: all four are seen");
    // An event that nothing was learned from has no trace.
    let event = json!({"event_id": "frozen", "user": "u1", "item": "b", "kind": "click"});
    service.post("events?wait=applied&timeout_ms=30000", &event, 200).await;
    problem(service.request(Method::GET, "events/frozen?trace=true"), 409, "trace_not_available").await;
    let again = service.post("learning/freeze", &json!({}), 200).await;
    assert!(again["position"].is_null(), "frozen already: an entry and no record: {again}");
    drop(service);
    let service = Service::start(&database, &[]).await;
    assert_eq!(service.get("").await["frozen"], true, "after a restart");
    let resumed = service.post("learning/resume", &json!({}), 200).await;
    assert_eq!((&resumed["mode"], &resumed["position"]), (&json!("resume"), &json!(head + 2)), "{resumed}");
    service.clicks("u1", &["a"]).await;
    assert_ne!(service.get("items/a/embedding").await["values"], embedding);
    assert_eq!(service.get("/readyz").await["notes"], json!([]));
    let frozen = patch(&service, json!({"learning": false})).await;
    assert_eq!(frozen["frozen"], true, "the configuration is the same switch");
    assert_eq!(patch(&service, json!({"learning": null})).await["frozen"], false);
    let modes: Vec<Value> = service.get("deployments").await["deployments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["mode"].clone())
        .collect();
    assert_eq!(modes, ["resume", "freeze", "freeze"]);
}
