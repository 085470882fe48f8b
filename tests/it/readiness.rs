//! Goal: /readyz answers 200 only once the model has reached the head that its log had at the start. Method: a real
//! binary is killed with thousands of records beyond its newest version and started again, several times. Clients poll
//! /readyz without a pause from the first accepted connection on, and ask for the position when they are told 200.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::BTreeSet,
    net::TcpListener,
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Instant,
};

use crate::http_support::{PATIENCE, Service, answered, shelfmark};
use reqwest::{Client, Method};
use serde_json::{Value, json};

const CLIENTS: usize = 2;
const BATCHES: usize = 24;
const BATCH: usize = 500;

fn events(batch: usize) -> Value {
    let events: Vec<Value> = (batch * BATCH..(batch + 1) * BATCH)
        .map(|n| {
            json!({
                "event_id": format!("e{n}"), "user": format!("u{}", n % 97), "item": format!("i{}", n * n % 1_009),
                "kind": "click", "ts": 1_700_000_000 + n,
            })
        })
        .collect();
    json!({ "events": events })
}

/// A process whose port is known before it listens; killed with SIGKILL when dropped.
struct Started {
    child: Child,
    url: String,
}

impl Started {
    fn new(database_url: &str, more: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let first = ["serve", "--log", "warn", "--listen", &address, "--database-url", database_url];
        let arguments = [&first, more].concat();
        let child = shelfmark(&arguments).stdout(Stdio::null()).spawn().unwrap();
        Self { child, url: format!("http://{address}") }
    }

    /// Asks /readyz until it answers 200. Gives what `GET` of the model says then, and all reasons before it without
    /// their digits.
    async fn poll(&self) -> (Value, BTreeSet<String>) {
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        let deadline = Instant::now() + PATIENCE;
        let mut reasons = BTreeSet::new();
        loop {
            assert!(Instant::now() < deadline, "ready in time, after {reasons:?}");
            let Ok(answer) = client.get(format!("{}/readyz", self.url)).send().await else {
                // Not listening yet.
                tokio::task::yield_now().await;
                continue;
            };
            let is_success = answer.status().is_success();
            let ready: Value = answer.json().await.unwrap();
            assert_eq!(ready["ready"], is_success);
            if is_success {
                let status = client.get(format!("{}/v1/models/default", self.url)).send().await.unwrap();
                return (status.json().await.unwrap(), reasons);
            }
            let told = ready["reasons"].as_array().unwrap();
            assert!(!told.is_empty(), "{ready}");
            let text = |reason: &Value| reason.as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "");
            reasons.extend(told.iter().map(text));
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_is_not_ready_before_it_has_reached_the_head_of_its_start() {
    let url = crate::support::database().await;
    let mut service = Service::start(&url, &[]).await;
    service.clicks("somebody", &["i1", "i2"]).await;
    answered(service.request(Method::POST, "versions").json(&json!({})), 201).await;
    let mut head = 0;
    for batch in 0..BATCHES {
        let reply = service.post("events", &events(batch), 202).await;
        head = head.max(reply["position"].as_u64().unwrap());
    }
    service.kill();

    let (writes, reads): (&[&str], &[&str]) = (&[], &["--read-only"]);
    for (start, more) in [writes, writes, reads, writes, writes, reads, writes].into_iter().enumerate() {
        let started = Started::new(&url, more);
        let polls = futures::future::join_all((0..CLIENTS).map(|_| started.poll())).await;
        for (status, reasons) in polls {
            println!("start {start} {more:?}: ready at {} of {head}, after {reasons:?}", status["position"]);
            let position = status["position"].as_u64().unwrap();
            assert!(position >= head, "start {start}: 200 at position {position} of {head}");
            let replaying = reasons.iter().any(|reason| reason.contains("replaying the log"));
            assert!(replaying, "start {start}: the log was long enough to be met while it is replayed: {reasons:?}");
        }
    }
}

/// Goal: the models that a process serves stay ready while others are made. Method: /readyz is polled without a pause
/// while empty models and forks, of the base's configuration and of another, are made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_model_does_not_take_the_others_away() {
    let url = crate::support::database().await;
    let service = Service::start(&url, &[]).await;
    service.clicks("somebody", &["i1", "i2"]).await;
    let (made, polls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let poll = async {
        while !made.load(Ordering::Relaxed) {
            service.get("/readyz").await;
            polls.fetch_add(1, Ordering::Relaxed);
        }
    };
    let make = async {
        for n in 0..4 {
            let fork = json!({"model": "default"});
            let models = [json!({}), json!({"fork": fork}), json!({"fork": fork, "config": {"explore": 0.25}})];
            for (kind, body) in models.iter().enumerate() {
                let path = format!("/v1/models/m{n}-{kind}");
                answered(service.request(Method::PUT, &path).json(body), 201).await;
            }
        }
        made.store(true, Ordering::Relaxed);
    };
    tokio::join!(poll, make);
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls > 50, "the load was real: {polls}");
}
