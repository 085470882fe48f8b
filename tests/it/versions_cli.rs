//! Goal: `shelfmark versions` does over HTTP what it says, for people and for programs. Method: the real binary as
//! service and as command, on a real Postgres.

use std::path::Path;

use crate::http_support::{Service, run};
use reqwest::Method;
use serde_json::{Value, json};

/// Runs an action; whether it succeeded, what it printed, what it said beside.
fn versions(service: &Service, args: &[&str]) -> (bool, String, String) {
    let mut all = vec!["versions", args[0], "--url", &service.url];
    all.extend_from_slice(&args[1..]);
    let (status, out, told) = run(&all);
    assert!(out.lines().all(|line| line.chars().count() <= 80), "wider than a terminal:\n{out}");
    (status.success(), out, told)
}

fn printed(service: &Service, args: &[&str]) -> String {
    let (done, out, told) = versions(service, args);
    assert!(done, "{args:?}: {told}");
    out
}

fn answered(service: &Service, args: &[&str]) -> Value {
    let mut all = vec!["versions", args[0], "--json", "--url", &service.url];
    all.extend_from_slice(&args[1..]);
    let (status, out, told) = run(&all);
    assert!(status.success(), "{args:?}: {told}");
    serde_json::from_str(&out).expect("JSON")
}

fn lines_with<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.split_whitespace().any(|found| found == word)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_listed_taken_named_compared_and_deleted_from_the_command_line() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    assert_eq!(printed(&service, &["list"]), "no versions\n");
    service
        .post(
            "items",
            &json!({"items": [{"id": "kettle", "title": "Red kettle of the very long name for a terminal"}]}),
            202,
        )
        .await;
    service.clicks("u1", &["kettle", "pan", "lamp"]).await;
    let taken = printed(
        &service,
        &["take", "--label", "before", "--reason", "prices change tonight, and a lot of other things too, they say"],
    );
    assert!(!lines_with(&taken, "before").is_empty() && taken.contains("digest"), "{taken}");
    service.clicks("u2", &["pan", "kettle", "new"]).await;
    // With a history there is something that moves items.
    service.clicks("u1", &["pan", "kettle", "pan"]).await;
    service.request(Method::PATCH, "").json(&json!({"config": {"rates": {"items": 0.02}}})).send().await.expect("sent");
    let second = answered(&service, &["take"]);
    assert_eq!((&second["version"], &second["label"]), (&json!(2), &Value::Null));

    let list = printed(&service, &["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines.len() == 3 && lines[0].contains("position") && lines[2].ends_with('…'), "{list}");
    assert_eq!(lines_with(&list, "before").len(), 1);
    let page = printed(&service, &["list", "--limit", "1"]);
    assert!(page.ends_with("older ones: --before 2\n"), "{page}");
    assert_eq!(answered(&service, &["list", "--before", "2"])["versions"][0]["version"], 1);

    assert!(printed(&service, &["label", "2", "after"]).contains("after"));
    assert_eq!(answered(&service, &["show", "after"])["version"], 2);
    let diff = printed(&service, &["diff", "before", "after", "--top", "3"]);
    for title in ["rows", "items that moved farthest", "neighbours of items", "settings", "figures"] {
        assert!(diff.lines().any(|line| line == title), "{title} is not in\n{diff}");
    }
    let items = lines_with(&diff, "items");
    assert!(items.iter().any(|line| line.split_whitespace().take(3).eq(["items", "4", "1"])), "{diff}");
    assert!(diff.contains("rates.items: 0.08 -> 0.02") && !lines_with(&diff, "kettle").is_empty(), "{diff}");
    let as_json = answered(&service, &["diff", "before"]);
    assert_eq!((&as_json["from"]["label"], &as_json["to"]["version"]), (&json!("before"), &Value::Null));

    let (done, _, told) = versions(&service, &["delete", "before"]);
    assert!(!done && told.contains("version_in_use"), "{told}");
    printed(&service, &["label", "1", "--none"]);
    assert_eq!(printed(&service, &["delete", "1"]), "version 1 is deleted\n");
    let (done, _, told) = versions(&service, &["show", "1"]);
    assert!(!done && told.contains("version_not_found"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_file_is_imported_into_another_model_as_it_was() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    service.clicks("u1", &["a", "b", "c", "d"]).await;
    printed(&service, &["take", "--label", "good"]);
    service.clicks("u1", &["a", "c"]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    for (format, name) in
        [("safetensors", "v.safetensors"), ("npz", "v.npz"), ("word2vec", "v.txt"), ("jsonl", "v.jsonl")]
    {
        let out = printed(&service, &["export", "good", "--format", format, "--out", &file(name)]);
        assert!(out.contains("at position 4"), "{out}");
        assert!(Path::new(&file(name)).exists() && !Path::new(&file(&format!("{name}.part"))).exists());
    }
    // Programs read what answers give.
    let lines = std::fs::read_to_string(file("v.jsonl")).expect("text");
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let embedding =
            service.get(&format!("items/{}/embedding?version=good", line["id"].as_str().expect("text"))).await;
        assert_eq!(embedding["values"], line["values"]);
    }
    assert_eq!(lines.lines().count(), 4);
    let response =
        service.request(Method::GET, "versions/live/export?format=npz&table=users").send().await.expect("an answer");
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!((header("content-type").as_str(), header("shelfmark-version").as_str()), ("application/zip", "live"));
    assert_eq!(header("content-disposition"), "attachment; filename=\"default-live-6-users.npz\"");
    let told: usize = header("content-length").parse().expect("a number");
    assert_eq!(response.bytes().await.expect("a body").len(), told);

    // Into a model of its own: centred, turned and scaled, but with the neighbours that they had.
    let other = Service::start(&crate::support::database().await, &[]).await;
    let (status, out, told) =
        run(&["import", &file("v.safetensors"), "--url", &other.url, "--create", "--keep-mean", "--json", "--quiet"]);
    assert!(status.success(), "{told}");
    let summary: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&summary["imported"], &summary["format"]), (&json!(4), &json!("safetensors")), "{summary}");
    let was = service.get("items/a/similar?version=good").await;
    let is = other.get("items/a/similar").await;
    for (was, is) in was["items"].as_array().expect("a list").iter().zip(is["items"].as_array().expect("a list")) {
        assert_eq!(was["id"], is["id"]);
        assert!((was["score"].as_f64().expect("a number") - is["score"].as_f64().expect("a number")).abs() < 1e-4);
    }
    let (done, _, told) = versions(&service, &["export", "nothing", "--out", &file("never")]);
    assert!(!done && told.contains("version_not_found") && !Path::new(&file("never")).exists(), "{told}");
    service.clicks("u1", &["two words"]).await;
    let (done, _, told) = versions(&service, &["export", "live", "--format", "word2vec", "--out", &file("never")]);
    assert!(!done && told.contains("not_exportable"), "{told}");
    let content = service.request(Method::GET, "versions/live/export?format=npz&table=users&content=true");
    crate::http_support::problem(content, 422, "not_supported").await;
}
