//! Goal: everything that a model knows can be read page by page, and lists of recommendations too. Method: the real
//! binary; walks of every length over items, users, records, rows to import, and one query; alternatives and levels of
//! categories.

use crate::http_support::{Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const APPLIED: &str = "wait=applied&timeout_ms=30000";

async fn shop() -> Service {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let item = |n: usize| {
        let category = ["Home", "Home > Kitchen", "Home > Kitchen > Pans", "Garden"][n % 4];
        json!({"id": format!("i{n}"), "categories": [category], "properties": {"price": n, "sizes": ["S", n]}, "available": n != 3})
    };
    let items: Vec<Value> = (0..12).map(item).collect();
    service.post(&format!("items?{APPLIED}"), &json!({"items": items}), 200).await;
    answered(service.request(Method::DELETE, &format!("items/i5?{APPLIED}")), 200).await;
    for user in 0..5 {
        let items: Vec<String> = (0..4).map(|n| format!("i{}", (user + n) % 9)).collect();
        service.clicks(&format!("u{user}"), &items.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    service
}

/// All entries of a paged list, asked for `limit` at a time.
async fn walk(service: &Service, path: &str, list: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    let and = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = service.get(&format!("{path}{and}limit={limit}{cursor}")).await;
        let entries = page[list].as_array().unwrap_or_else(|| panic!("no list: {page}"));
        assert!(entries.len() <= limit);
        all.extend(entries.iter().cloned());
        match page["next_cursor"].as_u64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn ids(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_walked_by_one_style_of_cursor() {
    let service = shop().await;
    for limit in [1, 3, 11, 1000] {
        let items = walk(&service, "items", "items", limit).await;
        assert_eq!(ids(&items), ["i0", "i1", "i2", "i3", "i4", "i6", "i7", "i8", "i9", "i10", "i11"], "by {limit}");
        assert_eq!(items[1]["properties"], json!({"price": 1, "sizes": ["S", 1]}));
        let users = walk(&service, "users", "users", limit).await;
        assert_eq!(ids(&users), ["u0", "u1", "u2", "u3", "u4"], "by {limit}");
        assert_eq!(users[0]["events"], 4);
        assert!(users[0]["last"].is_string(), "{users:?}");
        let records = walk(&service, "events", "records", limit).await;
        let positions: Vec<u64> = records.iter().filter_map(|record| record["position"].as_u64()).collect();
        assert_eq!(positions, (1..=33).collect::<Vec<u64>>());
        assert_eq!(walk(&service, "imports?into=items", "ids", limit).await.len(), 12);
    }
    // The names of before.
    let page = service.get("events?after=30&limit=2").await;
    assert_eq!((&page["next_after"], &page["next_cursor"]), (&json!(32), &json!(32)));
    for (path, field) in [
        ("events?after=1&cursor=1", "after"),
        ("imports?from=1&cursor=1", "from"),
        ("learning/series?after=1&cursor=1", "after"),
        ("items?cursor=-1", "cursor"),
        ("users?cursor=x", "cursor"),
        ("items?limit=0", "limit"),
        ("users?limit=1001", "limit"),
        ("users?page=2", "page"),
    ] {
        let reply = problem(service.request(Method::GET, path), 422, "invalid").await;
        assert_eq!(reply["errors"][0]["field"], field, "{path}: {reply}");
    }
    // Who was forgotten is not listed.
    let begun = answered(service.request(Method::DELETE, "users/u1"), 202).await;
    let operation = format!("operations/{}", begun["operation"]["id"].as_str().expect("an id"));
    while service.get(&operation).await["state"] == "running" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(ids(&walk(&service, "users", "users", 2).await), ["u0", "u2", "u3", "u4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_list_join_and_filters_have_alternatives() {
    let service = shop().await;
    let ask = async |body: Value| {
        let reply = service.post("recommendations", &body, 200).await;
        let items = reply["items"].as_array().expect("a list").clone();
        (ids(&items).into_iter().map(str::to_owned).collect::<Vec<_>>(), reply["fallback"].clone())
    };
    let (all, _) = ask(json!({"user": "u0", "limit": 1000})).await;
    assert_eq!(all.len(), 10);
    for limit in [1, 4, 9] {
        let mut joined = Vec::new();
        for offset in (0..12).step_by(limit) {
            joined.extend(ask(json!({"user": "u0", "limit": limit, "offset": offset})).await.0);
        }
        assert_eq!(joined, all, "by {limit}");
    }
    let short = service.get("users/u0/recommendations?limit=2&offset=3").await;
    assert_eq!(ids(short["items"].as_array().expect("a list")), &all[3..5]);

    for (filter, expected) in [
        (json!({"categories": {"any": ["Home"]}}), &["i0", "i1", "i10", "i2", "i4", "i6", "i8", "i9"][..]),
        (json!({"categories": {"any": ["Home > Kitchen"]}, "properties": {"price": {"lt": 7}}}), &["i1", "i2", "i6"]),
        (json!({"categories": {"none": ["Home"]}}), &["i11", "i7"]),
        (json!({"or": [{"properties": {"price": {"lt": 1}}}, {"properties": {"sizes": {"eq": 11}}}]}), &["i0", "i11"]),
        (json!({"tags": {"none": ["x"]}, "or": []}), &[]),
    ] {
        let (mut found, _) = ask(json!({"user": "u0", "filter": filter})).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{filter}");
    }

    // An item that a user looks at: never itself, for an unknown user as if alone.
    let (related, fallback) = ask(json!({"user": "u0", "item": "i8", "limit": 20})).await;
    assert!(!related.contains(&"i8".to_owned()) && related.len() == 9 && fallback.is_null(), "{related:?}");
    let (alone, _) = ask(json!({"item": "i8", "limit": 20})).await;
    assert_eq!(ask(json!({"user": "stranger", "item": "i8"})).await, (alone, json!("session")));
}
