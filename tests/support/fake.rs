//! A service that keeps the HTTP contract's promises about events with a vector and a map, and fails on a plan.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

/// What goes wrong with one POST.
#[derive(Clone, Copy)]
pub enum Fault {
    /// This status, with `Retry-After: 0`; nothing taken.
    Busy(u16),
    /// The connection breaks; nothing taken.
    CutBefore,
    /// The connection breaks after everything was taken: the client cannot know.
    CutAfter,
}

/// What it holds.
#[derive(Default)]
pub struct Held {
    /// Accepted events, in order.
    pub log: Vec<Value>,
    by_id: HashMap<String, (usize, Value)>,
    batches: Vec<Vec<Value>>,
    resources: Vec<String>,
    posts: usize,
    plan: BTreeMap<usize, Fault>,
    refuse_whole: bool,
    key: Option<String>,
}

type Shared = Arc<Mutex<Held>>;

/// A running service.
pub struct Fake {
    address: SocketAddr,
    held: Shared,
    /// A runtime of its own, so that stopping it breaks open connections too.
    runtime: Option<Runtime>,
}

impl Fake {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let mut fake = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), held: Shared::default(), runtime: None };
        fake.resume().await;
        fake
    }

    /// Breaks off, open connections included.
    pub async fn stop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let stopping = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(5)));
        stopping.await.expect("stops");
    }

    /// Listens (again), at the same address with the same content.
    pub async fn resume(&mut self) {
        let app = Router::new()
            .route("/v1/models/{model}", get(status))
            .route("/v1/models/{model}/events/{id}", get(event))
            .route("/v1/models/{model}/{resource}", post(append))
            .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
            .with_state(self.held.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let address = self.address;
        let listening = runtime.spawn(async move { TcpListener::bind(address).await.expect("a free port") });
        let listener = listening.await.expect("listens");
        self.address = listener.local_addr().expect("bound");
        runtime.spawn(async move { axum::serve(listener, app).await.expect("serves until stopped") });
        self.runtime = Some(runtime);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("no handler panics")
    }

    /// The POST of this number, from 0, fails.
    pub fn plan(&self, request: usize, fault: Fault) {
        self.held().plan.insert(request, fault);
    }

    pub fn planned_left(&self) -> usize {
        self.held().plan.len()
    }

    pub fn refuse_whole_batches(&self) {
        self.held().refuse_whole = true;
    }

    pub fn require_key(&self, key: &str) {
        self.held().key = Some(format!("Bearer {key}"));
    }

    /// Items of accepted events, in order.
    pub fn items_in_order(&self) -> Vec<String> {
        self.held().log.iter().map(|event| event["item"].as_str().expect("text").to_owned()).collect()
    }

    pub fn batches(&self) -> Vec<Vec<Value>> {
        self.held().batches.clone()
    }

    pub fn resources(&self) -> Vec<String> {
        self.held().resources.clone()
    }

    /// Waits for a condition, at most ten seconds.
    pub async fn until(&self, condition: impl Fn(&Held) -> bool) {
        let wait = async {
            while !condition(&self.held()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the condition holds in time");
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn problem(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = Json(json!({ "code": code, "detail": format!("{code} on purpose"), "status": status.as_u16() }));
    (status, [(header::RETRY_AFTER, "0")], body).into_response()
}

/// A reply whose body breaks off.
fn cut() -> Response {
    let broken = futures::stream::iter([Ok("{\"acc"), Err(std::io::Error::other("cut on purpose"))]);
    (StatusCode::ACCEPTED, Body::from_stream(broken)).into_response()
}

async fn status(State(held): State<Shared>) -> Json<Value> {
    let head = held.lock().expect("no handler panics").log.len();
    Json(json!({ "model": "default", "head": head, "position": head, "lag_records": 0 }))
}

async fn event(State(held): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    match held.lock().expect("no handler panics").by_id.get(&id) {
        Some((position, _)) => Json(json!({ "position": position })).into_response(),
        None => problem(404, "not_found"),
    }
}

async fn append(
    State(held): State<Shared>,
    Path((_, resource)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut held = held.lock().expect("no handler panics");
    if let Some(key) = &held.key
        && headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(key)
    {
        return problem(401, "unauthorized");
    }
    let request = held.posts;
    held.posts += 1;
    let fault = held.plan.remove(&request);
    match fault {
        Some(Fault::Busy(status)) => return problem(status, "busy"),
        Some(Fault::CutBefore) => return cut(),
        Some(Fault::CutAfter) | None => {}
    }
    let entries = body[&resource].as_array().expect("a list").clone();
    if held.resources.last() != Some(&resource) {
        held.resources.push(resource.clone());
    }
    let unknown = |entry: &Value| resource == "events" && entry["kind"] == "warp";
    if held.refuse_whole && entries.iter().any(unknown) {
        return problem(422, "invalid");
    }
    let (mut accepted, mut duplicates, mut rejected) = (0, 0, Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        if resource == "items" {
            accepted += 1;
            continue;
        }
        let id = entry["event_id"].as_str().expect("every event has an id").to_owned();
        if unknown(entry) {
            rejected.push(json!({ "index": index, "code": "unknown_kind", "detail": "kind `warp` has no weight" }));
        } else if let Some((_, known)) = held.by_id.get(&id) {
            assert_eq!(known, entry, "the same id never has another body");
            duplicates += 1;
        } else {
            held.log.push(entry.clone());
            let position = held.log.len();
            held.by_id.insert(id, (position, entry.clone()));
            accepted += 1;
        }
    }
    if resource == "events" {
        held.batches.push(entries);
    }
    if matches!(fault, Some(Fault::CutAfter)) {
        return cut();
    }
    let position = held.log.len();
    let reply = json!({ "accepted": accepted, "duplicates": duplicates, "rejected": rejected, "position": position });
    (StatusCode::ACCEPTED, Json(reply)).into_response()
}
