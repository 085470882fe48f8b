//! Goal: a forgotten user's id is in no place where it can stand: none of the database, of the files of the service's
//! own Postgres once it has written them anew, nor in what the process logs (P10). Method: the table of places against
//! the schema; the real binary at level info, and a search of all bytes below its data folder.

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Instant};

use crate::http_support::{PATIENCE, Service, answered, folder};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark::engine::ERASURE_PLACES;
use sqlx::PgPool;

const USER: &str = "ann.smith@example.org";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_that_could_hold_an_id_says_what_an_erasure_does_to_it() {
    let pool = shelfmark_postgres::connect(crate::support::database().await.as_str(), 2).await.expect("a pool");
    shelfmark_postgres::migrate(&pool).await.expect("a schema");
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns where table_schema = 'public' \
         and table_name <> '_sqlx_migrations' \
         and (data_type in ('text', 'jsonb', 'bytea', 'ARRAY') or column_name = 'retry_hash') order by 1, 2",
    )
    .fetch_all(&pool)
    .await
    .expect("columns");
    let listed = ERASURE_PLACES.iter().flat_map(|places| {
        places.columns.iter().map(|column| ((places.table.to_owned(), (*column).to_owned()), places.on_erasure))
    });
    let mut listed: Vec<_> = listed.collect();
    let by_column: BTreeMap<_, _> = listed.iter().cloned().collect();
    assert_eq!(by_column.len(), listed.len(), "each column once");
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(listed.into_iter().map(|(column, _)| column).collect::<Vec<_>>(), columns);
}

/// Files below a folder that hold a text, but for the write-ahead log, which Postgres writes over in its own time.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut search = Command::new("grep");
    search.args(["--recursive", "--files-with-matches", "--fixed-strings", "--exclude-dir=pg_wal", text]);
    let found = search.arg(folder).output().expect("grep runs");
    assert!(found.status.code().is_some_and(|code| code <= 1), "{found:?}");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

async fn written_anew(data_dir: &Path) {
    let pool: PgPool = shelfmark_postgres::connect(shelfmark_postgres::running_address(data_dir).expect("it runs"), 2)
        .await
        .expect("a pool");
    for statement in ["vacuum full", "checkpoint"] {
        sqlx::query(statement).execute(&pool).await.expect(statement);
    }
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_user_is_in_no_file_and_was_in_no_line_of_the_log() {
    let folder = folder();
    let data_dir = folder.path().join("data");
    let log = folder.path().join("service.log");
    let args = ["--log", "info", "--data-dir", data_dir.to_str().expect("text")];
    let log_file = fs::File::create(&log).expect("a file");
    let mut service = Service::spawn_with_log(&args, log_file.into());
    service.clicks("somebody", &["kettle"]).await;
    let events: Vec<Value> = (0..40)
        .map(|n| {
            json!({"event_id": format!("{USER}-{n}"), "user": USER, "session": format!("visit of {USER}"),
                "item": format!("i{n}"), "kind": "click", "properties": {"mail": USER}})
        })
        .collect();
    service.post("events?wait=applied&timeout_ms=30000", &json!({"events": events}), 200).await;
    service.post("versions", &json!({}), 201).await;
    // Whatever asks for the user by name is on the way to the log.
    service.get(&format!("users/{USER}")).await;
    service.post("recommendations", &json!({"user": USER}), 200).await;
    answered(service.request(Method::PATCH, &format!("users/{USER}")).json(&json!({"labels": {"age": 7}})), 202).await;
    let replay = json!({"to": {"position": 0}, "mode": "replay", "except": {"users": [USER]}, "dry_run": true});
    service.post("rollback", &replay, 200).await;
    service.post("recommendations", &json!({"user": USER, "limit": 0}), 422).await;
    written_anew(&data_dir).await;
    assert!(!files_with(&data_dir, USER).is_empty(), "the search finds what is there");

    let request = service.request(Method::DELETE, &format!("users/{USER}"));
    let id = answered(request, 202).await["operation"]["id"].as_str().expect("an id").to_owned();
    let deadline = Instant::now() + PATIENCE;
    while service.get(&format!("operations/{id}")).await["state"] == "running" {
        assert!(Instant::now() < deadline, "it ends");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(service.get(&format!("operations/{id}")).await["state"], "done");
    written_anew(&data_dir).await;
    let (status, _) = service.stop();
    assert!(status.success());
    assert_eq!(files_with(&data_dir, USER), Vec::<String>::new());
    let said = fs::read_to_string(&log).expect("text");
    assert!(said.contains("user.forgotten"), "{said}");
    assert!(!said.contains(USER), "{said}");
}
