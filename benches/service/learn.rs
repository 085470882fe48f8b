//! Events per second through everything: from the first post until the live view holds the last event.

use std::{path::Path, time::Instant};

use anyhow::ensure;
use bytes::Bytes;
use serde_json::json;
use shelfmark_datasets::feeds::{Feed, FeedBody, FeedOptions};
use shelfmark_domain::Event;

use super::{
    report::Report,
    service::Service,
    shop::{EVENTS, batches, events, post_in_order, shop},
    wire::Wire,
};

const GENERATED: usize = 100_000;

pub async fn measure(report: &mut Report, data: Option<&Path>) -> anyhow::Result<()> {
    let (name, stream) = match data {
        Some(folder) => (folder.display().to_string(), read(&folder.join("events.jsonl.gz"))?),
        None => ("a generated shop".to_owned(), events(&mut shop(2_000), GENERATED)),
    };
    let count = stream.len();
    ensure!(count > 0, "no events in {name}");
    let requests = batches(EVENTS, &stream, 500)?;
    for dim in [128, 64] {
        one(report, &format!("{name}, d = {dim}"), dim, count, &requests).await?;
    }
    Ok(())
}

async fn one(report: &mut Report, name: &str, dim: usize, count: usize, requests: &[Bytes]) -> anyhow::Result<()> {
    Report::step(&format!("learn: {count} events of {name}"));
    let service = Service::start(&json!({ "dim": dim })).await?;
    let mut wire = Wire::connect(&service.address).await?;
    let began = Instant::now();
    let head = post_in_order(&mut wire, requests).await?;
    let logged = began.elapsed().as_secs_f64();
    service.applied(head).await?;
    let applied = began.elapsed().as_secs_f64();
    service.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let (rate, ceiling) = (count as f64 / applied, count as f64 / logged);
    report.rate(&format!("learn ({name})"), "events/s", rate, "logged, one connection", ceiling);
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    for entry in Feed::open(path, &FeedOptions::default())? {
        if let FeedBody::Event(event) = entry?.body {
            events.push(event);
        }
    }
    Ok(events)
}
