//! Goal: whatever an administrator was doing when the process was killed, the database is sound, what was acknowledged
//! is there, and the next process is in the state that the log leads to (P1 to P4, P7). Method: the real binary with
//! small settings, so that versions are taken, deleted and compacted all the time; in each life events flow, one random
//! operation begins, and SIGKILL comes at a random moment after that. Every few lives `shelfmark verify` learns the log
//! again.
//!
//! `SHELFMARK_CYCLES=200` runs longer; `SHELFMARK_CYCLES_SEED=n` repeats a run's choices.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::service::{Service, number};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_postgres as postgres;
use shelfmark_state::CounterRng;
use sqlx::PgPool;

/// Users, and those among them who may be forgotten: what became of their events cannot be told by their ids any more.
const USERS: usize = 60;
const FORGETTABLE: usize = 15;
/// Lives between two checks of a short run; of a long one there are some 20.
const CHECK_EVERY: u64 = 3;
/// Positions that rollbacks go back at most.
const BACK: usize = 3000;
/// Forks there are at most.
const FORKS_MAX: usize = 3;

/// Events, and those that were acknowledged.
struct Load {
    seed: u64,
    /// The batch to be sent next.
    next: u64,
    /// Ids of acknowledged events of users who are never forgotten.
    acknowledged: BTreeSet<String>,
}

impl Load {
    fn batch(&self) -> Vec<Value> {
        let mut draws = CounterRng::new(self.seed, 1, self.next);
        let count = 1 + draws.below(30);
        let event = |k: usize| {
            json!({
                "event_id": format!("{}-{k}", self.next),
                "user": format!("u{}", draws.below(USERS)),
                "item": format!("i{}", draws.below(200)),
                "kind": if draws.below(5) == 0 { "purchase" } else { "click" },
                "ts": 1_700_000_000 + self.next * 10 + k as u64 / 3,
            })
        };
        (0..count).map(event).collect()
    }

    /// Sends the next batch; whether it was acknowledged. When it was not, the same one is the next.
    async fn send(&mut self, service: &Service) -> reqwest::Result<Option<u64>> {
        let events = self.batch();
        let (status, reply) = service.try_post("/events", &json!({ "events": events })).await?;
        if status == 503 {
            return Ok(None);
        }
        assert_eq!((status, &reply["rejected"]), (202, &json!([])), "{reply}");
        let count = reply["accepted"].as_u64().unwrap() + reply["duplicates"].as_u64().unwrap();
        assert_eq!(count, events.len() as u64, "{reply}");
        let stays = |event: &&Value| event["user"].as_str().unwrap()[1..].parse::<usize>().unwrap() >= FORGETTABLE;
        let ids = events.iter().filter(stays).map(|event| event["event_id"].as_str().unwrap().to_owned());
        self.acknowledged.extend(ids);
        self.next += 1;
        Ok(Some(reply["position"].as_u64().unwrap()))
    }

    /// Sends until nobody answers any more.
    async fn flow(&mut self, service: &Service) {
        while self.send(service).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
}

/// An operation to be asked.
struct Asked {
    kind: &'static str,
    method: Method,
    path: String,
    body: Value,
}

/// Who asks for operations, and what was answered.
struct Desk {
    draws: CounterRng,
    /// Versions whose taking was acknowledged and whose deletion was never asked.
    versions: BTreeSet<u64>,
    /// The last deployment that was acknowledged.
    deployment: u64,
    /// What was asked and what came of it, by how often.
    outcomes: BTreeMap<String, u64>,
}

impl Desk {
    async fn choose(&mut self, service: &Service) -> Asked {
        let listed = service.get("/versions?limit=20").await;
        let listed = listed["versions"].as_array().unwrap();
        let head = service.get("").await["head"].as_u64().unwrap();
        let forks = forks(service).await;
        let draws = &mut self.draws;
        let version = (!listed.is_empty()).then(|| listed[draws.below(listed.len())]["version"].clone());
        let fork = (!forks.is_empty()).then(|| format!("/v1/models/{}", forks[draws.below(forks.len())]));
        let position = head - draws.below(1 + BACK.min(usize::try_from(head).unwrap())) as u64;
        let user = format!("u{}", draws.below(USERS));
        let asked = |kind, method, path: &str, body| Asked { kind, method, path: path.to_owned(), body };
        let post = |kind, path: &str, body| asked(kind, Method::POST, path, body);
        let back = |kind, mode: &str, to: Value| post(kind, "/rollback", json!({"to": to, "mode": mode}));
        match (draws.below(15), version, fork) {
            (1, Some(version), _) => back("restore a version", "restore", json!({ "version": version })),
            (2, Some(version), _) => back("pin a version", "pin", json!({ "version": version })),
            (3, ..) => post("unpin", "/unpin", json!({})),
            (4, ..) => back("pin a position", "pin", json!({ "position": position })),
            (5 | 6, ..) => back("restore a position", "restore", json!({ "position": position })),
            (7 | 8, ..) => {
                let to = json!({"to": {"position": position}, "mode": "replay", "except": {"users": [user]}});
                post("replay without a user", "/rollback", to)
            }
            (9, ..) if forks.len() < FORKS_MAX => {
                let path = format!("/v1/models/fork-{}", draws.below(1_000_000));
                asked("fork", Method::PUT, &path, json!({"fork": {"model": "default"}}))
            }
            (9, _, Some(fork)) => asked("delete a fork", Method::DELETE, &fork, Value::Null),
            (10, _, Some(fork)) => {
                let event = json!({"user": user, "item": "i1", "kind": "click", "ts": 1_700_000_000});
                post("send an event to a fork", &format!("{fork}/events"), event)
            }
            (11, ..) => {
                let unlearn = if draws.below(4) == 0 { "replay" } else { "rows" };
                let path = format!("/users/u{}?unlearn={unlearn}", draws.below(FORGETTABLE));
                asked("forget a user", Method::DELETE, &path, Value::Null)
            }
            (12, Some(version), _) => {
                let split = json!([{"version": version, "percent": 30}, {"live": true, "percent": 70}]);
                asked("split readers", Method::PUT, "/serving", json!({ "split": split }))
            }
            (13, ..) => {
                let config = json!({"pull": 0.01 * draws.below(9) as f64, "modalities": draws.below(2) == 0});
                asked("configure", Method::PATCH, "", json!({ "config": config }))
            }
            (14, Some(version), _) => {
                self.versions.remove(&version.as_u64().unwrap());
                asked("delete a version", Method::DELETE, &format!("/versions/{version}"), Value::Null)
            }
            _ => take(),
        }
    }

    /// Asks, and writes down the answer; what is long goes on beside.
    async fn ask(&mut self, service: &Service, asked: Asked) {
        let Asked { kind, method, path, body } = asked;
        let outcome = match service.try_send(method, &path, &body).await {
            Err(_) => "no answer".to_owned(),
            Ok((status, reply)) => {
                // What is served or restored is not deleted; a fork may be gone, or the service may not be there yet.
                assert!((200..300).contains(&status) || matches!(status, 404 | 409 | 503), "{kind}: {status} {reply}");
                if kind == "take a version" && status < 300 {
                    self.versions.insert(reply["version"].as_u64().unwrap());
                }
                self.deployment = self.deployment.max(reply["number"].as_u64().unwrap_or(0));
                format!("{status} {}", reply["code"].as_str().unwrap_or_default())
            }
        };
        *self.outcomes.entry(format!("{kind}: {outcome}")).or_default() += 1;
    }
}

fn take() -> Asked {
    Asked { kind: "take a version", method: Method::POST, path: "/versions".to_owned(), body: json!({}) }
}

/// Names of the models beside `default`.
async fn forks(service: &Service) -> Vec<String> {
    let (_, listed) = service.try_send(Method::GET, "/v1/models", &Value::Null).await.unwrap();
    let names = listed["models"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap().to_owned());
    names.filter(|name| name != "default").collect()
}

/// One life: events, some operations to their ends, and the end a random moment after another one was asked for.
async fn live(cycle: u64, service: Service, load: &mut Load, desk: &mut Desk) {
    let before = Duration::from_millis(desk.draws.below(400) as u64);
    // As many moments within the first milliseconds as within the next hundreds.
    let after = Duration::from_micros((500 + desk.draws.below(500) as u64) << desk.draws.below(12));
    tokio::join!(load.flow(&service), async {
        tokio::time::sleep(before).await;
        for _ in 0..desk.draws.below(3) {
            let asked = desk.choose(&service).await;
            desk.ask(&service, asked).await;
            at_rest(&service).await;
        }
        let asked = desk.choose(&service).await;
        println!("{cycle}: {} {}, killed after {after:?}", asked.kind, asked.path);
        tokio::join!(desk.ask(&service, asked), async {
            tokio::time::sleep(after).await;
            service.strike();
        });
    });
    service.kill();
}

/// Waits until no operation runs.
async fn at_rest(service: &Service) {
    let running = |listed: &Value| {
        listed["operations"].as_array().unwrap().iter().any(|operation| operation["state"] == "running")
    };
    while running(&service.get("/operations?limit=5").await) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Brings the service to rest, ends it, and compares what it said with what is stored.
async fn check(service: Service, url: &str, pool: &PgPool, load: &mut Load, desk: &Desk) {
    // The batch in flight at the last kill may or may not be in the log: settle it.
    let settled = loop {
        if let Some(position) = load.send(&service).await.unwrap() {
            break position;
        }
    };
    let status = service.status_at(settled).await;
    at_rest(&service).await;
    let mut standing = BTreeMap::from([("default".to_owned(), (status["position"].clone(), status["digest"].clone()))]);
    assert_eq!(status["head"], status["position"], "nothing else is written");
    for fork in forks(&service).await {
        let status = loop {
            let (code, status) =
                service.try_send(Method::GET, &format!("/v1/models/{fork}"), &Value::Null).await.unwrap();
            if code == 200 && status["head"] == status["position"] {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        standing.insert(fork, (status["position"].clone(), status["digest"].clone()));
    }
    let deployments = service.get("/deployments?limit=1").await;
    let last = deployments["deployments"][0]["number"].as_u64().unwrap_or(0);
    assert!(last >= desk.deployment, "deployment {} was acknowledged: {deployments}", desk.deployment);
    service.kill();

    let models = crate::service::verified(url);
    let led = models
        .iter()
        .map(|model| (model["model"].as_str().unwrap().to_owned(), (model["head"].clone(), model["digest"].clone())));
    assert_eq!(led.collect::<BTreeMap<_, _>>(), standing, "P4: the log leads to the digest that was served");

    let of_default = models.iter().find(|model| model["model"] == "default").unwrap();
    let stored = of_default["versions"].as_array().unwrap().iter().map(|found| found["version"].as_u64().unwrap());
    let stored: BTreeSet<u64> = stored.collect();
    let lost: Vec<&u64> = desk.versions.difference(&stored).collect();
    assert!(lost.is_empty(), "versions {lost:?} were acknowledged");
    let found: Vec<(String, i64)> = sqlx::query_as(
        "select event_id, count(*) from records r join models m on m.id = r.model_id \
         where m.name = 'default' and m.deleted_at is null and event_id is not null group by event_id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(found.iter().all(|(_, count)| *count == 1), "P2");
    let found: BTreeSet<String> = found.into_iter().map(|(id, _)| id).collect();
    let lost: Vec<&String> = load.acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "P1: {} acknowledged events are lost: {lost:?}", lost.len());
    let untold: Vec<i64> = sqlx::query_scalar(
        "select position from records r where type = 4 and not exists \
         (select from deployments d where d.model_id = r.model_id and d.position = r.position)",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(untold.is_empty(), "no deployment tells of the restores at {untold:?}");
    let operations: Vec<(String, String, i64)> =
        sqlx::query_as("select kind, state, count(*) from operations group by kind, state order by 1, 2")
            .fetch_all(pool)
            .await
            .unwrap();
    println!("sound at {status}, {} versions, operations {operations:?}", stored.len(), status = status["position"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_killed_in_the_middle_of_anything_leaves_a_sound_database() {
    let cycles = number("SHELFMARK_CYCLES", 6);
    let seed = number("SHELFMARK_CYCLES_SEED", u64::from(std::process::id()));
    println!("SHELFMARK_CYCLES_SEED={seed} SHELFMARK_CYCLES={cycles}");
    let url = crate::support::database().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("model.json");
    std::fs::write(&config, r#"{"dim":16,"full_softmax_below":64,"negatives":32,"gradient_items":16}"#).unwrap();
    let config = config.to_str().unwrap();
    let few = ["--version-every-records", "150", "--version-chain-max", "2", "--versions-kept", "2"];
    let arguments = [&["--database-url", &url, "--model-config", config], few.as_slice()].concat();
    let mut load = Load { seed, next: 0, acknowledged: BTreeSet::new() };
    let draws = CounterRng::new(seed, 2, 0);
    let mut desk = Desk { draws, versions: BTreeSet::new(), deployment: 0, outcomes: BTreeMap::new() };
    let pool = {
        let pool = postgres::connect(&url, 2).await.unwrap();
        postgres::migrate(&pool).await.unwrap();
        pool
    };
    // Something to go back to.
    let service = Service::start(&arguments);
    for _ in 0..30 {
        load.send(&service).await.unwrap();
    }
    desk.ask(&service, take()).await;
    service.kill();
    for cycle in 1..=cycles {
        live(cycle, Service::start(&arguments), &mut load, &mut desk).await;
        // Nobody waits for the silence of a dead process here.
        let age = "update operations set updated_at = updated_at - interval '1 minute' where state = 'running'";
        sqlx::query(age).execute(&pool).await.unwrap();
        if cycle % CHECK_EVERY.max(cycles / 20) == 0 || cycle == cycles {
            check(Service::start(&arguments), &url, &pool, &mut load, &desk).await;
        }
    }
    println!("{} events acknowledged in {} batches; {:#?}", load.acknowledged.len(), load.next, desk.outcomes);
    assert!(load.next > 5 * cycles, "the load was real: {}", load.next);
    pool.close().await;
}
