//! Messages of Segment's specification, one a line, as Segment, RudderStack and others write them to files. They become
//! events by the rules of [`crate::messages`]. Files hold no kinds of a model, so only names of the specification are
//! known, and other names are passed over.
//!
//! `identify` and `alias` are passed over: `POST .../ingest/segment` takes them.

use serde_json::{Map, Value};

use shelfmark_domain::{Event, Id};

use super::{Rows, add_event, nth_id};
use crate::{
    feeds::{FeedBody, json},
    messages::{MessageEvent, Said, SegmentRules, is_segment, segment},
};

/// Whether an object is a message.
pub(super) fn is_message(object: &Map<String, Value>) -> bool {
    is_segment(object)
}

/// Parser of messages.
pub(super) struct Messages {
    /// Whether a `messageId` in the file does not count.
    ignore_ids: bool,
}

impl Messages {
    pub(super) fn new(ignore_ids: bool) -> Self {
        Self { ignore_ids }
    }

    fn event(&self, event: MessageEvent, line: &Id, place: usize) -> Result<Event, String> {
        let MessageEvent { event_id, user, session, item, kind, value, ts, recommendation_id, properties } = event;
        let own = event_id.filter(|_| !self.ignore_ids);
        let checked = |name: &str, text: &str| Id::new(name, text).map_err(|error| error.to_string());
        let id = |name: &str, text: Option<String>| text.map(|text| checked(name, &text)).transpose();
        let event_id = match id("messageId", own)? {
            Some(own) => own,
            None => nth_id(line, place)?,
        };
        Ok(Event {
            event_id,
            user: id("userId", user)?,
            session: id("anonymousId", session)?,
            item: checked("product_id", &item)?,
            kind,
            value,
            ts: ts.ok_or("timestamp is missing: an event in a file needs its own time")?,
            context: Vec::new(),
            recommendation_id: id("recommendation_id", recommendation_id)?,
            properties: (!properties.is_empty()).then_some(Value::Object(properties)),
        })
    }
}

impl Rows for Messages {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let message = json::object(row.as_bytes()).map_err(|error| format!("not a JSON object: {error}"))?;
        let rules = SegmentRules { is_kind: &|_| false, traits: None };
        let translated = match segment(&message, &rules) {
            // A name that is none of the specification's.
            Err(error) if error.code == "unknown_kind" => return Ok(()),
            translated => translated.map_err(|error| error.to_string())?,
        };
        let mut place = 0;
        for said in translated.said {
            if let Said::Event(event) = said {
                add_event(self.event(*event, &event_id, place)?, bodies)?;
                place += 1;
            }
        }
        match translated.errors.first() {
            Some(error) => Err(error.to_string()),
            None => Ok(()),
        }
    }
}
