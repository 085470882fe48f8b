//! Recommendations over HTTP: filters, diversity, explanations, an item as the subject, given candidates, and batches,
//! against the running binary. What the answers are is the matter of `serving_query.rs`; here is how they are asked for
//! and told.

use crate::http_support::{Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const POST: Method = Method::POST;
const GET: Method = Method::GET;

/// Twelve items: even ones are shoes, odd ones boots, prices 10, 20, .., every third is used, the last two cannot be
/// had.
async fn shop() -> (Service, u64) {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let item = |n: usize| {
        json!({
            "id": format!("i{n}"), "title": format!("Thing {n}"), "categories": [if n.is_multiple_of(2) { "shoes" } else { "boots" }],
            "tags": if n.is_multiple_of(3) { vec!["used"] } else { vec![] },
            "properties": {"price": 10 * (n + 1), "brand": if n < 6 { "Acme" } else { "Best" }, "new": n < 3}, "available": n != 10,
        })
    };
    let items: Vec<Value> = (0..12).map(item).collect();
    service.post("items?wait=applied&timeout_ms=30000", &json!({"items": items}), 200).await;
    answered(service.request(Method::DELETE, "items/i11?wait=applied&timeout_ms=30000"), 200).await;
    service.clicks("u1", &["i0", "i1", "i4"]).await;
    let position = service.clicks("u2", &["i0", "i4", "i5"]).await;
    (service, position)
}

fn ids(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap_or_else(|| panic!("no items: {answer}"));
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

fn sorted(answer: &Value) -> Vec<&str> {
    let mut ids = ids(answer);
    ids.sort_unstable();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_answered_and_nothing_else() {
    let (service, position) = shop().await;
    let ask = async |body: Value| service.post("recommendations", &body, 200).await;

    // A filter is applied before ranking: a full page of what it admits, whatever the subject and the way of asking.
    let filter = json!({"categories": {"any": ["shoes", "hats"]}, "tags": {"none": ["used"]},
        "properties": {"price": {"gte": 20, "lt": 100}, "brand": {"in": ["Acme", "Best"]}, "new": {"eq": false}}});
    for subject in [json!({"user": "u1"}), json!({"session": ["i5"]}), json!({"item": "i5"}), json!({})] {
        let mut body = subject;
        body["filter"] = filter.clone();
        body["limit"] = 2.into();
        assert_eq!(sorted(&ask(body).await), ["i4", "i8"]);
    }
    let text = filter.to_string();
    type Way<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);
    let ways: [Way<'_>; 4] = [
        ("users/u1/recommendations", &["i4", "i8"], &[("filter", text.as_str())]),
        ("users/u1/recommendations", &["i0", "i6"], &[("category", "shoes"), ("tag", "used")]),
        ("items/i5/similar", &["i4", "i8"], &[("filter", text.as_str())]),
        ("items/i3/similar", &["i9"], &[("category", "boots"), ("tag", "used")]),
    ];
    for (path, expected, parameters) in ways {
        let found = answered(service.request(GET, path).query(parameters), 200).await;
        assert_eq!(sorted(&found), expected, "{path} {parameters:?}");
    }

    // Diversity changes the order, not what there is; the best stays first.
    let plain = ask(json!({"item": "i0", "limit": 50})).await;
    let mixed = ask(json!({"item": "i0", "limit": 50, "diversity": 1})).await;
    assert_eq!((ids(&plain)[0], sorted(&plain)), (ids(&mixed)[0], sorted(&mixed)));
    let scores = |answer: &Value| -> Vec<f64> {
        answer["items"].as_array().expect("items").iter().map(|item| item["score"].as_f64().expect("a score")).collect()
    };
    assert!(scores(&plain).is_sorted_by(|a, b| a >= b) && !scores(&mixed).is_sorted_by(|a, b| a >= b), "{mixed}");

    // What goes with an item, without itself; an unknown one is nobody in particular.
    assert_eq!((plain["fallback"].is_null(), ids(&plain).len(), ids(&plain).contains(&"i0")), (true, 9, false));
    assert_eq!(ask(json!({"item": "never seen"})).await["fallback"], "popular");

    // Explanations say where a score comes from, and add up to it.
    let explained = ask(json!({"user": "u1", "limit": 3, "with": ["explanation"], "min_position": position})).await;
    for item in explained["items"].as_array().expect("items") {
        let parts = item["explanation"].as_array().expect("parts");
        let values: Vec<f64> = parts.iter().map(|part| part["value"].as_f64().expect("a value")).collect();
        let size: f64 = values.iter().map(|value| value.abs()).sum();
        assert!((values.iter().sum::<f64>() - item["score"].as_f64().expect("a score")).abs() <= 1e-5 * size, "{item}");
        let event = parts.iter().find(|part| part["source"] == "event" && part["item"] == "i4").expect("u1 met i4");
        assert!(event["kind"] == "click" && event["at"].is_string(), "{event}");
        for source in ["last_item", "user", "bias", "popularity"] {
            assert!(parts.iter().any(|part| part["source"] == source), "{source} of {item}");
        }
    }
    let short = service.get("users/u1/recommendations?limit=1&with=explanation,item&diversity=0.2").await;
    assert!(short["items"][0]["explanation"].is_array() && short["items"][0]["item"].is_object(), "{short}");
    assert!(plain["items"][0].get("explanation").is_none(), "only when asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_are_ranked_and_a_batch_comes_from_one_state() {
    let (service, position) = shop().await;
    // Given candidates get the scores that they have among all.
    let all = service.post("recommendations", &json!({"item": "i0", "limit": 100}), 200).await;
    let candidates = json!(["i9", "gone", "i4", "i11", "i4", "i10", "i1", "gone"]);
    let asked = json!({"item": "i0", "items": candidates, "min_position": position, "with": ["explanation"]});
    let ranked = service.post("rank", &asked, 200).await;
    let expected: Vec<&str> = ids(&all).into_iter().filter(|id| ["i9", "i4", "i1"].contains(id)).collect();
    assert_eq!(ids(&ranked), expected);
    assert_eq!(ranked["unknown"], json!(["gone", "i11", "i10"]));
    let score = |answer: &Value, id: &str| -> Value {
        answer["items"].as_array().expect("items").iter().find(|item| item["id"] == id).expect("there")["score"].clone()
    };
    assert_eq!(score(&ranked, "i9"), score(&all, "i9"));
    assert!(ranked["recommendation_id"].is_string() && ranked["items"][0]["explanation"].is_array(), "{ranked}");
    let popular = service.post("rank", &json!({"items": ["i9", "i4"]}), 200).await;
    assert_eq!((&popular["fallback"], ids(&popular)[0]), (&json!("popular"), "i4"));

    // A batch: each query as if it were asked alone, a bad one fails alone and is told as if alone.
    let alone = json!({"item": "i0", "limit": 4, "filter": {"properties": {"price": {"lte": 60}}}, "diversity": 0.3});
    let queries = json!([alone, {"user": "u1", "limit": 0}, {"user": "stranger", "session": ["i4"]}, 7,
        {"vector": [1.0]}, {"user": "u2", "version": "live"}, {"user": "u2", "exclude_seen": ["click"], "with": ["item"]}]);
    let batch = json!({"queries": queries, "min_position": position, "version": "live"});
    let batch = service.post("recommendations/batch", &batch, 200).await;
    assert_eq!((&batch["version"], &batch["position"]), (&json!("live"), &json!(position)), "{batch}");
    let answers = batch["answers"].as_array().expect("answers");
    let single = service.post("recommendations", &alone, 200).await;
    assert_eq!(answers[0]["items"], single["items"]);
    assert_eq!(answers[2]["fallback"], "session");
    assert!(!ids(&answers[6]).contains(&"i5") && answers[6]["items"][0]["item"].is_object(), "{batch}");
    let mut made: Vec<&Value> = [0, 2, 6].iter().map(|place| &answers[*place]["recommendation_id"]).collect();
    made.dedup();
    assert_eq!(made.len(), 3, "each list has an id of its own");
    for (place, field, code) in [
        (1, "limit", "out_of_range"),
        (3, "", "invalid_value"),
        (4, "vector", "bad_dimension"),
        (5, "version", "misplaced"),
    ] {
        let error = &answers[place]["error"];
        assert_eq!(
            (&error["index"], &error["status"], &error["code"]),
            (&json!(place), &json!(422), &json!("invalid"))
        );
        let told = &error["errors"][0];
        assert_eq!((&told["field"], &told["code"]), (&json!(field), &json!(code)), "{error}");
    }
    // As many as there may be, more than one pass takes.
    let many: Vec<Value> = (0..1000).map(|n| json!({"item": format!("i{}", n % 10), "limit": 1})).collect();
    let many = service.post("recommendations/batch", &json!({"queries": many}), 200).await;
    let answers = many["answers"].as_array().expect("answers");
    assert!(answers.len() == 1000 && answers.iter().all(|answer| ids(answer).len() == 1));
    assert_eq!(answers[3]["items"], answers[993]["items"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_is_refused_by_field_and_code() {
    let (service, _) = shop().await;
    let queries = |count: usize, query: Value| json!({"queries": vec![query; count]});
    let limits = json!({"limit": 100});
    let added = json!({"limit": 501, "with": ["item"]});
    for (path, body, field, code) in [
        ("recommendations", json!({"filter": {"colour": 1}}), "filter.colour", "unknown_field"),
        ("recommendations", json!({"filter": {"tags": {"any": [""]}}}), "filter.tags.any[0]", "empty"),
        ("recommendations", json!({"diversity": 1.01}), "diversity", "out_of_range"),
        ("recommendations", json!({"item": "i0", "session_id": "s"}), "item", "ambiguous"),
        ("recommendations", json!({"with": ["reasons"]}), "with", "invalid_value"),
        (
            "recommendations",
            json!({"filter": {"properties": {"rating": {"eq": null}}}}),
            "filter.properties.rating.eq",
            "invalid_value",
        ),
        ("recommendations", json!({"user": "u1", "exclude_seen": ["clik"]}), "exclude_seen", "unknown_kind"),
        ("recommendations", json!({"exclude_seen": ["click", ""]}), "exclude_seen", "unknown_kind"),
        ("embeddings", json!({"items": ["i0"], "min_position": null}), "min_position", "invalid_value"),
        ("rank", json!({"items": ["i0"], "session": null}), "session", "invalid_value"),
        ("rank", json!({"user": "u1"}), "items", "missing"),
        ("rank", json!({"user": "u1", "items": []}), "items", "out_of_range"),
        ("rank", json!({"items": vec!["i"; 1001]}), "items", "out_of_range"),
        ("rank", json!({"items": ["a", ""]}), "items[1]", "empty"),
        ("rank", json!({"items": ["a"], "exclude": ["a"]}), "exclude", "unknown_field"),
        ("rank", json!({"items": ["a"], "vector": [1]}), "vector", "bad_dimension"),
        ("recommendations/batch", json!({}), "queries", "missing"),
        ("recommendations/batch", queries(0, json!({})), "queries", "out_of_range"),
        ("recommendations/batch", queries(1001, json!({})), "queries", "out_of_range"),
        ("recommendations/batch", queries(201, limits), "queries", "too_many"),
        ("recommendations/batch", queries(2, added), "queries", "too_many"),
        ("recommendations/batch", json!({"queries": [{}], "limit": 3}), "limit", "unknown_field"),
        ("recommendations/batch", json!({"queries": [{}], "timeout_ms": 30_001}), "timeout_ms", "out_of_range"),
    ] {
        let found = problem(service.request(POST, path).json(&body), 422, "invalid").await;
        let told = &found["errors"][0];
        assert_eq!((&told["field"], &told["code"]), (&json!(field), &json!(code)), "{path}: {found}");
    }
    for (query, field, code) in [
        ("filter=%7B", "filter", "malformed"),
        ("filter=%7B%22colour%22:1%7D", "filter.colour", "unknown_field"),
        ("category=", "category", "empty"),
        ("diversity=2", "diversity", "out_of_range"),
        ("context=a", "context", "unknown_field"),
        ("exclude_seen=purchase,bought", "exclude_seen", "unknown_kind"),
        ("filter=%7B%22tags%22:%7B%22any%22:null%7D%7D", "filter.tags.any", "invalid_value"),
    ] {
        let path = format!("users/u1/recommendations?{query}");
        let found = problem(service.request(GET, &path), 422, "invalid").await;
        let told = &found["errors"][0];
        assert_eq!((&told["field"], &told["code"]), (&json!(field), &json!(code)), "{query}: {found}");
    }
    let broken = service.request(POST, "recommendations/batch").header("content-type", "application/json");
    problem(broken.body(r#"{"queries":[{"user":"u1"},{"#), 400, "malformed").await;
    problem(
        service.request(POST, "recommendations/batch").json(&json!({"queries": [{}], "version": 99})),
        404,
        "version_not_found",
    )
    .await;
}
