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

use shelfmark_domain::{Event, Id};

use super::{
    Separator,
    cells::{Cells, IdColumn, excerpt},
    csv::{CsvHeader, split},
    times::TsRule,
};

pub(super) struct RetailRocket {
    separator: Separator,
    ts: TsRule,
    timestamp: usize,
    visitor: usize,
    event: usize,
    item: usize,
    transaction: Option<usize>,
}

impl RetailRocket {
    /// Columns that the format is recognised by.
    pub(super) const COLUMNS: [&str; 4] = ["timestamp", "visitorid", "event", "itemid"];

    pub(super) fn new(header: &CsvHeader, separator: Separator, ts: TsRule) -> Self {
        Self {
            separator,
            ts,
            timestamp: header.place("timestamp"),
            visitor: header.place("visitorid"),
            event: header.place("event"),
            item: header.place("itemid"),
            transaction: header.find("transactionid"),
        }
    }

    pub(super) fn event(&mut self, line: &str, event_id: Id) -> Result<Event, String> {
        let row = Cells(split(line, &self.separator)?);
        let ts = self.ts.parse(row.required(self.timestamp, "timestamp")?, "timestamp")?;
        let kind = match row.required(self.event, "event")? {
            "view" => "view",
            "addtocart" => "cart",
            "transaction" => "purchase",
            other => return Err(format!("event is none of view, addtocart, transaction: {}", excerpt(other))),
        };
        Ok(Event {
            event_id,
            user: Some(row.id(self.visitor, "visitorid", IdColumn::Numbers)?),
            session: None,
            item: row.id(self.item, "itemid", IdColumn::Numbers)?,
            kind: kind.to_owned(),
            value: None,
            ts,
            context: Vec::new(),
            recommendation_id: None,
            properties: row
                .optional_id(self.transaction, "transactionid", IdColumn::Numbers)?
                .map(|id| json!({ "transaction_id": id })),
        })
    }
}
