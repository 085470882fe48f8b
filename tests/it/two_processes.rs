//! Goal: every process on one database stands at the same positions with the same bits (P4), and serves what was
//! deployed through any of them. Method: two real binaries, events sent to both at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use crate::service::Service;
use serde_json::{Value, json};

fn events(process: usize, batch: usize) -> Value {
    let events: Vec<Value> = (0..25)
        .map(|k| {
            let n = batch * 25 + k;
            json!({
                "event_id": format!("p{process}-{n}"),
                "user": format!("u{}", (n * 7 + process) % 23),
                "item": format!("i{}", (n * 13 + process * 5) % 90),
                "kind": "click",
                "ts": 1_700_000_000 + n,
            })
        })
        .collect();
    json!({ "events": events })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_hold_the_same_bits_and_serve_the_same_version() {
    let url = crate::support::database().await;
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), r#"{"dim":32}"#).unwrap();
    let start = || Service::start(["--database-url", &url, "--model-config", config.path().to_str().unwrap()]);
    let both = [start(), start()];
    let send = async |process: usize| {
        for batch in 0..30 {
            both[process].post("/events", &events(process, batch)).await;
        }
    };
    tokio::join!(send(0), send(1));
    let (a, b) = (both[0].status_at(1500).await, both[1].status_at(1500).await);
    assert_eq!(a["position"], 1500);
    assert_eq!(a["position"], b["position"]);
    assert_eq!(a["digest"], b["digest"], "P4");
    assert_eq!(a["counts"]["events"], 1500);

    // What is pinned, restored and learned through one shows through the other.
    both[0].post("/versions", &json!({"label": "good"})).await;
    both[1].post("/events", &json!({"events": (0..50).map(|n| json!({"user": "u1", "item": format!("bad{}", n % 3), "kind": "click"})).collect::<Vec<_>>()})).await;
    let spoilt = both[0].status_at(1550).await;
    assert_ne!(spoilt["digest"], a["digest"]);
    both[1].post("/rollback", &json!({"to": {"label": "good"}, "mode": "pin", "reason": "test"})).await;
    let deadline = std::time::Instant::now() + crate::service::PATIENCE;
    while both[0].get("").await["served"] == "live" {
        assert!(std::time::Instant::now() < deadline, "the pin is not followed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let query = json!({"user": "u1", "limit": 10});
    let (x, y) = (both[0].post("/recommendations", &query).await, both[1].post("/recommendations", &query).await);
    assert_eq!(x["position"], 1500);
    assert_eq!(x["version"], 1);
    assert_eq!(ids(&x), ids(&y));

    both[0].post("/rollback", &json!({"to": {"version": 1}, "mode": "restore"})).await;
    let (a2, b2) = (both[0].status_at(1551).await, both[1].status_at(1551).await);
    assert_eq!(a2["digest"], a["digest"], "P7: restore(take(state)) == state");
    assert_eq!(b2["digest"], a["digest"], "P7 on every process");
    for service in both {
        assert!(service.terminate().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_process_lists_where_all_stand_and_one_that_ends_is_gone() {
    let url = crate::support::database().await;
    let writers = [(); 2].map(|()| Service::start(["--database-url", &url]));
    let reader = Service::start(["--database-url", &url, "--read-only"]);
    let listed = async |service: &Service, wanted: fn(&[Value]) -> bool| {
        let deadline = std::time::Instant::now() + crate::service::PATIENCE;
        loop {
            let answer = reqwest::get(format!("{}/v1/processes", service.url)).await.unwrap();
            let page: Value = answer.error_for_status().unwrap().json().await.unwrap();
            let processes = page["processes"].as_array().unwrap().clone();
            if wanted(&processes) {
                return processes;
            }
            assert!(std::time::Instant::now() < deadline, "{page}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let last = writers[0].post("/events?wait=applied", &events(0, 0)).await["position"].clone();
    assert_eq!(last, 25);
    // The other one tells what it has learned, too.
    let both = listed(&writers[0], |all| {
        all.len() == 2
            && all.iter().all(|one| one["models"][0]["position"] == 25 && one["models"][0]["lag_records"] == 0)
    });
    for (place, process) in both.await.iter().enumerate() {
        assert_eq!(process["answers"], place == 0);
        assert_eq!(format!("http://{}", process["address"].as_str().unwrap()), writers[place].url);
        assert_eq!(process["models"][0]["model"], "default");
        assert!(process["seen_ms"].as_u64().unwrap() < 20_000 && process["started_at"].is_string(), "{process}");
    }
    // One that only reads writes nothing: it is listed by itself alone.
    let from_reader = listed(&reader, |all| all.len() == 3).await;
    assert_eq!(format!("http://{}", from_reader[0]["address"].as_str().unwrap()), reader.url);
    let [first, second] = writers;
    assert!(second.terminate().success());
    listed(&first, |all| all.len() == 1).await;
}

fn ids(reply: &Value) -> Vec<String> {
    reply["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
