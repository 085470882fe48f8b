//! Goal: beyond what the service can do, requests are refused quickly and by name, probes are answered, and nothing of
//! it is left when it is over; below it nothing is refused, whatever else the machine does. Method: the real binary
//! with tiny bounds, and more requests at once than those allow, or few beside threads that want all of the CPU.

mod http_support;
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use http_support::{PATIENCE, Service};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Requests at once.
const CROWD: usize = 300;

/// A list that costs something: all of 1,000 items out of 5,000.
fn query() -> Value {
    json!({ "session": ["i1", "i2"], "limit": 1000, "with": ["embedding"] })
}

async fn with_items(flags: &[&str]) -> Service {
    let service = Service::start(&support::database().await, flags).await;
    let items: Vec<Value> = (0..5000).map(|n| json!({ "id": format!("i{n}") })).collect();
    let path = "items?wait=applied&timeout_ms=30000";
    assert_eq!(service.post(path, &json!({ "items": items }), 200).await["applied"], true);
    service
}

async fn probes_answer(service: &Service) {
    for path in ["/livez", "/readyz", "/metrics"] {
        let response = service.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

/// Asks all the time with a crowd until some had to be refused, with `beside` going on meanwhile: every refusal says
/// when to come again.
async fn crowd_until_refused(service: &Service, query: &Value, beside: impl AsyncFn(&Service)) {
    let (deadline, refused) = (Instant::now() + PATIENCE, Arc::new(AtomicBool::new(false)));
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let request = service.request(Method::POST, "recommendations").json(query);
        let refused = Arc::clone(&refused);
        crowd.spawn(async move {
            let mut answered = 0_usize;
            while !refused.load(Ordering::Relaxed) && Instant::now() < deadline {
                let response = request.try_clone().expect("a body in memory").send().await.expect("an answer");
                match response.status() {
                    StatusCode::OK => answered += 1,
                    StatusCode::SERVICE_UNAVAILABLE => {
                        refused.store(true, Ordering::Relaxed);
                        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
                        assert!(response.headers().contains_key("x-request-id"));
                        let problem: Value = response.json().await.expect("a problem");
                        assert_eq!(problem["code"], "overloaded", "{problem}");
                    }
                    other => panic!("{other}"),
                }
            }
            answered
        });
    }
    beside(service).await;
    let answered: usize = crowd.join_all().await.into_iter().sum();
    assert!(refused.load(Ordering::Relaxed), "no crowd was too much");
    assert!(answered > 0, "some are always taken");
    assert!(counts(service, "shelfmark_searches_rejected_total ").await, "refusals are counted");
    assert!(counts(service, "shelfmark_async_lag_seconds_count ").await, "the async threads are watched");
    assert!(counts(service, "shelfmark_async_utilisation_ratio ").await, "and what they do");
}

/// Whether a metric is there and not 0.
async fn counts(service: &Service, name: &str) -> bool {
    let metrics = service.request(Method::GET, "/metrics").send().await.expect("an answer").text().await.expect("text");
    metrics.lines().any(|line| line.starts_with(name) && !line.ends_with(" 0"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_that_would_wait_too_long_are_refused_and_taken_again_when_the_crowd_is_gone() {
    let service = with_items(&["--search-threads", "1", "--search-wait-ms", "1"]).await;
    crowd_until_refused(&service, &query(), probes_answer).await;
    let found = service.post("recommendations", &query(), 200).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_searches_make_the_async_threads_late_they_are_refused_and_events_are_taken() {
    // One thread that is late as soon as requests wait for each other. Answers of this size are made on it.
    let service = with_items(&["--worker-threads", "1", "--search-lag-ms", "0"]).await;
    let small = json!({ "session": ["i1", "i2"], "limit": 100, "with": ["embedding"] });
    crowd_until_refused(&service, &small, async |service| {
        for n in 0..20 {
            let event = json!({ "user": format!("u{n}"), "item": "i1", "kind": "click" });
            service.post("events?wait=applied&timeout_ms=30000", &event, 200).await;
        }
    })
    .await;
    // A search that comes alone is taken.
    let found = service.post("recommendations", &small, 200).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_busy_neighbours_a_light_load_of_searches_is_never_refused() {
    // Late whenever the neighbours have the CPU, and that is no reason.
    let service = with_items(&["--search-lag-ms", "0"]).await;
    let neighbours = Neighbours::start();
    let small = json!({ "session": ["i1", "i2"], "limit": 20 });
    for _ in 0..60 {
        let mut few = JoinSet::new();
        for _ in 0..10 {
            let request = service.request(Method::POST, "recommendations").json(&small);
            few.spawn(async move { request.send().await.expect("an answer").status() });
        }
        assert!(few.join_all().await.iter().all(StatusCode::is_success), "ten searches are a light load");
        // Some 200 a second, for as long as the limiter needs to see it many times.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(neighbours);
    assert!(!counts(&service, "shelfmark_searches_rejected_total ").await, "none was refused");
}

/// Threads that always want a CPU, two for each there is, until they are dropped.
struct Neighbours {
    gone: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Neighbours {
    fn start() -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = (0..2 * cores).map(|_| {
            let gone = Arc::clone(&gone);
            std::thread::spawn(move || {
                while !gone.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        });
        Self { threads: threads.collect(), gone }
    }
}

impl Drop for Neighbours {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_frees_the_place() {
    let service = Service::start(&support::database().await, &["--http-waiting-max", "1"]).await;
    // Waits for what never comes, longer than this test has patience; asks again when it was refused itself.
    let wait = service.request(Method::GET, "users/u/recommendations?min_position=1000000&timeout_ms=30000");
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        while let Some(request) = wait.try_clone() {
            request.send().await.expect("an answer");
        }
    });
    let waited = async || {
        let asked = service.request(Method::GET, "users/u/recommendations?min_position=1000000&timeout_ms=1");
        let response = asked.send().await.expect("an answer");
        response.json::<Value>().await.expect("a problem")["code"] == "position_not_reached"
    };
    let begun = Instant::now();
    while waited().await {
        assert!(begun.elapsed() < PATIENCE, "the place is never taken");
        // Time for the other one to come first.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let taken = Instant::now();
    waiting.shutdown().await;
    while !waited().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Had it been waited for, that would have been 30 s.
    assert!(taken.elapsed().as_secs() < 25, "the place came back by itself");
}
