//! Callers who post one event each and wait for its reply before they post the next (a closed loop).
//!
//! The ceiling is that every commit serves all of them: the number of callers by the time of a commit, as the service
//! measured it in the same seconds. What is missing is the way to the caller and back, and the waits for company.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use bytes::Bytes;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    report::Report,
    service::Service,
    shop::{EVENTS, ITEMS, batches, events, post_in_order, shop},
    wire::{Wire, request},
};

const CALLERS: [usize; 4] = [1, 4, 16, 64];
/// Nobody posts more events a second, because no commit takes less than half a millisecond.
const PER_CALLER_MAX: usize = 2_000;
/// Nor are more events made for one part.
const EVENTS_MAX: usize = 200_000;

pub async fn measure(report: &mut Report, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("callers: {CALLERS:?} in a closed loop, {seconds} s each"));
    let mut shop = shop(2_000);
    let items: Vec<_> = shop.items().collect();
    let service = Service::start(&json!({})).await?;
    let mut wire = Wire::connect(&service.address).await?;
    post_in_order(&mut wire, &batches(ITEMS, &items, 2_000)?).await?;
    // Something to learn from first: an empty model is no measure.
    let head = post_in_order(&mut wire, &batches(EVENTS, &events(&mut shop, 20_000), 500)?).await?;
    service.applied(head).await?;
    for callers in CALLERS {
        let count = (usize::try_from(seconds)? * callers * PER_CALLER_MAX).min(EVENTS_MAX);
        let single = |event| Ok(request("POST", EVENTS, &serde_json::to_vec(&event)?));
        let requests: Vec<Bytes> = shop.by_ref().take(count).map(single).collect::<anyhow::Result<_>>()?;
        let before = Appends::read(&mut wire).await?;
        let (took, elapsed) = closed_loop(&service.address, requests, callers, Duration::from_secs(seconds)).await?;
        let appends = Appends::read(&mut wire).await?.since(&before);
        let status = wire.succeed(&request("GET", "/v1/models/default", b"")).await?;
        let status: serde_json::Value = serde_json::from_slice(status)?;
        service.applied(status["head"].as_u64().context("a head")?).await?;

        let ms = |quantile: f64| as_float(took.value_at_quantile(quantile)) / 1000.0;
        let rate = as_float(took.len()) / elapsed.as_secs_f64();
        let commit_ms = appends.seconds * 1000.0 / appends.count;
        let (per_append, lag) = (as_float(took.len()) / appends.count, &status["lag_records"]);
        let ceiling = as_float(callers as u64) * 1000.0 / commit_ms;
        let text = format!("{rate:.0} events/s, reply p50 {:.2} ms, p99 {:.2} ms", ms(0.5), ms(0.99));
        let share = rate / ceiling;
        let beside = format!(
            "{:.0}% of {callers} by a commit of {commit_ms:.2} ms; {per_append:.1} events an append; lag at the end {lag}",
            100.0 * share
        );
        let value = json!({
            "unit": "events/s", "rate": rate, "ceiling": ceiling, "share": share, "p50_ms": ms(0.5),
            "p99_ms": ms(0.99), "commit_ms": commit_ms, "events_per_append": per_append, "lag_records": lag,
        });
        report.figure(&format!("{callers} callers"), text, &beside, value);
    }
    service.stop().await
}

/// Posts from so many connections until the time is over. Gives how long replies took, in microseconds, and the whole.
async fn closed_loop(
    address: &str,
    requests: Vec<Bytes>,
    callers: usize,
    time: Duration,
) -> anyhow::Result<(Histogram<u64>, Duration)> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut wires = Vec::new();
    for _ in 0..callers {
        wires.push(Wire::connect(address).await?);
    }
    let began = Instant::now();
    let mut loops = JoinSet::new();
    for mut wire in wires {
        let (requests, next) = (requests.clone(), next.clone());
        loops.spawn(async move {
            let mut took = microseconds()?;
            while began.elapsed() < time
                && let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let sent = Instant::now();
                wire.succeed(request).await?;
                took.record(u64::try_from(sent.elapsed().as_micros())?.max(1))?;
            }
            anyhow::Ok(took)
        });
    }
    let mut all = microseconds()?;
    while let Some(took) = loops.join_next().await {
        all.add(took??)?;
    }
    Ok((all, began.elapsed()))
}

fn microseconds() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}

/// What the service has counted of its appends.
struct Appends {
    count: f64,
    seconds: f64,
}

impl Appends {
    async fn read(wire: &mut Wire) -> anyhow::Result<Self> {
        let text = String::from_utf8(wire.succeed(&request("GET", "/metrics", b"")).await?.to_vec())?;
        let of = |what: &str| {
            let name = format!("shelfmark_log_append_seconds_{what}{{model=\"default\"}} ");
            let value = text.lines().find_map(|line| line.strip_prefix(&name));
            value.and_then(|value| value.parse().ok()).with_context(|| format!("{name}in /metrics"))
        };
        Ok(Self { count: of("count")?, seconds: of("sum")? })
    }

    fn since(&self, before: &Self) -> Self {
        Self { count: self.count - before.count, seconds: self.seconds - before.seconds }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn as_float(count: u64) -> f64 {
    count as f64
}
