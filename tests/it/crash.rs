//! Goal: what was acknowledged is there once, whatever is killed (P1, P2), and the state is the one of a run that was
//! never killed (P4). Method: the real binary under load is killed with SIGKILL at random moments, every third time its
//! Postgres too; each batch that was not acknowledged is sent again. At the end the log is read and applied afresh.
//!
//! `SHELFMARK_CRASH_CYCLES=200` runs longer, and so does the ignored test of 200 kills (`SHELFMARK_KILLS`);
//! `SHELFMARK_CRASH_SEED=n` repeats a run's moments.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use crate::service::{Service, data_dir, kill_postgres};
use serde_json::{Value, json};
use shelfmark_domain::{ModelConfig, ModelName, Position, RecordBody};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_log::{Log, LogSettings};
use shelfmark_postgres as postgres;
use shelfmark_state::{CounterRng, Digester, State};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Batch `n` of the load: 1 to 40 events of a few users, some baskets.
fn batch(seed: u64, n: u64) -> Value {
    let mut draws = CounterRng::new(seed, 1, n);
    let events: Vec<Value> = (0..=draws.below(40))
        .map(|k| {
            json!({
                "event_id": format!("{n}-{k}"),
                "user": format!("u{}", draws.below(30)),
                "item": format!("i{}", draws.below(300)),
                "kind": if draws.below(5) == 0 { "purchase" } else { "click" },
                "ts": 1_700_000_000 + n * 10 + (k / 3) as u64,
            })
        })
        .collect();
    json!({ "events": events })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_service_applies_every_acknowledged_event_once() {
    Box::pin(kill(number("SHELFMARK_CRASH_CYCLES", 20))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some ten minutes: SHELFMARK_KILLS=200 cargo test --test it hundreds_of_kills -- --ignored"]
async fn hundreds_of_kills_lose_nothing_and_double_nothing() {
    Box::pin(kill(number("SHELFMARK_KILLS", 200))).await;
}

/// Kills the service so many times, and compares what is left with what was acknowledged.
async fn kill(cycles: u64) {
    let seed = number("SHELFMARK_CRASH_SEED", u64::from(std::process::id()));
    println!("SHELFMARK_CRASH_SEED={seed} SHELFMARK_CRASH_CYCLES={cycles}");
    let folder = data_dir();
    let path = folder.0.path();
    let config = path.join("model.json");
    std::fs::write(&config, r#"{"dim":16,"full_softmax_below":128,"negatives":64,"gradient_items":16}"#).unwrap();
    let config = config.to_str().unwrap();
    let arguments = ["--model-config", config, "--version-every-records", "400"];
    let mut draws = CounterRng::new(seed, 2, 0);
    let mut acknowledged: HashSet<String> = HashSet::new();
    let mut next = 0;
    let mut resent = 0;
    for cycle in 0..cycles {
        let service = Service::start_in(path, &arguments);
        if cycle == cycles / 2 {
            // Lives may be too short for an automatic one on a busy machine; recovery has to start from a version too.
            service.post("/versions", &json!({})).await;
        }
        let life = Duration::from_millis(50 + draws.below(700) as u64);
        let both = cycle % 3 == 2;
        let killer = tokio::time::sleep(life);
        let load = async {
            loop {
                let body = batch(seed, next);
                // A lost connection or a 503 leaves open whether the batch is in the log: it is sent again.
                let Ok((202, reply)) = service.try_post("/events", &body).await else {
                    resent += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                assert_eq!(reply["rejected"], json!([]), "{reply}");
                let count = reply["accepted"].as_u64().unwrap() + reply["duplicates"].as_u64().unwrap();
                let events = body["events"].as_array().unwrap();
                assert_eq!(count, events.len() as u64, "{reply}");
                acknowledged.extend(events.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()));
                next += 1;
            }
        };
        tokio::select! {
            () = killer => {}
            () = load => {}
        }
        if both {
            kill_postgres(path);
        }
        service.kill();
    }
    println!("{} events acknowledged in {next} batches, {resent} batches sent again", acknowledged.len());
    assert!(acknowledged.len() as u64 > 20 * cycles, "the load was real: {}", acknowledged.len());

    let service = Service::start_in(path, &arguments);
    // The batch in flight at the last kill may or may not be in the log: settle it.
    let reply = service.post("/events", &batch(seed, next)).await;
    let settled = reply["position"].as_u64().unwrap();
    let status = service.status_at(settled).await;
    let (digest, position) = (status["digest"].clone(), status["position"].as_u64().unwrap());
    assert_eq!(status["head"], status["position"]);
    assert!(status["counts"]["versions"].as_u64().unwrap() > 0, "recovery went through a version too");

    let address = postgres::running_address(path).expect("the service's Postgres runs");
    let pool = postgres::connect(address, 4).await.unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let name = ModelName::new("default").unwrap();
    let log = Log::open(pool.clone(), &name, LogSettings::default(), stop.clone(), &tasks).await.unwrap();
    let base = shelfmark_log::base_config_or_init(&pool, &name, &ModelConfig::default()).await.unwrap();
    assert_eq!(base.dim, 16);
    prepare_thread();
    let mut state = State::initial(Arc::new(base));
    let mut learner = Learner::default();
    let mut at = Position::ZERO;
    let mut found: HashSet<String> = HashSet::new();
    while at.get() < position {
        for append in log.read_after(at, 10_000).await.unwrap() {
            assert_eq!(append.first(), at.next(), "P3: dense");
            for record in append.records.iter() {
                at = at.next();
                assert_eq!(record.position, at, "P3: dense");
                let RecordBody::Event(event) = &record.body else { panic!("only events were sent") };
                assert!(found.insert(event.event_id.as_str().to_owned()), "P2: {} is there once", event.event_id);
            }
            learner.apply(&mut state, &append, &BTreeMap::new(), &mut ()).unwrap();
        }
    }
    let missing: Vec<&String> = acknowledged.difference(&found).collect();
    assert!(missing.is_empty(), "P1: {} acknowledged events are lost: {missing:?}", missing.len());
    assert_eq!(json!(Digester::new(&state).digest()), digest, "P4: the digest of a run that was never killed");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    pool.close().await;
    assert_eq!(crate::service::verified_in(path)[0]["digest"], digest, "P7: every version that was met loads");
    assert!(service.terminate().success());
}
