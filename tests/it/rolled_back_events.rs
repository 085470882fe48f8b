//! Goal: an event that a rollback gave up is never reported as a duplicate when it is sent again, because nothing is
//! learned from it; what the live state holds still is one. Method: the real binary; events in every form, restores,
//! a replay without a user, and a restore that takes the events back.

use serde_json::{Value, json};

use crate::service::Service;

fn events(prefix: &str, user: &str, count: usize) -> Vec<Value> {
    let event = |n| json!({"event_id": format!("{prefix}{n}"), "user": user, "item": format!("i{}", n % 7), "kind": "click", "ts": 1_700_000_000 + n});
    (0..count).map(event).collect()
}

/// Counts of an answer: accepted, duplicates, rejected as rolled back.
fn counts(reply: &Value) -> (u64, u64, usize) {
    let rejected = reply["rejected"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rolled_back = rejected.iter().filter(|rejection| rejection["code"] == "rolled_back").count();
    let count = |name: &str| reply[name].as_u64().expect("a count");
    (count("accepted"), count("duplicates"), rolled_back)
}

async fn send(service: &Service, events: &[Value]) -> (u64, u64, usize) {
    let (_, reply) =
        service.try_post("/events?wait=applied&timeout_ms=30000", &json!({ "events": events })).await.expect("a reply");
    counts(&reply)
}

async fn roll_back(service: &Service, body: &Value) {
    let (status, reply) = service.try_post("/rollback", body).await.expect("a reply");
    assert!(status < 300, "{status} {reply}");
    if let Some(id) = reply["operation"]["id"].as_str() {
        loop {
            let operation = service.get(&format!("/operations/{id}")).await;
            if operation["state"] != "running" {
                assert_eq!(operation["state"], "done", "{operation}");
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let head = service.get("").await["head"].as_u64().expect("a position");
    service.status_at(head).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_a_rollback_gave_up_are_told_from_duplicates() {
    let service = Service::start(["--database-url", &crate::support::database().await]);
    let (before, late) = (events("before", "u", 10), events("late", "late", 20));
    let mixed = [&before[..3], &late[..2]].concat();
    assert_eq!(send(&service, &before).await, (10, 0, 0));
    service.post("/versions", &json!({"label": "good"})).await;
    assert_eq!(send(&service, &late).await, (20, 0, 0));
    assert_eq!(send(&service, &mixed).await, (0, 5, 0));

    roll_back(&service, &json!({"to": {"label": "good"}, "mode": "restore"})).await;
    assert_eq!(send(&service, &mixed).await, (0, 3, 2));
    let (status, alone) = service.try_post("/events", &late[4]).await.expect("a reply");
    assert_eq!((status, &alone["code"]), (409, &json!("rolled_back")), "{alone}");
    assert_eq!(service.try_post("/events", &before[4]).await.expect("a reply").0, 202);

    // As new events they are learned.
    let again = events("again", "late", 20);
    assert_eq!(send(&service, &again).await, (20, 0, 0));
    assert_eq!(service.get("/users/late").await["id"], "late");

    // What a replay leaves out is given up by what it is, not by where it stands.
    let replay = json!({"to": {"position": 0}, "mode": "replay", "except": {"users": ["late"]}});
    roll_back(&service, &replay).await;
    assert_eq!(send(&service, &[&before[..3], &again[..2], &late[..1]].concat()).await, (0, 3, 3));

    // A time that names no state of the log changes nothing.
    let head = service.get("").await["head"].clone();
    for (time, said) in [("1999-01-01T00:00:00Z", "before the first record"), ("2999-01-01T00:00:00Z", "in the future")]
    {
        let body = json!({"to": {"time": time}, "mode": "restore"});
        let (status, reply) = service.try_post("/rollback", &body).await.expect("a reply");
        assert_eq!((status, reply["errors"][0]["field"].as_str()), (422, Some("to.time")), "{reply}");
        assert!(reply.to_string().contains(said), "{reply}");
    }
    assert_eq!(service.get("").await["head"], head);

    // Restoring a state from before the first rollback takes its events back, and gives up what came after it.
    roll_back(&service, &json!({"to": {"position": 30}, "mode": "restore"})).await;
    assert_eq!(send(&service, &[&before[..3], &late[..2], &again[..2]].concat()).await, (0, 5, 2));
    assert!(service.terminate().success());
}
