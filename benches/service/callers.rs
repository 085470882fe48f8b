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
use serde_json::json;

use super::{
    loops::{Times, learned, on_connections},
    report::Report,
    shop::EVENTS,
    wire::{Wire, request},
};

const CALLERS: [usize; 4] = [1, 4, 16, 64];
/// Nobody posts more events a second, because no commit takes less than half a millisecond.
const PER_CALLER_MAX: usize = 2_000;
/// Nor are more events made for one part.
const EVENTS_MAX: usize = 200_000;

pub async fn measure(report: &mut Report, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("callers: {CALLERS:?} in a closed loop, {seconds} s each"));
    let (service, mut wire, mut shop) = learned().await?;
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

        let (p50, p99) = (took.ms(0.5), took.ms(0.99));
        let rate = as_float(took.count()) / elapsed.as_secs_f64();
        let commit_ms = appends.seconds * 1000.0 / appends.count;
        let (per_append, lag) = (as_float(took.count()) / appends.count, &status["lag_records"]);
        let ceiling = as_float(callers as u64) * 1000.0 / commit_ms;
        let text = format!("{rate:.0} events/s, reply p50 {p50:.2} ms, p99 {p99:.2} ms");
        let share = rate / ceiling;
        let beside = format!(
            "{:.0}% of {callers} by a commit of {commit_ms:.2} ms; {per_append:.1} events an append; lag at the end {lag}",
            100.0 * share
        );
        let value = json!({
            "unit": "events/s", "rate": rate, "ceiling": ceiling, "share": share, "p50_ms": p50, "p99_ms": p99,
            "commit_ms": commit_ms, "events_per_append": per_append, "lag_records": lag,
        });
        report.figure(&format!("{callers} callers"), text, &beside, value);
    }
    service.stop().await
}

/// Posts from so many connections until the time is over. Gives how long replies took, and the whole.
async fn closed_loop(
    address: &str,
    requests: Vec<Bytes>,
    callers: usize,
    time: Duration,
) -> anyhow::Result<(Times, Duration)> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let caller = |_, mut wire: Wire| {
        let (requests, next) = (requests.clone(), next.clone());
        async move {
            let (mut took, began) = (Times::new()?, Instant::now());
            while began.elapsed() < time
                && let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let sent = Instant::now();
                wire.succeed(request).await?;
                took.record(sent.elapsed())?;
            }
            Ok(took)
        }
    };
    let (took, elapsed) = on_connections(address, callers, caller).await?;
    Ok((Times::sum(took)?, elapsed))
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
