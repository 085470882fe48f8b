//! Goal: a running Gorse, its dump and its configuration come in by `shelfmark import --from gorse`. Method: a second
//! service of ours stands in for Gorse, whose surface it has.

use crate::gorse::{get, send, start};
use crate::http_support::run;
use reqwest::Method;
use serde_json::{Value, json};

fn import(url: &str, args: &[&str]) -> (Option<i32>, Value, String) {
    let (status, out, told) = run(&[&["import", "--from", "gorse", "--json", "--quiet", "--url", url], args].concat());
    (status.code(), serde_json::from_str(&out).unwrap_or(Value::Null), told)
}

/// All entries of a table as lines, in an order of their own.
async fn lines(url: &str, table: &str) -> Vec<String> {
    let text = reqwest::get(format!("{url}/api/bulk/{table}")).await.expect("a reply").text().await.expect("text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(!lines.is_empty());
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_gorse_its_dump_and_its_configuration_come_in() {
    let (theirs, ours) = (crate::support::database().await, crate::support::database().await);
    let gorse = start(&theirs);
    let users: Vec<Value> =
        (0..1300).map(|n| json!({"UserId": format!("u{n}"), "Labels": {"n": n}, "Comment": "c"})).collect();
    send(&gorse, Method::POST, "/users", json!(users)).await;
    let feedback: Vec<Value> = (0..2400)
        .map(|n| {
            json!({"FeedbackType": "read", "UserId": format!("u{}", n % 1300), "ItemId": format!("i{}", n % 7),
                "Value": n % 5, "Timestamp": format!("2021-05-{:02}T10:00:00Z", 28 - n % 28)})
        })
        .collect();
    send(&gorse, Method::POST, "/feedback", json!(feedback)).await;

    let service = start(&ours);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let text = "[recommend.data_source]\npositive_feedback_types = [\"star\", \"read>=3\"]\nread_feedback_types = [\"read\"]\n";
    std::fs::write(&config, text).expect("a file");
    let config = config.to_str().expect("UTF-8");
    let (code, done, told) = import(&service.url, &[config, "--dry-run"]);
    assert_eq!((code, &done["kinds"]["star"]), (Some(0), &json!(1.0)), "{told}");
    assert!(service.get("").await["config"]["kinds"]["star"].is_null(), "--dry-run changes nothing");
    let (code, done, told) = import(&service.url, &[config]);
    assert_eq!(code, Some(0), "{told}");
    let kinds = service.get("").await["config"]["kinds"].clone();
    assert_eq!((&kinds["star"], &kinds["read"]), (&json!(1.0), &done["kinds"]["read"]));
    let (status, out, _) = run(&["import", "--from", "gorse", "--dry-run", "--url", &service.url, config]);
    assert!(status.success() && out.contains("recommend.data_source.read_feedback_types: taken"), "{out}");

    let before = service.get("").await["position"].clone();
    let (code, done, told) = import(&service.url, &[&gorse.url, "--dry-run"]);
    assert_eq!((code, done), (Some(0), json!({"users": 1300, "items": 7, "feedback": 2400})), "{told}");
    assert_eq!(service.get("").await["position"], before, "--dry-run moves nothing");
    let (code, done, told) = import(&service.url, &[&gorse.url]);
    assert_eq!(
        (code, &done["users"], &done["items"], &done["feedback"]),
        (Some(0), &json!(1300), &json!(7), &json!(2400)),
        "{told}"
    );
    // What can be told of seven items is told, beside simple methods.
    let names = done["recall"]["methods"]
        .as_array()
        .unwrap_or_else(|| panic!("{told}"))
        .iter()
        .map(|method| method["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["shelfmark", "popularity", "knn"], "{done}");
    let recall = &done["recall"];
    assert!(recall["targets"].as_u64() > Some(500) && recall["methods"][0]["all"].as_f64() > Some(0.9), "{recall}");
    // The log has the feedback in order of time, which is not that of Gorse's pages.
    let mut times = Vec::new();
    let mut cursor = json!(0);
    while let Some(at) = cursor.as_u64() {
        let page = service.get(&format!("/events?limit=1000&cursor={at}")).await;
        let of_events = page["records"].as_array().expect("records").iter().filter(|record| record["type"] == "event");
        times.extend(of_events.map(|event| event["ts"].as_str().expect("a time").to_owned()));
        cursor = page["next_cursor"].clone();
    }
    assert_eq!(times.len(), 2400);
    assert!(times.is_sorted(), "oldest first");
    let dump = reqwest::get(format!("{}/api/dump", gorse.url)).await.expect("a reply").bytes().await.expect("a body");
    let file = folder.path().join("gorse.dump");
    std::fs::write(&file, &dump).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let (code, done, told) = import(&service.url, &[file, "--no-evaluation"]);
    assert_eq!((code, done), (Some(0), json!({"users": 1300, "items": 7, "feedback": 2400})), "{told}");
    for table in ["users", "items", "feedback"] {
        assert_eq!(lines(&service.url, table).await, lines(&gorse.url, table).await, "{table}, each once");
    }
    assert_eq!(get(&service, "/user/u7").await["Comment"], "c");

    let (code, _, told) = import(&service.url, &[file, "--model", "other"]);
    assert!(code == Some(2) && told.contains("--model other"), "{told}");
    let (code, _, told) = import(&service.url, &[file, "--limit", "5"]);
    assert!(code == Some(2) && told.contains("--limit"), "an option that would do nothing: {told}");
    // Users once more behind the feedback: what is not moved is no success.
    std::fs::write(file, [&dump[..dump.len() - 8], &dump[..]].concat()).expect("a file");
    let (code, _, told) = import(&service.url, &[file, "--no-evaluation"]);
    assert!(code == Some(2) && told.contains("users stand behind other tables"), "{told}");
    std::fs::write(file, &dump[..100]).expect("a file");
    let (code, _, told) = import(&service.url, &[file]);
    assert!(code == Some(2) && told.contains("the dump ends within a"), "{told}");
    for service in [gorse, service] {
        assert!(service.terminate().success());
    }
    for url in [theirs, ours] {
        crate::service::verified(&url);
    }
}
