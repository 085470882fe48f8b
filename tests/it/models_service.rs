//! Goal: models come and go while services run, alike in every process, and nothing that is killed leaves half of one.
//! Method: real binaries on one database, asked over HTTP and by the command line.

use crate::http_support::{Service, answered, problem, run};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

const TABLES: [&str; 4] = ["records", "versions", "version_segments", "deployments"];

fn put(service: &Service, model: &str, body: &Value) -> reqwest::RequestBuilder {
    service.request(Method::PUT, &format!("/v1/models/{model}")).json(body)
}

fn at(service: &Service, method: Method, path: &str) -> reqwest::RequestBuilder {
    service.request(method, &format!("/v1/models/{path}"))
}

async fn status(service: &Service, path: &str) -> u16 {
    at(service, Method::GET, path).send().await.expect("an answer").status().as_u16()
}

async fn until(what: &str, reached: impl AsyncFn() -> bool) {
    let deadline = std::time::Instant::now() + crate::http_support::PATIENCE;
    while !reached().await {
        assert!(std::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn clicks(service: &Service, model: &str, from: usize, count: usize) -> u64 {
    let events: Vec<Value> = (from..from + count)
        .map(|n| {
            json!({
                "event_id": format!("{model}-{n}"), "user": format!("u{}", n % 7), "item": format!("i{}", n * n % 31),
                "kind": "click", "ts": 1_700_000_000 + n * 40,
            })
        })
        .collect();
    let request = at(service, Method::POST, &format!("{model}/events?wait=applied&timeout_ms=30000"));
    let reply = answered(request.json(&json!({ "events": events })), 200).await;
    assert_eq!(reply["accepted"], count, "{reply}");
    reply["position"].as_u64().expect("a position")
}

/// Digest and position once the model holds `position`.
async fn standing(service: &Service, model: &str, position: u64) -> (Value, Value) {
    let path = format!("{model}?min_position={position}&timeout_ms=30000");
    let status = answered(at(service, Method::GET, &path), 200).await;
    (status["digest"].clone(), status["position"].clone())
}

/// Rows of models other than `default`, and models.
async fn rows(url: &str) -> Vec<i64> {
    let mut session = PgConnection::connect(url).await.expect("a session");
    let mut counts = Vec::new();
    for table in TABLES {
        let statement = format!("select count(*) from {table} where model_id <> (select min(id) from models)");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut session).await;
        counts.push(count.expect("a count"));
    }
    let models = sqlx::query_scalar("select count(*) from models").fetch_one(&mut session).await;
    counts.push(models.expect("a count"));
    session.close().await.expect("closed");
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_see_models_come_and_go_and_a_killed_one_recovers_a_fork_exactly() {
    let url = crate::support::database().await;
    let (a, mut b) = (Service::start(&url, &[]).await, Service::start(&url, &[]).await);

    let config = json!({"config": {"dim": 16, "full_softmax_below": 24, "negatives": 16}});
    let made = put(&a, "shop", &config).send().await.expect("an answer");
    assert_eq!(made.headers()["location"], "/v1/models/shop");
    let made = crate::http_support::checked(made, 201).await;
    assert_eq!((&made["fork"], &made["head"], &made["config"]["dim"]), (&Value::Null, &json!(0), &json!(16)));
    answered(put(&a, "shop", &config), 200).await;
    problem(put(&a, "shop", &json!({})), 409, "model_exists").await;
    until("the other process serves it", async || status(&b, "shop").await == 200).await;
    answered(put(&b, "shop", &config), 200).await;
    for (name, body, field) in [
        ("Shop", json!({}), "model"),
        ("x", json!({"fork": {"model": "No", "version": 1}}), "fork.model"),
        ("x", json!({"fork": {"model": "shop", "label": "v"}}), "fork.label"),
        ("x", json!({"config": {"colour": 1}}), "config.colour"),
        ("x", json!({"config": {"dim": 6}}), "config.dim"),
        ("x", json!({"fork": {"model": "shop"}, "config": {"dim": 32}}), "config.dim"),
    ] {
        let refused = problem(put(&a, name, &body), 422, "invalid").await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    problem(put(&a, "x", &json!({"fork": {"model": "nobody"}})), 404, "model_not_found").await;
    problem(put(&a, "x", &json!({"fork": {"model": "shop", "version": 99}})), 404, "version_not_found").await;

    // Events through both; a fork made by the second, with a change; both hold the same bits.
    clicks(&a, "shop", 0, 60).await;
    let head = clicks(&b, "shop", 60, 60).await;
    assert_eq!(standing(&a, "shop", head).await, standing(&b, "shop", head).await);
    let fork = json!({"fork": {"model": "shop"}, "config": {"explore": 0.25, "pull": 0.01}});
    let forked = answered(put(&b, "fork", &fork), 201).await;
    assert_eq!(forked["fork"]["model"], "shop", "{forked}");
    let version = forked["fork"]["version"].as_u64().expect("a number");
    until("the other process serves the fork", async || status(&a, "fork").await == 200).await;
    let base = standing(&a, "shop", head).await;
    let learned = clicks(&a, "fork", 0, 80).await;
    assert_eq!(learned, 81, "the first record is the configuration");
    assert_eq!(standing(&a, "fork", learned).await, standing(&b, "fork", learned).await);
    assert_eq!(standing(&a, "shop", head).await, base, "the fork's events train only it");
    let listed = answered(a.request(Method::GET, "/v1/models"), 200).await;
    let names: Vec<&Value> = listed["models"].as_array().expect("a list").iter().map(|model| &model["model"]).collect();
    assert_eq!(names, ["default", "fork", "shop"]);

    // What stands under it stays.
    answered(at(&a, Method::POST, "shop/versions").json(&json!({})), 201).await;
    problem(at(&a, Method::DELETE, &format!("shop/versions/{version}")), 409, "version_in_use").await;
    let refused = problem(at(&a, Method::DELETE, "shop"), 409, "model_in_use").await;
    assert!(refused["detail"].as_str().expect("text").contains("fork is forked from it"), "{refused}");
    problem(at(&a, Method::DELETE, "default"), 409, "model_required").await;
    problem(at(&a, Method::DELETE, "nobody"), 404, "model_not_found").await;

    // Killed in the middle of learning the fork, against the one that is not.
    answered(at(&b, Method::POST, "fork/versions").json(&json!({})), 201).await;
    let head = clicks(&a, "fork", 80, 200).await;
    b.kill();
    let head = head.max(clicks(&a, "fork", 280, 30).await);
    let b = Service::start(&url, &[]).await;
    assert_eq!(standing(&b, "fork", head).await, standing(&a, "fork", head).await);

    // Gone here at once, there soon, for reads and for writes; the name is free.
    answered(at(&a, Method::DELETE, "fork"), 204).await;
    assert_eq!(status(&a, "fork").await, 404);
    until("the other process has ended it", async || status(&b, "fork").await == 404).await;
    problem(at(&b, Method::DELETE, "fork"), 404, "model_not_found").await;
    let event = json!({"user": "u", "item": "i", "kind": "click"});
    problem(at(&b, Method::POST, "fork/events").json(&event), 404, "model_not_found").await;
    let again = answered(put(&b, "fork", &json!({"config": {"dim": 8}})), 201).await;
    assert_eq!((&again["fork"], &again["counts"]["events"]), (&Value::Null, &json!(0)));
    until("the other process serves the new one", async || status(&a, "fork").await == 200).await;
    assert_eq!(standing(&a, "fork", 0).await, standing(&b, "fork", 0).await);
    for model in ["fork", "shop"] {
        answered(at(&b, Method::DELETE, model), 204).await;
    }
    until("no row is left", async || rows(&url).await == [0, 0, 0, 0, 1]).await;
    for service in [a, b] {
        answered(service.request(Method::GET, "/readyz"), 200).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_goes_on_after_a_crash_and_ends_with_nothing_left() {
    let url = crate::support::database().await;
    let mut service = Service::start(&url, &[]).await;
    answered(put(&service, "base", &json!({"config": {"dim": 8}})), 201).await;
    clicks(&service, "base", 0, 50).await;
    answered(put(&service, "fork", &json!({"fork": {"model": "base", "version": "live"}})), 201).await;
    clicks(&service, "fork", 0, 50).await;
    for model in ["base", "fork"] {
        answered(at(&service, Method::POST, &format!("{model}/versions")).json(&json!({})), 201).await;
        let pin = json!({"to": {"version": 1}, "mode": "pin"});
        answered(at(&service, Method::POST, &format!("{model}/rollback")).json(&pin), 200).await;
    }
    // Killed right after the marks: the rows are all there.
    answered(at(&service, Method::DELETE, "fork"), 204).await;
    answered(at(&service, Method::DELETE, "base"), 204).await;
    service.kill();
    let left = rows(&url).await;
    assert!(left.iter().all(|count| *count > 0) && left[4] == 3, "{left:?}");

    let service = Service::start(&url, &[]).await;
    assert_eq!(status(&service, "fork").await, 404);
    until("no row is left", async || rows(&url).await == [0, 0, 0, 0, 1]).await;
    // The history of the model that stays is kept as ever.
    let mut session = PgConnection::connect(&url).await.expect("a session");
    answered(service.request(Method::POST, "versions").json(&json!({})), 201).await;
    service.post("rollback", &json!({"to": {"version": 1}, "mode": "pin"}), 200).await;
    let refused = sqlx::query("delete from deployments").execute(&mut session).await.expect_err("append-only");
    assert!(refused.to_string().contains("append-only"), "{refused}");
    session.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_one_model_make_and_delete_none_and_go_with_their_model() {
    let url = crate::support::database().await;
    let key = |name: &str, model: Option<&str>| {
        let mut args = vec!["keys", "create", "--name", name, "--scope", "admin", "--database-url", &url];
        args.extend(model.iter().flat_map(|model| ["--model", model]));
        let (status, out, error) = run(&args);
        assert!(status.success(), "{error}");
        out.trim().to_owned()
    };
    let (all, own) = (key("all", None), key("own", Some("own")));
    let service = Service::start(&url, &[]).await;
    let with = |key: &str, request: reqwest::RequestBuilder| request.bearer_auth(key);
    let body = json!({"config": {"dim": 8}});
    problem(with(&own, put(&service, "own", &body)), 403, "forbidden").await;
    problem(put(&service, "own", &body), 401, "unauthorized").await;
    answered(with(&all, put(&service, "own", &body)), 201).await;
    problem(with(&own, at(&service, Method::DELETE, "own")), 403, "forbidden").await;
    let listed = answered(with(&own, service.request(Method::GET, "/v1/models")), 200).await;
    assert_eq!(listed["models"].as_array().expect("a list").len(), 1, "{listed}");
    answered(with(&own, at(&service, Method::GET, "own")), 200).await;
    answered(with(&all, at(&service, Method::DELETE, "own")), 204).await;
    answered(with(&all, put(&service, "own", &body)), 201).await;
    until("the key of the first is not known any more", async || {
        let answer = with(&own, at(&service, Method::GET, "own")).send().await.expect("an answer");
        answer.status() == 401
    })
    .await;
    answered(with(&all, at(&service, Method::GET, "own")), 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_makes_forks_lists_and_deletes() {
    let url = crate::support::database().await;
    let service = Service::start(&url, &["--models-max", "3"]).await;
    service.clicks("ann", &["tea", "pot", "tea", "cup"]).await;
    let folder = crate::http_support::folder();
    let config = folder.path().join("config.json");
    std::fs::write(&config, r#"{"explore": 0.5}"#).expect("written");
    let config = config.to_str().expect("a path");
    let command = |args: &[&str]| {
        let all: Vec<&str> = args.iter().copied().chain(["--url", &service.url]).collect();
        run(&all)
    };
    let succeeds = |args: &[&str]| {
        let (status, out, error) = command(args);
        assert!(status.success(), "{args:?}: {error}");
        out
    };
    let fork = ["fork", "--from", "default", "second", "--config", config];
    assert!(succeeds(&fork).contains("a fork of default, version 1"));
    let again: Value = serde_json::from_str(&succeeds(&[&fork[..], &["--json"]].concat())).expect("JSON");
    assert_eq!((&again["fork"]["version"], &again["config"]["explore"]), (&json!(1), &json!(0.5)));
    succeeds(&["fork", "--from", "default@1", "third"]);
    let (status, _, error) = command(&["models", "create", "fourth"]);
    assert!(!status.success() && error.contains("too_many_models"), "{error}");
    succeeds(&["models", "delete", "third"]);
    succeeds(&["models", "create", "fourth", "--config", config]);
    let table = succeeds(&["models", "list"]);
    assert!(table.contains("default@1") && table.contains("fourth") && !table.contains("third"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let listed: Value = serde_json::from_str(&succeeds(&["models", "list", "--json"])).expect("JSON");
    assert_eq!(listed["models"].as_array().expect("a list").len(), 3);
    let (status, _, error) = command(&["models", "delete", "default"]);
    assert!(!status.success() && error.contains("model_required"), "{error}");
}
