//! Goal: readers are split as asked, each keeps the arm, answers say the arm, and what comes of an arm's lists is
//! counted for it. Method: the running binary on a real Postgres, twice on one database where processes must agree.

use std::time::Instant;

use crate::http_support::{PATIENCE, Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_domain::{Arm, ModelName, Position, RecommendationId, Served, Split, VersionNumber};

/// A service with one version and a newer live state.
async fn service(database: &str) -> (Service, u64) {
    let service = Service::start(database, &["--quality-percent", "100"]).await;
    for n in 0..20 {
        let items: Vec<String> = (0..5).map(|k| format!("i{}", (n * 3 + k) % 17)).collect();
        service.clicks(&format!("u{n}"), &items.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    service.post("versions", &json!({"label": "before"}), 201).await;
    let head = service.clicks("u1", &["i1", "i2", "new"]).await;
    (service, head)
}

async fn split(service: &Service, arms: Value) -> Value {
    answered(service.request(Method::PUT, "serving").json(&json!({"split": arms, "reason": "canary"})), 200).await
}

/// The arm that answers a user: by header and body, which must agree.
async fn arm_of(service: &Service, user: &str) -> (String, Value) {
    let response = service.request(Method::GET, &format!("users/{user}/recommendations")).send().await;
    let response = response.expect("an answer");
    let header = response.headers()["shelfmark-version"].to_str().expect("text").to_owned();
    let body: Value = response.json().await.expect("JSON");
    let said = body["version"].as_str().map_or_else(|| body["version"].to_string(), str::to_owned);
    assert_eq!(header, said);
    (header, body)
}

fn chosen(shares: &[(Served, u8)], user: &str) -> String {
    let arms = shares.iter().map(|&(served, percent)| Arm { served, percent }).collect();
    let split = Split::new(arms).expect("valid");
    split.choose(&ModelName::new("default").expect("a name"), user).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_keep_their_arm_in_every_process_and_answers_say_it() {
    let database = crate::support::database().await;
    let (service, head) = service(&database).await;
    let other = Service::start(&database, &[]).await;
    let (version, live) = (Served::Version(VersionNumber(1)), Served::Live);
    let entry = split(&service, json!([{"version": 1, "percent": 30}, {"live": true, "percent": 70}])).await;
    assert_eq!((&entry["mode"], &entry["from"], &entry["to"]), (&json!("split"), &json!("live"), &json!("live")));
    assert_eq!(entry["details"]["split"][0], json!({"version": 1, "percent": 30}));
    let mut arms = Vec::new();
    for n in 0..20 {
        let user = format!("u{n}");
        let (arm, body) = arm_of(&service, &user).await;
        assert_eq!(arm, chosen(&[(version, 30), (live, 70)], &user), "{user}");
        assert_eq!(body["position"], if arm == "live" { head } else { 100 }, "{body}");
        arms.push(arm);
    }
    assert!(arms.contains(&"1".to_owned()) && arms.contains(&"live".to_owned()), "{arms:?}");
    // The other process follows, whatever the order.
    let deadline = Instant::now() + PATIENCE;
    while other.get("serving").await["arms"].as_array().expect("arms").len() < 2 {
        assert!(Instant::now() < deadline, "the split is not followed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (n, arm) in arms.iter().enumerate() {
        assert_eq!(&arm_of(&other, &format!("u{n}")).await.0, arm, "u{n} in the other process");
    }
    drop(other);
    // Vectors of a user come from their arm, those of items from the largest; a session counts as a reader.
    let of = arms.iter().position(|arm| arm == "1").expect("checked above");
    let embedding = service.get(&format!("users/u{of}/embedding")).await;
    assert_eq!(embedding["position"], 100);
    assert_eq!(service.get("items/i1/embedding").await["position"], head);
    let session = service.post("recommendations", &json!({"session_id": "visit"}), 200).await;
    let said = session["version"].as_str().map_or_else(|| session["version"].to_string(), str::to_owned);
    assert_eq!(said, chosen(&[(version, 30), (live, 70)], "visit"));
    // A version does not move: its readers are told, the others wait.
    let path = |user: usize| format!("users/u{user}/recommendations?min_position={head}&timeout_ms=100");
    problem(service.request(Method::GET, &path(of)), 503, "position_not_reached").await;
    let of_live = arms.iter().position(|arm| arm == "live").expect("checked above");
    service.get(&path(of_live)).await;

    // The canary grows: nobody leaves it.
    split(&service, json!([{"live": true, "percent": 40}, {"version": 1, "percent": 60}])).await;
    for (n, before) in arms.iter().enumerate() {
        let (arm, _) = arm_of(&service, &format!("u{n}")).await;
        assert!(before == "live" || arm == "1", "u{n} left the canary");
    }
    assert_eq!(service.get("").await["served"], json!({"version": 1}), "the largest arm");
    assert_eq!(service.get("items/i1/embedding").await["position"], 100);
    problem(service.request(Method::DELETE, "versions/1"), 409, "version_in_use").await;
    drop(service);
    let service = Service::start(&database, &[]).await;
    assert_eq!(arm_of(&service, "u1").await.0, chosen(&[(version, 60), (live, 40)], "u1"), "after a restart");
    service.post("rollback", &json!({"to": {"version": 1}, "mode": "pin"}), 200).await;
    assert_eq!(arm_of(&service, &format!("u{of_live}")).await.0, "1", "a pin ends a split");
    service.post("unpin", &json!({}), 200).await;
    let arms = service.get("serving").await;
    assert_eq!((arms["arms"].as_array().expect("arms").len(), &arms["arms"][0]["live"]), (1, &json!(true)), "{arms}");
    let modes: Vec<Value> = service.get("deployments").await["deployments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["mode"].clone())
        .collect();
    assert_eq!(modes, ["unpin", "pin", "split", "split"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_count_for_the_arm_whose_list_they_name() {
    let database = crate::support::database().await;
    let (service, _) = service(&database).await;
    split(&service, json!([{"version": 1, "percent": 50}, {"live": true, "percent": 50}])).await;
    let model = ModelName::new("default").expect("a name");
    let (mut lists, mut ids) = ([0_u64; 2], Vec::new());
    for n in 0..20 {
        let (arm, body) = arm_of(&service, &format!("u{n}")).await;
        let id = body["recommendation_id"].as_str().expect("an id").to_owned();
        let said = RecommendationId::parse(&model, &id).expect("one of ours");
        assert_eq!(
            (said.served.to_string(), said.position.get()),
            (arm.clone(), body["position"].as_u64().expect("a number"))
        );
        lists[usize::from(arm == "live")] += 1;
        ids.push((arm, id));
    }
    // A list that was asked of a state by name is nobody's.
    let named = service.get("users/u1/recommendations?version=1").await;
    assert_eq!(RecommendationId::parse(&model, named["recommendation_id"].as_str().expect("an id")), None);
    let click = |event: &str, kind: &str, id: &str| json!({"event_id": event, "user": "u1", "item": "i3", "kind": kind, "recommendation_id": id, "ts": 1_700_000_000});
    let canary: Vec<&String> = ids.iter().filter(|(arm, _)| arm == "1").map(|(_, id)| id).collect();
    let live: Vec<&String> = ids.iter().filter(|(arm, _)| arm == "live").map(|(_, id)| id).collect();
    let foreign = RecommendationId { served: Served::Version(VersionNumber(9)), position: Position::new(1), random: 5 };
    let (foreign, elsewhere) = (foreign.text(&model), foreign.text(&ModelName::new("other").expect("a name")));
    let events = json!({"events": [
        click("a", "click", canary[0]), click("b", "purchase", canary[0]), click("c", "click", canary[1]),
        click("d", "click", live[0]), click("a", "click", canary[0]), click("e", "click", &foreign),
        click("f", "click", &elsewhere), click("g", "click", "mine-17"), click("h", "warp", live[1]),
    ]});
    let reply = service.post("events?wait=applied&timeout_ms=30000", &events, 200).await;
    assert_eq!((&reply["accepted"], &reply["duplicates"], &reply["rejected_count"]), (&json!(7), &json!(1), &json!(1)));
    // The whole batch again: known already.
    service.post("events", &events, 202).await;
    // The sampler may be resting after another event.
    let deadline = Instant::now() + PATIENCE;
    let serving = loop {
        let serving = service.get("serving").await;
        if serving["arms"][0]["quality"]["targets"].as_u64().expect("a count") > 0 {
            break serving;
        }
        assert!(Instant::now() < deadline, "no sample: {serving}");
        service.clicks("u2", &["i4", "i5"]).await;
    };
    let arms = serving["arms"].as_array().expect("arms");
    let figures = |arm: &Value| (arm["lists"].as_u64().expect("a count"), arm["clicks"].as_u64().expect("a count"));
    assert_eq!((arms[0]["version"].clone(), figures(&arms[0])), (json!(1), (lists[0], 2)), "{serving}");
    assert_eq!((arms[1]["live"].clone(), figures(&arms[1])), (json!(true), (lists[1], 1)), "{serving}");
    assert_eq!(arms[0]["ctr"], json!(2.0 / lists[0] as f64));
    assert!(arms[1]["quality"]["recall"].is_number(), "{serving}");

    let metrics =
        async || answered(service.request(Method::GET, "/metrics"), 200).await.as_str().expect("text").to_owned();
    let text = metrics().await;
    let clicks = r#"shelfmark_serving_arm_clicks{model="default",arm="1"} 2"#;
    assert!(
        text.contains(clicks) && text.contains(r#"shelfmark_serving_arm_recall{model="default",arm="live"}"#),
        "{text}"
    );
    service.post("unpin", &json!({}), 200).await;
    let text = metrics().await;
    assert!(!text.contains(r#"arm="1""#), "what is no longer served has no metrics");
    assert!(text.contains(r#"shelfmark_serving_arm_share{model="default",arm="live"} 1"#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_split_is_refused_by_field_and_changes_nothing() {
    let (service, _) = service(&crate::support::database().await).await;
    for (body, status, field) in [
        (json!({"split": [{"version": 1, "percent": 10}, {"live": true, "percent": 80}]}), 422, "split"),
        (json!({"split": [{"version": 1, "percent": 50}, {"version": 1, "percent": 50}]}), 422, "split[1].version"),
        (json!({"split": [{"version": 1, "percent": 0}, {"live": true, "percent": 100}]}), 422, "split[0].percent"),
        (json!({"split": [{"percent": 100}]}), 422, "split[0]"),
        (json!({"split": []}), 422, "split"),
        (json!({"split": [{"live": true, "percent": 100}], "reason": ""}), 422, "reason"),
        (json!({"split": [{"live": true, "percent": 100, "colour": 1}]}), 422, "split[0].colour"),
    ] {
        let found = problem(service.request(Method::PUT, "serving").json(&body), status, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{body}: {found}");
    }
    let gone = json!({"split": [{"version": 9, "percent": 10}, {"live": true, "percent": 90}]});
    problem(service.request(Method::PUT, "serving").json(&gone), 404, "version_not_found").await;
    assert_eq!(service.get("deployments").await["deployments"], json!([]));
    for (body, field) in [
        (json!({"metric": "recall", "action": "pin", "drop": 0.95}), "drop"),
        (json!({"metric": "recall", "action": "pin", "window": 10}), "window"),
        (json!({"metric": "recall", "action": "pin", "window": 100, "min_samples": 101}), "min_samples"),
        (json!({"metric": "recall", "action": "pin", "window": 1000, "false_alarms": 0.001}), "false_alarms"),
        (json!({"metric": "recall", "action": "pin", "reference": "live"}), "reference"),
        (json!({"metric": "luck", "action": "pin"}), "metric"),
        (json!({"metric": "mrr"}), "action"),
        (json!({"metric": "mrr", "action": "pin", "colour": 1}), "colour"),
    ] {
        let found = problem(service.request(Method::PUT, "guard").json(&body), 422, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{body}: {found}");
    }
    let gone = json!({"metric": "recall", "action": "pin", "reference": 9});
    problem(service.request(Method::PUT, "guard").json(&gone), 404, "version_not_found").await;
    problem(service.request(Method::GET, "guard"), 404, "guard_not_found").await;
    problem(service.request(Method::POST, "guard/rearm"), 404, "guard_not_found").await;
    problem(service.request(Method::DELETE, "guard"), 404, "guard_not_found").await;
    let put = json!({"metric": "mrr", "action": "freeze", "reference": "before"});
    let set = answered(service.request(Method::PUT, "guard").json(&put), 200).await;
    assert_eq!((&set["reference"], &set["armed"], &set["window"]), (&json!(1), &json!(true), &json!(2000)), "{set}");
    assert_eq!(service.request(Method::DELETE, "guard").send().await.expect("an answer").status(), 204);
}
