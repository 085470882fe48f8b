//! Goal: a process with `--read-only` answers every read as one that writes does, follows whatever others do, and
//! changes nothing in the database. Method: two real binaries; the reader is started first, on a database without
//! tables, with a role that may only select, and its log is looked through for what Postgres would have refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{fs::File, time::Instant};

use crate::service::{PATIENCE, Service};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_postgres as postgres;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, postgres::PgConnectOptions};

/// The address of the same database for a role that may only select, now and in tables that come later.
async fn reader_of(url: &str) -> String {
    let pool = postgres::connect(url, 1).await.unwrap();
    let role = format!("shelfmark_test_reader_{}", std::process::id());
    let made = format!(
        "create role {role} login password 'reader'; \
         alter default privileges in schema public grant select on tables to {role}"
    );
    // The name is made above.
    pool.execute(AssertSqlSafe(made)).await.unwrap();
    pool.close().await;
    let options: PgConnectOptions = url.parse().unwrap();
    options.username(&role).password("reader").to_url_lossy().to_string()
}

fn clicks(from: usize, count: usize) -> Value {
    let event = |n: usize| {
        json!({"event_id": format!("e{n}"), "user": format!("u{}", n % 7), "item": format!("i{}", n * 5 % 31),
               "kind": "click", "ts": 1_700_000_000 + n})
    };
    json!({"events": (from..from + count).map(event).collect::<Vec<_>>()})
}

/// Waits until both stand at `position`; the state is the same (P4).
async fn agree(writer: &Service, reader: &Service, position: u64) {
    let (a, b) = (writer.status_at(position).await, reader.status_at(position).await);
    assert_eq!((&a["position"], &a["digest"]), (&b["position"], &b["digest"]), "P4");
}

/// Waits until a field of a reply of the reader is the writer's.
async fn follows(writer: &Service, reader: &Service, path: &str, field: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let a = writer.get(path).await;
        let (_, b) = reader.try_send(Method::GET, path, &Value::Null).await.unwrap();
        if a[field] == b[field] {
            return;
        }
        assert!(Instant::now() < deadline, "{path}: {a} is not followed: {b}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_follows_everything_and_writes_nothing() {
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("model.json");
    std::fs::write(&config, r#"{"dim":16}"#).unwrap();
    let log = folder.path().join("reader.log");
    let arguments = ["--read-only".to_owned(), "--log".to_owned(), "info".to_owned(), "--database-url".to_owned()];
    let arguments = [arguments.as_slice(), &[reader_of(&url).await]].concat();
    let to = File::create(&log).unwrap();
    let reader = tokio::task::spawn_blocking(move || Service::start_logging(arguments, to.into()));
    let often = ["--version-every-records", "40", "--versions-kept", "2"];
    let writer = [&["--database-url", &url, "--model-config", config.to_str().unwrap()], often.as_slice()].concat();
    let writer = tokio::task::block_in_place(|| Service::start(writer));
    let reader = reader.await.unwrap();
    // It may have begun before the writer had made the model: until it has that too, it says that it is not ready.
    let deadline = Instant::now() + PATIENCE;
    while !reqwest::get(format!("{}/readyz", reader.url)).await.unwrap().status().is_success() {
        assert!(Instant::now() < deadline, "the reader does not become ready");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    let position = writer.post("/events", &clicks(0, 50)).await["position"].as_u64().unwrap();
    let seen = reader.get(&format!("/users/u0?min_position={position}&timeout_ms=30000")).await;
    assert_eq!(seen["events"], 8, "P6: {seen}");
    agree(&writer, &reader, position).await;
    let ready: Value = reqwest::get(format!("{}/readyz", reader.url)).await.unwrap().json().await.unwrap();
    assert_eq!((&ready["ready"], &ready["read_only"]), (&json!(true), &json!(true)), "{ready}");

    // Versions, what is served, and every kind of record.
    writer.post("/versions", &json!({"label": "good"})).await;
    writer.post("/events", &clicks(50, 30)).await;
    writer.post("/rollback", &json!({"to": {"label": "good"}, "mode": "pin"})).await;
    follows(&writer, &reader, "/deployments", "deployments").await;
    let query = json!({"user": "u1", "limit": 5});
    let deadline = Instant::now() + PATIENCE;
    while reader.post("/recommendations", &query).await["version"] == "live" {
        assert!(Instant::now() < deadline, "the pin is not followed");
    }
    let items = |reply: Value| reply["items"].clone();
    assert_eq!(
        items(reader.post("/recommendations", &query).await),
        items(writer.post("/recommendations", &query).await)
    );
    writer.post("/unpin", &json!({})).await;
    writer.post("/rollback", &json!({"to": {"label": "good"}, "mode": "restore"})).await;
    agree(&writer, &reader, 81).await;
    let without = json!({"to": {"label": "good"}, "mode": "replay", "except": {"users": ["u2"]}});
    let operation = writer.post("/rollback", &without).await["operation"]["id"].as_str().unwrap().to_owned();
    until_done(&writer, &operation).await;
    let (_, forgetting) = writer.try_send(Method::DELETE, "/users/u3", &Value::Null).await.unwrap();
    until_done(&writer, forgetting["operation"]["id"].as_str().unwrap()).await;
    writer.try_send(Method::PATCH, "", &json!({"config": {"explore": 0.5}})).await.unwrap();
    let head = writer.get("").await["head"].as_u64().unwrap();
    agree(&writer, &reader, head).await;
    let fork = json!({"fork": {"model": "default", "version": "good"}});
    writer.try_send(Method::PUT, "/v1/models/fork", &fork).await.unwrap();
    follows(&writer, &reader, "/v1/models/fork", "digest").await;

    // Whatever can be asked.
    for path in [
        "/events?limit=10",
        "/events/e7?trace=true",
        "/users/u1",
        "/users/u1/embedding",
        "/users/u1/history",
        "/items/i5",
        "/items/i5/similar",
        "/versions",
        "/versions/good",
        "/versions/good/diff/live",
        "/versions/good/export?format=jsonl",
        "/deployments",
        "/operations",
        "/erasures",
        "/serving",
        "/learning",
        "/learning/series?metric=loss",
        "/learning/bias",
    ] {
        let (status, reply) = reader.try_send(Method::GET, path, &Value::Null).await.unwrap();
        assert_eq!(status, 200, "{path}: {reply}");
    }
    for (method, path, body) in [
        (Method::POST, "/events", clicks(90, 1)),
        (Method::PUT, "/items/new", json!({"title": "New"})),
        (Method::POST, "/versions", json!({})),
        (Method::POST, "/rollback", json!({"to": {"version": 1}, "mode": "pin"})),
        (Method::PATCH, "", json!({"config": {"explore": 0.1}})),
        (Method::DELETE, "/users/u1", Value::Null),
        (Method::PUT, "/v1/models/other", json!({})),
    ] {
        let (status, problem) = reader.try_send(method.clone(), path, &body).await.unwrap();
        assert_eq!((status, &problem["code"]), (403, &json!("read_only")), "{method} {path}: {problem}");
    }

    // It goes on without the writer, and leaves nothing behind at its end.
    writer.kill();
    let reply = reader.post("/recommendations", &query).await;
    assert_eq!(reply["position"], head, "{reply}");
    assert!(reader.terminate().success());
    let log = std::fs::read_to_string(&log).unwrap();
    for refusal in ["read-only transaction", "permission denied", "ERROR"] {
        assert!(!log.contains(refusal), "{log}");
    }
}

async fn until_done(service: &Service, operation: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = service.get(&format!("/operations/{operation}")).await;
        if found["state"] == "done" {
            return;
        }
        assert!(found["state"] == "running" && Instant::now() < deadline, "{found}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
