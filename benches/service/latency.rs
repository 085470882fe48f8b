//! From the time an event is due to the reply that says the live view holds it, open loop.
//!
//! Open loop: events are due at fixed times whatever happened to those before, and time counts from when an event was
//! due, so that a stall is seen by all the events that it delays (no coordinated omission). The timer of the runtime
//! wakes up to a millisecond late; that is part of the figures, and the constant handler shows how much.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::{
    loops::{Times, learned, on_connections},
    recommend::constant,
    report::Report,
    shop::EVENTS,
    wire::{Wire, request},
};

const PER_SECOND: usize = 1_000;
/// Seconds before counting begins.
const WARM: usize = 3;
/// Connections: each may have one event under way, so up to this many milliseconds of stall delay nobody else.
const CONNECTIONS: usize = 128;

pub async fn measure(report: &mut Report, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("latency: {PER_SECOND} events/s, {seconds} s each"));
    let (service, _, mut shop) = learned().await?;
    let count = (usize::try_from(seconds)? + WARM) * PER_SECOND;
    let mut part = |query: &str| -> anyhow::Result<Vec<Bytes>> {
        let path = format!("{EVENTS}{query}");
        shop.by_ref().take(count).map(|event| Ok(request("POST", &path, &serde_json::to_vec(&event)?))).collect()
    };
    let applied = part("?wait=applied&timeout_ms=5000")?;
    let logged = part("?wait=logged")?;
    let visible = open_loop(&service.address, applied, b"\"applied\":true").await?;
    let durable = open_loop(&service.address, logged.clone(), b"\"accepted\":1").await?;
    service.stop().await?;
    let reply = br#"{"accepted":1,"duplicates":0,"rejected":[],"rejected_count":0,"position":4711,"applied":true}"#;
    let (address, _handler) = constant(reply.to_vec()).await?;
    let floor = open_loop(&address.to_string(), logged, b"\"accepted\":1").await?;
    for (name, took, beside) in [
        ("event to visible", &visible, "bar: p99 under 25 ms"),
        ("event to durable", &durable, "part of the above"),
        ("constant handler", &floor, "floor: client, timer and HTTP alone"),
    ] {
        let (p50, p99, p999, max) = (took.ms(0.5), took.ms(0.99), took.ms(0.999), took.ms(1.0));
        let value = json!({ "unit": "ms", "p50": p50, "p99": p99, "p999": p999, "max": max, "events": took.count() });
        report.figure(name, format!("p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms"), beside, value);
    }
    Ok(())
}

/// Sends request n at n milliseconds and notes how long after that its reply came. Every reply has to contain `proof`.
async fn open_loop(address: &str, requests: Vec<Bytes>, proof: &'static [u8]) -> anyhow::Result<Times> {
    let requests = Arc::new(requests);
    let begin = Instant::now() + Duration::from_millis(100);
    let sender = |first, mut wire: Wire| {
        let requests = requests.clone();
        async move {
            let mut took = Times::new()?;
            for (number, request) in requests.iter().enumerate().skip(first).step_by(CONNECTIONS) {
                let due = begin + Duration::from_micros(number as u64 * 1_000_000 / PER_SECOND as u64);
                tokio::time::sleep_until(due).await;
                let reply = wire.send(request).await?;
                let is_proof = reply.body.windows(proof.len()).any(|window| window == proof);
                ensure!(is_proof, "{}: {}", reply.status, String::from_utf8_lossy(reply.body));
                if number >= WARM * PER_SECOND {
                    took.record(due.elapsed())?;
                }
            }
            Ok(took)
        }
    };
    Times::sum(on_connections(address, CONNECTIONS, sender).await?.0)
}
