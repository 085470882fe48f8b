//! Goal: readers never notice a rollback but by its result, a rollback can be cancelled and is told from a second one,
//! and a process that is killed in the middle of one loses nothing. Method: the real binary on a real Postgres; readers
//! ask without a pause while restores, replays and pins go on.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::service::Service;
use serde_json::{Value, json};

/// Events of the log: enough for a replay of some hundred milliseconds at least.
const EVENTS: usize = 30_000;

fn serve(url: &str, folder: &tempfile::TempDir) -> Service {
    let config = folder.path().join("model.json");
    std::fs::write(&config, r#"{"dim":16,"full_softmax_below":128,"negatives":64}"#).unwrap();
    Service::start(["--database-url", url, "--model-config", config.to_str().unwrap()])
}

/// Events of many users, a tenth of them of `spam`. Returns the last position.
async fn feed(service: &Service, from: usize, events: usize) -> u64 {
    let mut position = 0;
    for start in (from..from + events).step_by(5000) {
        let batch: Vec<Value> = (start..start + 5000)
            .map(|n| {
                let user = if n % 10 == 0 { "spam".to_owned() } else { format!("u{}", n % 97) };
                json!({"event_id": format!("e{n}"), "user": user, "item": format!("i{}", n * 7 % 389), "kind": "click",
                    "ts": 1_700_000_000 + n})
            })
            .collect();
        position = service.post("/events", &json!({ "events": batch })).await["position"].as_u64().unwrap();
    }
    service.status_at(position).await;
    position
}

async fn ended(service: &Service, operation: &Value) -> Value {
    let path = format!("/operations/{}", operation["id"].as_str().unwrap());
    loop {
        let operation = service.get(&path).await;
        if operation["state"] != "running" {
            return operation;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts a rollback that takes a while; returns its operation.
async fn begin(service: &Service, body: &Value) -> Value {
    let (status, reply) = service.try_post("/rollback", body).await.unwrap();
    assert_eq!(status, 202, "{reply}");
    reply["operation"].clone()
}

async fn done(service: &Service, body: &Value) -> Value {
    let operation = ended(service, &begin(service, body).await).await;
    assert_eq!(operation["state"], "done", "{operation}");
    operation["result"]["deployment"].clone()
}

/// What one reader saw: position and version of every answer, in order.
async fn read(service: &Service, stop: &AtomicBool) -> Vec<(u64, Value)> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let query = json!({"user": format!("u{}", seen.len() % 97), "limit": 5});
        let reply = service.post("/recommendations", &query).await;
        assert_eq!(reply["items"].as_array().unwrap().len(), 5, "{reply}");
        seen.push((reply["position"].as_u64().unwrap(), reply["version"].clone()));
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_served_one_whole_state_after_the_other_while_rollbacks_go_on() {
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let service = serve(&url, &folder);
    let good = feed(&service, 0, EVENTS / 2).await;
    let head = feed(&service, EVENTS / 2, EVENTS / 2).await;
    let stop = Arc::new(AtomicBool::new(false));
    let changes = async {
        let restored = done(&service, &json!({"to": {"position": good - 7}, "mode": "restore"})).await;
        assert_eq!(restored["position"], head + 1);
        let replay = json!({"to": {"position": 0}, "mode": "replay", "except": {"users": ["spam"]}, "reason": "spam"});
        let replayed = done(&service, &replay).await;
        assert_eq!((&replayed["mode"], &replayed["reason"]), (&json!("replay"), &json!("spam")));
        let pinned = json!({"to": {"version": restored["version"]}, "mode": "pin"});
        let pinned = service.post("/rollback", &pinned).await;
        assert_eq!(pinned["to"]["version"], restored["version"], "a stored version is there at once: {pinned}");
        service.post("/unpin", &json!({})).await;
        stop.store(true, Ordering::Relaxed);
        [restored["version"].clone(), replayed["position"].clone()]
    };
    let ([pinned, last], first, second) = tokio::join!(changes, read(&service, &stop), read(&service, &stop));
    for seen in [first, second] {
        assert!(seen.len() > 20, "the load was real: {}", seen.len());
        let live: Vec<u64> = seen.iter().filter(|(_, version)| version == "live").map(|(at, _)| *at).collect();
        assert!(live.is_sorted(), "P5: positions of the live state go on: {live:?}");
        for (position, version) in &seen {
            let live = *position == head || *position > head && *position <= last.as_u64().unwrap();
            let whole = if version == "live" { live } else { *version == pinned && *position == good - 7 };
            assert!(whole, "position {position} of {version} was never a state");
        }
    }

    // The same by command, with honest ends.
    let shelfmark = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
        let output = command.args(arguments).args(["--url", &service.url, "--json"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        (output.status.success(), serde_json::from_str::<Value>(&text).unwrap_or(Value::Null))
    };
    let before = service.get("").await["digest"].clone();
    let to = format!("@{}", good - 2000);
    let arguments = ["rollback", "--to", &to, "--mode", "replay", "--except-user", "u1", "--dry-run"];
    let (success, dry) = shelfmark(&arguments);
    assert!(success && dry["counts"]["left_out"]["users"].as_u64().unwrap() > 0, "{dry}");
    assert_eq!(dry["from"]["digest"], before);
    assert_eq!(service.get("").await["digest"], before, "a dry run changes nothing");
    let (success, restored) = shelfmark(&["rollback", "--to", &to, "--mode", "restore", "--reason", "by hand"]);
    assert!(success && restored["reason"] == "by hand", "{restored}");
    assert!(!shelfmark(&["rollback", "--to", "no-such-label", "--mode", "pin"]).0);
    let (success, list) = shelfmark(&["operations", "list"]);
    assert!(success && list["operations"].as_array().unwrap().len() >= 3, "{list}");
    assert!(shelfmark(&["unpin"]).0);
    assert!(service.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_that_is_cancelled_or_killed_leaves_everything_as_it_was() {
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let service = serve(&url, &folder);
    let head = feed(&service, 0, EVENTS).await;
    let before = service.status_at(head).await;
    let versions = before["counts"]["versions"].as_u64().unwrap();
    let replay = json!({"to": {"position": 0}, "mode": "replay", "except": {"users": ["spam"]}});

    let operation = begin(&service, &replay).await;
    let (status, refusal) = service.try_post("/rollback", &replay).await.unwrap();
    assert_eq!((status, &refusal["code"]), (409, &json!("rollback_running")), "{refusal}");
    assert_eq!(refusal["running"]["operation"], operation["id"], "{refusal}");
    assert_eq!(refusal["running"]["kind"], "replay");
    let id = operation["id"].as_str().unwrap();
    let cancel = reqwest::Client::new().delete(format!("{}/v1/models/default/operations/{id}", service.url));
    assert!(cancel.send().await.unwrap().status().is_success());
    let operation = ended(&service, &operation).await;
    assert_eq!(operation["state"], "cancelled", "{operation}");
    let after = service.status_at(head).await;
    assert_eq!((&after["digest"], &after["head"]), (&before["digest"], &before["head"]));
    // The version at position 0 that the replay began from may stay: it is a state of the log. Its result does not.
    let stored = service.get("/versions").await;
    assert!(stored["versions"].as_array().unwrap().iter().all(|version| version.get("derived").is_none()), "{stored}");
    assert!(stored["versions"].as_array().unwrap().len() as u64 <= versions + 1, "{stored}");

    // Killed while it replays, and while it makes a state inside an append, far from those in memory.
    let mut interrupted = Vec::new();
    let mut service = service;
    for body in [replay.clone(), json!({"to": {"position": head * 2 / 3 - 3}, "mode": "restore"})] {
        let operation = begin(&service, &body).await;
        service.kill();
        interrupted.push(operation);
        service = serve(&url, &folder);
        let again = service.status_at(head).await;
        assert_eq!((&again["digest"], &again["head"]), (&before["digest"], &before["head"]), "P4: after {body}");
        // Nobody waits for the silence of a dead process here.
        let mut session = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
        let age = "update operations set updated_at = updated_at - interval '1 minute' where state = 'running'";
        sqlx::query(age).execute(&mut session).await.unwrap();
    }
    for operation in interrupted {
        let operation = ended(&service, &operation).await;
        assert_eq!(operation["state"], "failed", "{operation}");
        assert!(operation["error"].as_str().unwrap().starts_with("interrupted"), "{operation}");
    }
    let replayed = done(&service, &replay).await;
    let status = service.status_at(replayed["position"].as_u64().unwrap()).await;
    assert_ne!(status["digest"], before["digest"], "and then it is done");
    service.kill();
    let service = serve(&url, &folder);
    let again = service.status_at(head + 1).await;
    assert_eq!(again["digest"], status["digest"], "P4: what a replay led to is found again");
    assert!(service.terminate().success());
}
