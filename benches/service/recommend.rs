//! Recommendations per second, beside a handler that returns a constant reply of the same size.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use axum::{Router, http::header, routing::post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    loops::on_connections,
    report::Report,
    service::Service,
    shop::{EVENTS, ITEMS, batches, events, post_in_order, shop},
    wire::{Wire, request},
};

const ITEM_COUNT: usize = 10_000;
const DIM: usize = 64;
pub const LIMIT: usize = 20;
pub const PATH: &str = "/v1/models/default/recommendations";

pub async fn measure(report: &mut Report, connections: usize, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("recommend: {ITEM_COUNT} items x {DIM}, limit {LIMIT}, {connections} connections"));
    let (service, users) = start_with_shop().await?;
    let mut wire = Wire::connect(&service.address).await?;
    let requests: Arc<Vec<Bytes>> = Arc::new(
        users
            .iter()
            .map(|user| request("POST", PATH, json!({ "user": user, "limit": LIMIT }).to_string().as_bytes()))
            .collect(),
    );
    let sample = wire.succeed(&requests[0]).await?.to_vec();
    let answer: Value = serde_json::from_slice(&sample)?;
    ensure!(answer["items"].as_array().is_some_and(|items| items.len() == LIMIT), "a full answer: {answer}");
    ensure!(answer["fallback"].is_null(), "a personal answer: {answer}");
    drop(wire);

    let rate = load(&service.address, &requests, connections, Duration::from_secs(seconds)).await?;
    service.stop().await?;

    let (address, _handler) = constant(sample).await?;
    let ceiling = load(&address.to_string(), &requests, connections, Duration::from_secs(seconds)).await?;
    report.rate("recommend", "requests/s", rate, "constant handler", ceiling);
    Ok(())
}

/// Starts a service that has learned from a shop of 10,000 items, and lists the shop's users.
pub async fn start_with_shop() -> anyhow::Result<(Service, Vec<String>)> {
    let mut shop = shop(ITEM_COUNT);
    let items: Vec<_> = shop.items().collect();
    let history = events(&mut shop, 30_000);
    let mut users: Vec<String> = history.iter().filter_map(|event| Some(event.user.as_ref()?.to_string())).collect();
    users.sort_unstable();
    users.dedup();
    let service = Service::start(&json!({ "dim": DIM })).await?;
    let mut wire = Wire::connect(&service.address).await?;
    post_in_order(&mut wire, &batches(ITEMS, &items, 2_000)?).await?;
    let head = post_in_order(&mut wire, &batches(EVENTS, &history, 2_000)?).await?;
    service.applied(head).await?;
    Ok((service, users))
}

/// A handler that returns these bytes; runs until dropped.
pub async fn constant(reply: Vec<u8>) -> anyhow::Result<(SocketAddr, JoinSet<()>)> {
    let reply = Bytes::from(reply);
    // Takes the body, as any handler of a POST does.
    let handler = post(move |body: Bytes| {
        let reply = reply.clone();
        async move {
            std::hint::black_box(body);
            ([(header::CONTENT_TYPE, "application/json")], reply)
        }
    });
    let app = Router::new().route("/{*path}", handler);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            Report::step(&format!("the constant handler ended: {error}"));
        }
    });
    Ok((address, tasks))
}

/// Requests per second of closed loops on kept connections, after a second to warm up.
pub async fn load(
    address: &str,
    requests: &Arc<Vec<Bytes>>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let begin = Instant::now() + Duration::from_secs(1);
    let end = begin + time;
    let asker = |number: usize, mut wire: Wire| {
        let requests = requests.clone();
        async move {
            let mut count = 0_u64;
            let mut place = number * 7919;
            loop {
                place += 1;
                let reply = wire.send(&requests[place % requests.len()]).await?;
                ensure!(reply.status == 200, "{}: {}", reply.status, String::from_utf8_lossy(reply.body));
                let now = Instant::now();
                if now >= end {
                    return Ok(count);
                }
                count += u64::from(now >= begin);
            }
        }
    };
    let (counts, _) = on_connections(address, connections, asker).await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = counts.iter().sum::<u64>() as f64 / time.as_secs_f64();
    Ok(rate)
}
