//! Embeddings of 1,000 items a request, as raw f32 and as safetensors, beside a handler that sends the same bytes.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use serde_json::json;

use super::{
    recommend::{constant, load},
    report::Report,
    service::Service,
    shop::{ITEMS, batches, post_in_order, shop},
    wire::{Wire, request_for},
};

const ITEM_COUNT: usize = 10_000;
const ROWS: usize = 1_000;
const DIM: usize = 64;
/// Different requests.
const REQUESTS: usize = 64;
const PATH: &str = "/v1/models/default/embeddings";

pub async fn measure(report: &mut Report, connections: usize, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("embeddings: {ROWS} rows x {DIM} of {ITEM_COUNT} items, {connections} connections"));
    let items: Vec<_> = shop(ITEM_COUNT).items().collect();
    let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let service = Service::start(&json!({ "dim": DIM })).await?;
    let mut wire = Wire::connect(&service.address).await?;
    let head = post_in_order(&mut wire, &batches(ITEMS, &items, 2_000)?).await?;
    service.applied(head).await?;
    for (name, kind) in [("raw f32", "application/octet-stream"), ("safetensors", "application/x-safetensors")] {
        let requests: Arc<Vec<_>> = Arc::new(
            (0..REQUESTS)
                .map(|number| {
                    // Rows from all over the table.
                    let asked: Vec<&str> = (0..ROWS).map(|row| ids[(number * 131 + row * 7919) % ids.len()]).collect();
                    request_for("POST", PATH, kind, json!({ "items": asked }).to_string().as_bytes())
                })
                .collect(),
        );
        // A connection of its own: the service closes those that ask nothing for half a minute.
        let sample = Wire::connect(&service.address).await?.succeed(&requests[0]).await?.to_vec();
        ensure!(sample.len() >= ROWS * DIM * 4, "{} bytes", sample.len());
        let time = Duration::from_secs(seconds);
        let rate = load(&service.address, &requests, connections, time).await?;
        let (address, _handler) = constant(sample).await?;
        let ceiling = load(&address.to_string(), &requests, connections, time).await?;
        report.rate(&format!("embeddings ({name})"), "requests/s", rate, "constant handler", ceiling);
    }
    service.stop().await
}
