//! Goal: three processes on one database are one service. Method: the real binary three times, clients that send every
//! request to the next process in turn, and processes that are killed (SIGKILL) and started again meanwhile; in the
//! second half one of the three only reads. At every moment: who wrote reads it back from any process (P6), replies of
//! one position are equal whoever gives them (P4), no acknowledged event is lost or counted twice (P1, P2).
//!
//! `SHELFMARK_REPLICA_CYCLES=50` runs longer; `SHELFMARK_REPLICA_SEED=n` repeats a run's choices.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::service::{PATIENCE, Service, number};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_postgres as postgres;
use shelfmark_state::CounterRng;
use tokio::{sync::RwLock, task::JoinSet};

const PROCESSES: usize = 3;
/// Of each client, so that what a user did is known to one client.
const USERS: usize = 12;

/// Three places for processes, and who comes next.
struct Replicas {
    arguments: Vec<String>,
    places: [RwLock<Option<Arc<Service>>>; PROCESSES],
    turn: AtomicUsize,
    /// Requests that a process did not answer, and those that one refused because it only reads.
    unanswered: AtomicUsize,
    refused: AtomicUsize,
    /// What was answered, by what was asked and the position of the answer.
    answers: Mutex<BTreeMap<(u64, String), Value>>,
    /// Held for reading while a client is at work; for writing while everything rests.
    rest: RwLock<()>,
    done: AtomicBool,
}

impl Replicas {
    async fn start(&self, place: usize, read_only: bool) {
        let mut arguments = self.arguments.clone();
        if read_only {
            arguments.push("--read-only".to_owned());
        }
        let service = tokio::task::spawn_blocking(|| Service::start(arguments)).await.unwrap();
        *self.places[place].write().await = Some(Arc::new(service));
    }

    /// SIGKILL, whatever it is doing.
    async fn kill(&self, place: usize) {
        if let Some(service) = self.places[place].write().await.take() {
            service.strike();
        }
    }

    /// Asks the processes in turn until one answers; the reply.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let place = self.turn.fetch_add(1, Ordering::Relaxed) % PROCESSES;
            let service = self.places[place].read().await.clone();
            if let Some(service) = service {
                match service.try_send(method.clone(), path, body).await {
                    Ok((200..300, reply)) => return reply,
                    Ok((403, reply)) if reply["code"] == "read_only" => {
                        _ = self.refused.fetch_add(1, Ordering::Relaxed)
                    }
                    // It is starting, lost the database's answer, or is behind: the next one may know more.
                    Ok((503, _)) | Err(_) => _ = self.unanswered.fetch_add(1, Ordering::Relaxed),
                    Ok((status, reply)) => panic!("{method} {path}: {status} {reply}"),
                }
            }
            assert!(Instant::now() < deadline, "nobody answers {method} {path}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Notes an answer; one to the same question from the same position must be the same.
    fn compare(&self, position: &Value, question: &str, answer: &Value) {
        let key = (position.as_u64().unwrap(), question.to_owned());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let first = answers.entry(key).or_insert_with(|| answer.clone());
        assert_eq!(first, answer, "{question} at {position}");
    }
}

/// A client, and what it knows of its own users.
struct Client {
    name: usize,
    draws: CounterRng,
    batches: u64,
    /// Items that each user clicked, oldest first.
    clicked: Vec<Vec<String>>,
    acknowledged: BTreeSet<String>,
}

impl Client {
    fn new(name: usize, seed: u64) -> Self {
        let draws = CounterRng::new(seed, 1, name as u64);
        Self { name, draws, batches: 0, clicked: vec![Vec::new(); USERS], acknowledged: BTreeSet::new() }
    }

    /// Writes and reads back until the end.
    async fn work(mut self, replicas: Arc<Replicas>) -> Self {
        while !replicas.done.load(Ordering::Relaxed) {
            let at_work = replicas.rest.read().await;
            self.write_and_read(&replicas).await;
            drop(at_work);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        self
    }

    async fn write_and_read(&mut self, replicas: &Replicas) {
        self.batches += 1;
        let user = self.draws.below(USERS);
        let name = format!("c{}-u{user}", self.name);
        let events: Vec<Value> = (0..1 + self.draws.below(8))
            .map(|k| {
                json!({"event_id": format!("c{}-{}-{k}", self.name, self.batches), "user": name,
                       "item": format!("i{}", self.draws.below(150)), "kind": "click",
                       "ts": 1_700_000_000 + self.batches})
            })
            .collect();
        // The same batch again and again until somebody says that it is there.
        let reply = replicas.ask(Method::POST, "/events", &json!({ "events": events })).await;
        assert_eq!(reply["rejected"], json!([]), "{reply}");
        let taken = reply["accepted"].as_u64().unwrap() + reply["duplicates"].as_u64().unwrap();
        assert_eq!(taken, events.len() as u64, "{reply}");
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        self.acknowledged.extend(events.iter().map(|event| text(event, "event_id")));
        self.clicked[user].extend(events.iter().map(|event| text(event, "item")));

        // From another process, more often than not.
        let position = reply["position"].as_u64().unwrap();
        let fresh = format!("min_position={position}&timeout_ms=1000");
        let known = replicas.ask(Method::GET, &format!("/users/{name}?{fresh}"), &Value::Null).await;
        let clicked = &self.clicked[user];
        assert_eq!(known["events"], clicked.len(), "P1, P2, P6: {name} at {position}: {known}");
        let newest: Vec<&str> =
            known["newest"].as_array().unwrap().iter().map(|event| event["item"].as_str().unwrap()).collect();
        let expected: Vec<&String> = clicked.iter().rev().take(newest.len()).collect();
        assert_eq!(newest, expected, "P6: {name} at {position}");
        let query = json!({"user": name, "limit": 10, "min_position": position});
        let list = replicas.ask(Method::POST, "/recommendations", &query).await;
        assert!(list["position"].as_u64().unwrap() >= position, "P6: {list}");
        replicas.compare(&list["position"], &name, &list["items"]);
        let status = replicas.ask(Method::GET, &format!("?{fresh}"), &Value::Null).await;
        replicas.compare(&status["position"], "digest", &status["digest"]);
    }
}

/// Everything rests: all processes come to the same position, and answer alike.
async fn compare_all(replicas: &Replicas) -> (Value, Value) {
    let _rest = replicas.rest.write().await;
    let head = replicas.ask(Method::GET, "", &Value::Null).await["head"].as_u64().unwrap();
    let mut standing = Vec::new();
    for place in &replicas.places {
        let Some(service) = place.read().await.clone() else { continue };
        let status = service.status_at(head).await;
        assert_eq!(status["position"], head, "nobody writes");
        for user in 0..USERS {
            for client in 0..2 {
                let name = format!("c{client}-u{user}");
                let query = json!({"user": name, "limit": 10, "min_position": head});
                let list = service.post("/recommendations", &query).await;
                replicas.compare(&list["position"], &name, &list["items"]);
            }
        }
        standing.push((status["position"].clone(), status["digest"].clone()));
    }
    equal(&standing)
}

fn equal<T: PartialEq + Debug + Clone>(all: &[T]) -> T {
    assert!(all.iter().all(|one| *one == all[0]), "P4: {all:?}");
    all[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_are_one_service_while_they_are_killed_and_started() {
    let cycles = number("SHELFMARK_REPLICA_CYCLES", 6);
    let seed = number("SHELFMARK_REPLICA_SEED", u64::from(std::process::id()));
    println!("SHELFMARK_REPLICA_SEED={seed} SHELFMARK_REPLICA_CYCLES={cycles}");
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("model.json");
    std::fs::write(&config, r#"{"dim":16,"full_softmax_below":64,"negatives":32,"gradient_items":16}"#).unwrap();
    let config = config.to_str().unwrap();
    let often = ["--version-every-records", "250", "--version-chain-max", "3", "--versions-kept", "3"];
    let arguments = [&["--database-url", &url, "--model-config", config], often.as_slice()].concat();
    let replicas = Arc::new(Replicas {
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        places: std::array::from_fn(|_| RwLock::default()),
        turn: AtomicUsize::default(),
        unanswered: AtomicUsize::default(),
        refused: AtomicUsize::default(),
        answers: Mutex::default(),
        rest: RwLock::default(),
        done: AtomicBool::default(),
    });
    tokio::join!(replicas.start(0, false), replicas.start(1, false), replicas.start(2, false));
    let mut clients = JoinSet::new();
    for name in [0, 1] {
        clients.spawn(Client::new(name, seed).work(Arc::clone(&replicas)));
    }

    let mut draws = CounterRng::new(seed, 2, 0);
    for cycle in 0..cycles {
        let reader = (cycle >= cycles / 2).then_some(PROCESSES - 1);
        let place = draws.below(PROCESSES);
        tokio::time::sleep(Duration::from_millis(draws.below(300) as u64)).await;
        replicas.kill(place).await;
        if draws.below(3) == 0 {
            // Another one while the first is away: one is left, which may only read.
            let other = (place + 1 + draws.below(PROCESSES - 1)) % PROCESSES;
            tokio::time::sleep(Duration::from_millis(draws.below(100) as u64)).await;
            replicas.kill(other).await;
            replicas.start(other, reader == Some(other)).await;
        }
        replicas.start(place, reader == Some(place)).await;
        if cycle == cycles / 2 {
            replicas.kill(PROCESSES - 1).await;
            replicas.start(PROCESSES - 1, true).await;
        }
        let (position, _) = compare_all(&replicas).await;
        println!("{cycle}: {place} was killed, all agree at {position}");
    }
    replicas.done.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    while let Some(client) = clients.join_next().await {
        acknowledged.extend(client.unwrap().acknowledged);
    }
    let standing = compare_all(&replicas).await;
    for place in 0..PROCESSES {
        replicas.kill(place).await;
    }
    let (unanswered, refused) = (replicas.unanswered.load(Ordering::Relaxed), replicas.refused.load(Ordering::Relaxed));
    println!("{} events, {unanswered} requests unanswered, {refused} writes refused", acknowledged.len());
    assert!(acknowledged.len() as u64 > 20 * cycles && unanswered > 0 && refused > 0, "the load was real");

    let pool = postgres::connect(&url, 2).await.unwrap();
    let found: Vec<(String, i64)> =
        sqlx::query_as("select event_id, count(*) from records where event_id is not null group by event_id")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert!(found.iter().all(|(_, count)| *count == 1), "P2");
    let found: BTreeSet<String> = found.into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, acknowledged, "P1: every batch was sent until it was acknowledged");
    let versions: i64 = sqlx::query_scalar("select count(*) from versions").fetch_one(&pool).await.unwrap();
    assert!(versions > 0, "somebody takes versions");
    pool.close().await;

    let found = crate::service::verified(&url);
    assert_eq!(
        (found[0]["head"].clone(), found[0]["digest"].clone()),
        standing,
        "P4: what was served is what was logged"
    );
}
