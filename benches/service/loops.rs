//! Parts of closed and open loops: a service to ask, tasks on several connections, and the times that requests take.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use hdrhistogram::Histogram;
use serde_json::json;
use shelfmark_datasets::feeds::Shop;
use tokio::task::JoinSet;

use super::{
    service::Service,
    shop::{EVENTS, ITEMS, batches, events, post_in_order, shop},
    wire::Wire,
};

/// A service that has learned something of a shop, since an empty model is no measure; a connection to it; and the
/// shop.
pub async fn learned() -> anyhow::Result<(Service, Wire, Shop)> {
    let mut shop = shop(2_000);
    let items: Vec<_> = shop.items().collect();
    let service = Service::start(&json!({})).await?;
    let mut wire = Wire::connect(&service.address).await?;
    post_in_order(&mut wire, &batches(ITEMS, &items, 2_000)?).await?;
    let head = post_in_order(&mut wire, &batches(EVENTS, &events(&mut shop, 20_000), 500)?).await?;
    service.applied(head).await?;
    Ok((service, wire, shop))
}

/// Makes so many connections, then runs a task on each. Gives what they return, and the time from the first to the
/// last.
pub async fn on_connections<R, F>(
    address: &str,
    count: usize,
    run: impl Fn(usize, Wire) -> F,
) -> anyhow::Result<(Vec<R>, Duration)>
where
    R: Send + 'static,
    F: Future<Output = anyhow::Result<R>> + Send + 'static,
{
    let wires: Vec<Wire> = try_join_all((0..count).map(|_| Wire::connect(address))).await?;
    let began = Instant::now();
    let tasks: JoinSet<_> = wires.into_iter().enumerate().map(|(number, wire)| run(number, wire)).collect();
    let results = tasks.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    Ok((results, began.elapsed()))
}

/// Times in microseconds, at most ten minutes each.
///
/// Bounds are given, and a value beyond them is an error: a histogram that resizes itself starts with 2 as its highest
/// value, and recording with saturation would count every slow reply as one of 2 us.
pub struct Times(Histogram<u64>);

impl Times {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, 600_000_000, 3)?))
    }

    /// Puts times of several connections together.
    pub fn sum(parts: Vec<Self>) -> anyhow::Result<Self> {
        let mut all = Self::new()?;
        for part in parts {
            all.0.add(part.0)?;
        }
        Ok(all)
    }

    pub fn record(&mut self, took: Duration) -> anyhow::Result<()> {
        Ok(self.0.record(u64::try_from(took.as_micros())?.max(1))?)
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// A quantile in milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "microseconds to milliseconds")]
        let ms = self.0.value_at_quantile(quantile) as f64 / 1000.0;
        ms
    }
}
