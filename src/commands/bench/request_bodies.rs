//! What is sent: bodies made beforehand, so that making them takes nothing from the load.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use bytes::Bytes;
use serde_json::{Value, json};
use shelfmark::{
    domain::Event,
    feeds::{BadLine, FeedBody, FeedOptions, Shop, ShopSettings},
};
use shelfmark_client::Origin;

use crate::commands::{
    input::{EntrySink, InputFiles},
    stats::ReadStats,
};

/// Events that are held; later ones of a file are not read. Requests go round in them.
const EVENTS_MAX: usize = 100_000;

/// Bodies of requests, each list in the order in which they are sent, round and round.
pub struct RequestBodies {
    /// Recommendations: the actor of every event, so that people are asked for as often as they come.
    pub queries: Vec<Bytes>,
    /// Appends.
    pub appends: Vec<Bytes>,
    /// Where the events come from, for the report.
    pub source: String,
}

impl RequestBodies {
    /// From files.
    pub fn from_files(files: &[PathBuf], limit: u16, batch: usize) -> anyhow::Result<Self> {
        let reading = InputFiles {
            items: Vec::new(),
            files: files.to_vec(),
            options: FeedOptions::default(),
            sort: false,
            strict: false,
        };
        let mut taking = EventCollector::default();
        match reading.read(reading.open()?, &mut taking) {
            Err(error) if error.is::<EnoughEvents>() => {}
            ended => ended?,
        }
        if taking.events.is_empty() {
            bail!("there are no events in these files");
        }
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        Self::new(&taking.events, limit, batch, names.join(", "))
    }

    /// From the shop that `shelfmark demo` posts with the same settings.
    pub fn generated(shop: ShopSettings, limit: u16, batch: usize) -> anyhow::Result<Self> {
        let events: Vec<Event> = Shop::new(shop).take(EVENTS_MAX).collect();
        let ShopSettings { seed, items, shoppers, .. } = shop;
        let source = format!("generated shop, seed {seed}, {items} items, {shoppers} shoppers");
        Self::new(&events, limit, batch, source)
    }

    fn new(events: &[Event], limit: u16, batch: usize, source: String) -> anyhow::Result<Self> {
        let query = |event: &Event| {
            let actor = match (&event.user, &event.session) {
                (Some(user), _) => json!({ "user": user, "limit": limit }),
                (None, session) => json!({ "session_id": session, "limit": limit }),
            };
            Bytes::from(actor.to_string())
        };
        let appends: Result<Vec<Bytes>, serde_json::Error> = events.chunks(batch).map(append).collect();
        Ok(Self {
            queries: events.iter().map(query).collect(),
            appends: appends.context("events cannot be encoded")?,
            source,
        })
    }
}

/// The body of a request with these events.
fn append(events: &[Event]) -> serde_json::Result<Bytes> {
    let mut events = events.iter().map(anew).collect::<serde_json::Result<Vec<Value>>>()?;
    let body = match events.len() {
        1 => events.remove(0),
        _ => json!({ "events": events }),
    };
    Ok(Bytes::from(body.to_string()))
}

/// An event without id and time: each time that it is sent, the service makes it an event of its own that happens now.
fn anew(event: &Event) -> serde_json::Result<Value> {
    let mut event = serde_json::to_value(event)?;
    if let Some(fields) = event.as_object_mut() {
        fields.remove("event_id");
        fields.remove("ts");
    }
    Ok(event)
}

/// Events enough.
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
            // The model is to know its items before.
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
    use super::*;

    #[test]
    fn events_are_sent_anew_and_their_people_are_asked_for() {
        let shop = ShopSettings::default();
        let content = RequestBodies::generated(shop, 7, 3).expect("a shop");
        assert_eq!((content.queries.len(), content.appends.len()), (EVENTS_MAX, EVENTS_MAX.div_ceil(3)));
        let first = Shop::new(shop).next().expect("endless");
        let query: Value = serde_json::from_slice(&content.queries[0]).expect("JSON");
        assert_eq!(query, json!({ "user": first.user, "limit": 7 }));
        let append: Value = serde_json::from_slice(&content.appends[0]).expect("JSON");
        let events = append["events"].as_array().expect("a batch");
        assert_eq!((events.len(), &events[0]["item"]), (3, &json!(first.item)));
        assert!(events.iter().all(|event| event.get("event_id").is_none() && event.get("ts").is_none()), "{append}");
        // What is left over is one event, which stands alone.
        let last: Value = serde_json::from_slice(content.appends.last().expect("some")).expect("JSON");
        assert!(last.get("events").is_none() && last["kind"].is_string(), "{last}");
    }
}
