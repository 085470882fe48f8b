//! Recommendations over many clustered vectors, with and without learning beside them, and what share of the best is
//! found.
//!
//! The vectors are stored as a version that the service starts from; queries are vectors near items. Before the load,
//! answers are compared with scoring every row here; while events move rows, the service's own samples say what was
//! missed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use serde_json::{Value, json};
use shelfmark_domain::{Id, Item, ModelConfig, ModelName, Position};
use shelfmark_learner::fingerprint;
use shelfmark_postgres::ManagedPostgres;
use shelfmark_state::{CounterRng, Digester, State, dot};
use shelfmark_store::versions::{NewSegments, NewVersion, VersionStore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    clusters::{self, DIM},
    recommend::{LIMIT, PATH, constant, load},
    report::Report,
    service::Service,
    shop::{EVENTS, position_of},
    wire::{Wire, request},
};

/// Different queries.
const QUERIES: usize = 512;
/// Answers that are compared with scoring every row.
const CHECKED: usize = 64;
/// Events of a request while rows move, and users of all events.
const REQUEST_EVENTS: u64 = 100;
const USERS: usize = 20_000;

pub async fn measure(
    report: &mut Report,
    items: usize,
    connections: usize,
    seconds: u64,
    learn: Option<u64>,
) -> anyhow::Result<()> {
    let time = Duration::from_secs(seconds);
    let folder = tempfile::Builder::new().prefix("shelfmark-bench-").tempdir()?;
    let managed = ManagedPostgres::start(folder.path()).await?;
    Report::step(&format!("recommend: {items} clustered items x {DIM} are stored"));
    Box::pin(store(managed.url(), items)).await?;
    let service = Service::start_on(&json!({ "dim": DIM }), managed.url()).await?;
    let vectors: Vec<Vec<f32>> = (0..QUERIES).map(|number| clusters::query(number, items)).collect();
    let body = |vector: &Vec<f32>| json!({ "vector": vector, "limit": LIMIT }).to_string();
    let requests: Arc<Vec<Bytes>> =
        Arc::new(vectors.iter().map(|vector| request("POST", PATH, body(vector).as_bytes())).collect());
    let mut wire = Wire::connect(&service.address).await?;
    let sample = wire.succeed(&requests[0]).await?.to_vec();

    Report::step(&format!("{CHECKED} answers beside scoring every row"));
    let recall = recall(&mut wire, &requests, &vectors, items).await?;
    Report::step(&format!("limit {LIMIT}, {connections} connections"));
    let (address, _handler) = constant(sample).await?;
    let ceiling = load(&address.to_string(), &requests, connections, time).await?;
    let quiet = load(&service.address, &requests, connections, time).await?;
    let name = format!("recommend, {items} items");
    report.rate(&name, "requests/s", quiet, "constant handler", ceiling);
    report.figure(
        &format!("recall@{LIMIT}, {items} items"),
        format!("{recall:.4}"),
        "scoring every row",
        json!(recall),
    );

    if let Some(learn) = learn {
        Report::step(&format!("the same while {learn} events a second are learned"));
        let stop = CancellationToken::new();
        let events = TaskTracker::new().spawn(events(service.address.clone(), items, learn, stop.clone()));
        let learning = load(&service.address, &requests, connections, time).await?;
        stop.cancel();
        let (sent, position) = events.await??;
        let behind = Instant::now();
        service.applied(position).await?;
        let behind = behind.elapsed().as_secs_f64() * 1e3;
        // The first connection has been idle too long.
        let (checked, missed) = checked(&mut Wire::connect(&service.address).await?).await?;
        report.rate(&format!("the same, learning {learn}/s"), "requests/s", learning, "without learning", quiet);
        report.figure(
            "of it: sampled answers' rows",
            format!("{missed} of {checked} missed"),
            &format!("{sent} events, the last visible {behind:.0} ms after the load"),
            json!({ "checked": checked, "missed": missed, "events": sent, "behind_ms": behind }),
        );
    }
    service.stop().await?;
    managed.stop().await?;
    Ok(())
}

/// A model of the clustered items as a version at the beginning of the log.
pub async fn store(url: &str, items: usize) -> anyhow::Result<()> {
    let pool = shelfmark_postgres::connect(url, 8).await?;
    shelfmark_postgres::migrate(&pool).await?;
    let store = VersionStore::open(pool.clone(), &ModelName::new("default")?).await?;
    let (state, digest) = tokio::task::spawn_blocking(move || {
        let mut state = State::initial(Arc::new(ModelConfig { dim: DIM, ..ModelConfig::default() }));
        for number in 0..items {
            state.put_item(&Item::bare(Id::new("id", &format!("item-{number}"))?));
            state.inference.parameters.items.row_mut(number).copy_from_slice(&clusters::item(number));
        }
        let digest = Digester::new(&state).digest();
        anyhow::Ok((state, digest))
    })
    .await??;
    let version = NewVersion {
        position: Position::ZERO,
        seen_through: Position::ZERO,
        parent: None,
        delta_of: None,
        digest,
        label: None,
        reason: None,
        actor: "bench".to_owned(),
        metrics: json!({}),
        fingerprint: fingerprint(),
        derived: None,
        segments: NewSegments::new(state.segments()),
        read_back: None,
    };
    store.save(version).await?;
    pool.close().await;
    Ok(())
}

/// The share of the best rows that answers have.
async fn recall(wire: &mut Wire, requests: &[Bytes], vectors: &[Vec<f32>], items: usize) -> anyhow::Result<f64> {
    let mut found = 0;
    let vectors = vectors[..CHECKED].to_vec();
    let best = tokio::task::spawn_blocking(move || best(&vectors, items)).await?;
    for (request, best) in requests.iter().zip(&best) {
        let answer: Value = serde_json::from_slice(wire.succeed(request).await?)?;
        let answered = answer["items"].as_array().context("items")?;
        ensure!(answered.len() == LIMIT, "a full answer: {answer}");
        let has = |row: &usize| answered.iter().any(|item| item["id"] == format!("item-{row}"));
        found += best.iter().filter(|row| has(row)).count();
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let recall = found as f64 / (best.len() * LIMIT) as f64;
    Ok(recall)
}

/// The best rows of each query, by scoring every row.
fn best(vectors: &[Vec<f32>], items: usize) -> Vec<Vec<usize>> {
    let mut tops: Vec<Vec<(f32, usize)>> = vec![Vec::new(); vectors.len()];
    for row in 0..items {
        let item = clusters::item(row);
        for (top, vector) in tops.iter_mut().zip(vectors) {
            let score = dot(vector, &item);
            if top.len() < LIMIT || score > top[LIMIT - 1].0 {
                top.insert(top.partition_point(|(other, _)| *other >= score), (score, row));
                top.truncate(LIMIT);
            }
        }
    }
    tops.into_iter().map(|top| top.into_iter().map(|(_, row)| row).collect()).collect()
}

/// Sends events at a rate until it is stopped; how many, and the last position.
async fn events(address: String, items: usize, rate: u64, stop: CancellationToken) -> anyhow::Result<(u64, u64)> {
    let mut wire = Wire::connect(&address).await?;
    let mut draws = CounterRng::new(3, 3, 3);
    let (started, mut sent, mut position) = (Instant::now(), 0, 0);
    while !stop.is_cancelled() {
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let due = started + Duration::from_secs_f64(sent as f64 / rate as f64);
        tokio::time::sleep_until(due.into()).await;
        let events: Vec<Value> = (0..REQUEST_EVENTS)
            .map(|_| {
                let (user, item) = (draws.below(USERS), draws.below(items));
                json!({ "user": format!("user-{user}"), "item": format!("item-{item}"), "kind": "click" })
            })
            .collect();
        let body = json!({ "events": events }).to_string();
        position = position_of(wire.succeed(&request("POST", EVENTS, body.as_bytes())).await?)?;
        sent += REQUEST_EVENTS;
    }
    Ok((sent, position))
}

/// Rows of sampled answers, and how many of them were missed, by the service's metrics.
async fn checked(wire: &mut Wire) -> anyhow::Result<(u64, u64)> {
    let metrics = String::from_utf8(wire.succeed(&request("GET", "/metrics", b"")).await?.to_vec())?;
    let counter = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("{name} in the metrics"))
    };
    Ok((counter("shelfmark_search_checked_rows_total")?, counter("shelfmark_search_missed_rows_total")?))
}
