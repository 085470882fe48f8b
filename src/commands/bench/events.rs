//! The events that a load is made of: those of files, or of the generated shop.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use shelfmark_client::Origin;
use shelfmark_datasets::feeds::{BadLine, FeedBody, FeedOptions, Shop, ShopSettings};
use shelfmark_domain::Event;

use crate::commands::{
    input::{EntrySink, InputFiles},
    stats::ReadStats,
};

/// Events that are held. Later ones of a file are not read.
const EVENTS_MAX: usize = 100_000;

/// Events, and what the report says about their origin.
pub struct BenchEvents {
    pub events: Vec<Event>,
    pub source: String,
}

impl BenchEvents {
    /// Reads files.
    pub fn from_files(files: &[PathBuf]) -> anyhow::Result<Self> {
        let input = InputFiles {
            items: Vec::new(),
            files: files.to_vec(),
            options: FeedOptions::default(),
            sort: false,
            strict: false,
        };
        let mut collector = EventCollector::default();
        match input.read(input.open()?, &mut collector) {
            Err(error) if error.is::<EnoughEvents>() => {}
            ended => ended?,
        }
        if collector.events.is_empty() {
            bail!("there are no events in these files");
        }
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        Ok(Self { events: collector.events, source: names.join(", ") })
    }

    /// Draws the events that `shelfmark demo` posts with the same settings.
    pub fn generated(shop: ShopSettings) -> Self {
        let ShopSettings { seed, items, shoppers, .. } = shop;
        let source = format!("generated shop, seed {seed}, {items} items, {shoppers} shoppers");
        Self { events: Shop::new(shop).take(EVENTS_MAX).collect(), source }
    }
}

/// Ends reading early.
#[derive(Debug, thiserror::Error)]
#[error("there are enough events")]
struct EnoughEvents;

#[derive(Default)]
struct EventCollector {
    events: Vec<Event>,
    stats: ReadStats,
}

impl EntrySink for EventCollector {
    fn entry(&mut self, _: Origin, body: FeedBody) -> anyhow::Result<()> {
        if self.events.len() == EVENTS_MAX {
            return Err(EnoughEvents.into());
        }
        match body {
            FeedBody::Event(event) => self.events.push(event),
            // The model has to have its items before.
            FeedBody::Item(_) => {}
        }
        Ok(())
    }

    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()> {
        bail!("{file}: {bad}")
    }

    fn stats(&mut self) -> &mut ReadStats {
        &mut self.stats
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shelfmark_loadgen::RequestBodies;

    use super::*;

    #[test]
    fn bodies_ask_for_the_actors_and_send_events_as_new() {
        let shop = ShopSettings::default();
        let bodies = RequestBodies::new(&BenchEvents::generated(shop).events, 7, 3).expect("a shop");
        assert_eq!((bodies.queries.len(), bodies.appends.len()), (EVENTS_MAX, EVENTS_MAX.div_ceil(3)));
        let first = Shop::new(shop).next().expect("endless");
        let query: Value = serde_json::from_slice(&bodies.queries[0]).expect("JSON");
        assert_eq!(query, json!({ "user": first.user, "limit": 7 }));
        let append: Value = serde_json::from_slice(&bodies.appends[0]).expect("JSON");
        let events = append["events"].as_array().expect("a batch");
        assert_eq!((events.len(), &events[0]["item"]), (3, &json!(first.item)));
        assert!(events.iter().all(|event| event.get("event_id").is_none() && event.get("ts").is_none()), "{append}");
        // What is left over is one event, which stands alone.
        let last: Value = serde_json::from_slice(bodies.appends.last().expect("some")).expect("JSON");
        assert!(last.get("events").is_none() && last["kind"].is_string(), "{last}");
    }
}
