//! RetailRocket `events.csv`: `timestamp,visitorid,event,itemid,transactionid`.
//!
//! | column | becomes |
//! |---|---|
//! | timestamp (milliseconds) | `ts` |
//! | visitorid, itemid | `user`, `item` |
//! | event `view`, `addtocart`, `transaction` | `kind` `view`, `cart`, `purchase` |
//! | transactionid | `properties.transaction_id` |
//!
//! The published file is not in order of time: replay it with `--sort`.

use serde_json::json;

use shelfmark_domain::{Event, Id, Timestamp};

use super::columns::{CsvHeader, excerpt, field, fields, optional};

pub(super) struct RetailRocket {
    timestamp: usize,
    visitor: usize,
    event: usize,
    item: usize,
    transaction: Option<usize>,
}

impl RetailRocket {
    pub(super) fn new(header: &CsvHeader) -> Self {
        Self {
            timestamp: header.place("timestamp"),
            visitor: header.place("visitorid"),
            event: header.place("event"),
            item: header.place("itemid"),
            transaction: header.find("transactionid"),
        }
    }

    pub(super) fn event(&self, line: &str, event_id: Id) -> Result<Event, String> {
        let row = fields(line)?;
        let ms = field(&row, self.timestamp, "timestamp")?;
        let ts = ms
            .parse::<i64>()
            .ok()
            .and_then(|ms| ms.checked_mul(1000))
            .and_then(Timestamp::from_micros)
            .ok_or_else(|| format!("timestamp is not a number of milliseconds: {}", excerpt(ms)))?;
        let kind = match field(&row, self.event, "event")? {
            "view" => "view",
            "addtocart" => "cart",
            "transaction" => "purchase",
            other => return Err(format!("event is none of view, addtocart, transaction: {}", excerpt(other))),
        };
        Ok(Event {
            event_id,
            user: Some(Id::new("visitorid", field(&row, self.visitor, "visitorid")?).map_err(|e| e.to_string())?),
            session: None,
            item: Id::new("itemid", field(&row, self.item, "itemid")?).map_err(|e| e.to_string())?,
            kind: kind.to_owned(),
            value: None,
            ts,
            context: Vec::new(),
            recommendation_id: None,
            properties: optional(&row, self.transaction).map(|id| json!({ "transaction_id": id })),
        })
    }
}
