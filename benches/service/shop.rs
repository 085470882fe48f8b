//! Requests from the generated shop.

use bytes::Bytes;
use serde::Serialize;
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::Event;

use super::wire::{Wire, request};

pub const EVENTS: &str = "/v1/models/default/events";
pub const ITEMS: &str = "/v1/models/default/items";

/// A shop of this size.
pub fn shop(items: usize) -> Shop {
    Shop::new(ShopSettings { items, shoppers: 2_000, ..ShopSettings::default() })
}

/// Requests of up to `entries` entries.
pub fn batches<T: Serialize>(path: &str, entries: &[T], size: usize) -> anyhow::Result<Vec<Bytes>> {
    let list = if path == ITEMS { "items" } else { "events" };
    entries
        .chunks(size)
        .map(|chunk| Ok(request("POST", path, &serde_json::to_vec(&serde_json::json!({ list: chunk }))?)))
        .collect()
}

/// Posts in order and gives the last position.
pub async fn post_in_order(wire: &mut Wire, requests: &[Bytes]) -> anyhow::Result<u64> {
    let mut position = 0;
    for request in requests {
        position = position.max(position_of(wire.succeed(request).await?)?);
    }
    Ok(position)
}

/// The position in a reply to a POST.
pub fn position_of(body: &[u8]) -> anyhow::Result<u64> {
    #[derive(serde::Deserialize)]
    struct Tally {
        position: u64,
        #[serde(default)]
        rejected_count: u64,
    }
    let tally: Tally = serde_json::from_slice(body)?;
    anyhow::ensure!(tally.rejected_count == 0, "rejected: {}", String::from_utf8_lossy(body));
    Ok(tally.position)
}

/// Some events.
pub fn events(shop: &mut Shop, count: usize) -> Vec<Event> {
    shop.take(count).collect()
}
