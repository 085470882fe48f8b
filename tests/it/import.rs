//! Goal: vectors learned elsewhere get into a running model, by `shelfmark import` and over HTTP, and can be taken
//! back. Method: the real binary on a real Postgres, with small files written here; neighbours as the service tells
//! them against neighbours computed from the file.

use crate::http_support::{Service, answered, problem, run};
use reqwest::Method;
use serde_json::{Value, json};

const POST: Method = Method::POST;

/// Twelve words on an arc of eight dimensions: each is nearest to those beside it.
fn arc() -> Vec<(String, Vec<f64>)> {
    let value = |word: usize, place: usize| {
        let angle = word as f64 * 0.21 + place as f64;
        if place < 2 { 1.0 } else { (angle * (1.0 + place as f64 / 8.0)).sin() }
    };
    (0..12).map(|word| (format!("w{word:02}"), (0..8).map(|place| value(word, place)).collect())).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn neighbours(vectors: &[(String, Vec<f64>)], of: usize) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = vectors
        .iter()
        .enumerate()
        .filter(|(row, _)| *row != of)
        .map(|(_, (word, vector))| (word.clone(), cosine(vector, &vectors[of].1)))
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

fn centred(vectors: &[(String, Vec<f64>)]) -> Vec<(String, Vec<f64>)> {
    let mean = |place: usize| vectors.iter().map(|(_, vector)| vector[place]).sum::<f64>() / vectors.len() as f64;
    let centre = |vector: &[f64]| vector.iter().enumerate().map(|(place, value)| value - mean(place)).collect();
    vectors.iter().map(|(word, vector)| (word.clone(), centre(vector))).collect()
}

async fn similar(service: &Service, item: &str) -> Vec<(String, f64)> {
    let found = service.get(&format!("items/{item}/similar?limit=11")).await;
    let pair = |one: &Value| (one["id"].as_str().expect("text").to_owned(), one["score"].as_f64().expect("a number"));
    found["items"].as_array().expect("a list").iter().map(pair).collect()
}

fn import(service: &Service, args: &[&str]) -> (bool, Value, String) {
    let url = service.url.clone();
    let mut all = vec!["import", "--url", &url, "--json", "--quiet"];
    all.extend_from_slice(args);
    let (status, out, told) = run(&all);
    (status.success(), serde_json::from_str(&out).unwrap_or(Value::Null), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_vectors_gives_items_its_neighbours_and_a_rollback_takes_them_away() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let vectors = arc();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("arc.txt");
    let line = |(word, values): &(String, Vec<f64>)| {
        format!("{word} {}\n", values.iter().map(f64::to_string).collect::<Vec<_>>().join(" "))
    };
    let lines: String = vectors.iter().map(line).collect();
    std::fs::write(&file, format!("{lines}stranger 1 2 3 4 5 6 7 8\nw00 9 9 9 9 9 9 9 9\n")).expect("written");
    let file = file.to_str().expect("text");

    // Nothing is known yet: nothing is sent without --create.
    let (done, _, told) = import(&service, &[file]);
    assert!(!done && told.contains("--create"), "{told}");
    let known: Vec<&str> = vectors.iter().map(|(word, _)| word.as_str()).collect();
    service.clicks("u1", &known).await;
    service.clicks("u1", &["left-over"]).await;
    let before = answered(service.request(POST, "versions"), 201).await;

    let (done, dry, told) = import(&service, &[file, "--dry-run"]);
    assert!(done, "{told}");
    assert_eq!((&dry["matched"], &dry["imported"], &dry["position"]), (&json!(12), &json!(0), &json!(0)), "{dry}");
    for (flags, expected) in [(&["--keep-mean"][..], vectors.clone()), (&[][..], centred(&vectors))] {
        let (done, told, shown) = import(&service, &[&[file], flags].concat());
        assert!(done, "{shown}");
        let counts = ["rows", "imported", "unknown", "left_over", "duplicates", "rejected"].map(|name| &told[name]);
        assert_eq!(counts.map(|count| count.as_u64().expect("a count")), [14, 12, 1, 1, 1, 0], "{told}");
        assert_eq!((&told["format"], &told["unknown_first"]), (&json!("glove"), &json!(["stranger"])));
        // It waited until readers see it.
        for (row, (word, _)) in vectors.iter().enumerate() {
            let found: Vec<_> = similar(&service, word).await.into_iter().filter(|(id, _)| id != "left-over").collect();
            for ((found, score), (expected, cosine)) in found.iter().zip(&neighbours(&expected, row)) {
                assert!((score - cosine).abs() < 1e-4, "{word}: {found} {score}, in the file {expected} {cosine}");
            }
        }
    }
    let values = service.get("items/w03/embedding").await;
    let values: Vec<f64> = values["values"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    let all = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
    assert!(all.sqrt() < 0.5, "of the size that was asked for, not of the file's: {}", all.sqrt());

    let restore = json!({"to": {"version": before["version"]}, "mode": "restore"});
    service.post("rollback", &restore, 200).await;
    assert_eq!(service.get("").await["digest"], before["digest"], "P7");
    // Made anew from the file.
    let (done, told, shown) = import(&service, &[file, "--create"]);
    assert!(done, "{shown}");
    assert_eq!((&told["created"], &told["imported"]), (&json!(1), &json!(13)), "{told}");
    assert_eq!(service.get("items/stranger").await["id"], "stranger");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_titles_move_all_items_that_have_them() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let items = json!({"items": [
        {"id": "a", "title": "Red kettle"}, {"id": "b", "title": "Red pan"}, {"id": "c", "title": "Green lamp"},
        {"id": "d", "title": "crimson kettle"},
    ]});
    service.post("items?wait=applied&timeout_ms=30000", &items, 200).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("words.txt");
    let words = "4 5\nRED 4 0 0 1 0\ncrimson 4.1 0 0 0.9 0\ngreen -4 1 0 0 0\nunheard 1 1 1 1 1\n";
    std::fs::write(&file, words).expect("written");
    let file = file.to_str().expect("text");
    let score = |found: &[(String, f64)], id: &str| found.iter().find(|(item, _)| item == id).expect("there").1;
    let before = similar(&service, "a").await;
    let (done, told, shown) = import(&service, &[file, "--into", "tokens", "--scale", "1"]);
    assert!(done, "{shown}");
    assert_eq!((&told["imported"], &told["unknown"], &told["left_over"]), (&json!(3), &json!(1), &json!(3)), "{told}");
    let after = similar(&service, "a").await;
    for near in ["b", "d"] {
        assert!(score(&after, near) > 0.9 && score(&before, near) < 0.8, "{near}: {before:?} then {after:?}");
    }
    assert!(score(&after, "c") < 0.0, "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_over_http_are_taken_left_out_or_refused_one_by_one() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    service.post("items", &json!({"items": [{"id": "a", "title": "Red kettle"}]}), 202).await;
    let position = service.clicks("u1", &["b"]).await;
    let values = |first: f32| -> Vec<f32> { (0..16).map(|n| first + n as f32 / 16.0).collect() };
    let row = |into: &str, id: &str, first: f32| json!({"into": into, "id": id, "values": values(first)});

    // What can be filled, in pages.
    let page = service.get(&format!("imports?into=tokens&min_position={position}")).await;
    assert_eq!(
        page,
        json!({"dim": 16, "rows": 2, "ids": ["t:kettle", "t:red"], "next_cursor": null, "next_from": null})
    );
    let page = service.get("imports?into=items&limit=1").await;
    assert_eq!((&page["ids"], &page["next_from"]), (&json!(["a"]), &json!(1)));
    assert_eq!(service.get("imports?into=items&limit=1&from=1").await["ids"], json!(["b"]));
    problem(service.request(Method::GET, "imports?into=colours"), 422, "invalid").await;

    let mut short = row("items", "a", 1.0);
    short["values"].as_array_mut().expect("a list").pop();
    let batch = json!({"vectors": [
        row("items", "a", 0.5), short, row("items", "new", 1.0), row("tokens", "t:red", 1.0), row("tokens", "t:blue", 1.0),
        row("items", "b", 1000.0), row("users", "u1", 1.0), {"into": "items", "id": "a", "values": "AAAA"},
    ]});
    let path = format!("imports?wait=applied&timeout_ms=30000&min_position={position}");
    let reply = service.post(&path, &batch, 200).await;
    let counts = ["accepted", "unknown", "rejected_count"].map(|name| reply[name].as_u64().expect("a count"));
    assert_eq!(counts, [2, 2, 4], "{reply}");
    let rejected: Vec<(u64, &str, &str)> = reply["rejected"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["index"].as_u64().expect("an index"),
                one["field"].as_str().expect("text"),
                one["code"].as_str().expect("text"),
            )
        })
        .collect();
    let refused = [
        (1, "values", "bad_dimension"),
        (5, "values", "out_of_range"),
        (6, "into", "invalid_value"),
        (7, "values", "invalid_value"),
    ];
    assert_eq!(rejected, refused);

    // As lines, with items that are new. The log has the very bits, and the row is what was sent.
    let lines = format!("{}\n{}\n", row("items", "new", 0.1), row("items", "a", 1.0 / 3.0));
    let stream = service.request(POST, "imports?create=true&wait=applied&timeout_ms=30000");
    let stream = stream.header("content-type", "application/x-ndjson").body(lines);
    let reply = answered(stream, 200).await;
    assert_eq!((&reply["accepted"], &reply["unknown"]), (&json!(2), &json!(0)), "{reply}");
    let embedding = service.request(Method::GET, "items/new/embedding").header("accept", "application/octet-stream");
    let bytes = embedding.send().await.expect("an answer").bytes().await.expect("a body");
    let sent: Vec<u8> = values(0.1).iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(bytes, sent, "an item without tokens is its row");
    let log = service.get("events?item=new").await;
    assert_eq!(
        (&log["records"][0]["type"], &log["records"][0]["into"]),
        (&json!("put_vector"), &json!("items")),
        "{log}"
    );
    problem(service.request(POST, "imports?colour=red").json(&batch), 422, "invalid").await;
}
