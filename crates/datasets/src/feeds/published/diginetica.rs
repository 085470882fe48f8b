//! Diginetica, the data of the CIKM Cup 2016, with semicolons between the fields.
//!
//! | column of `train-item-views.csv`, `train-purchases.csv` | becomes |
//! |---|---|
//! | sessionId, userId, itemId | `session`, `user` (where known), `item` |
//! | eventdate and timeframe (milliseconds within the session) | `ts`: the day in UTC, and as much later |
//! | ordernumber | `properties.order` |
//!
//! A view is of kind `view`, a purchase of kind `purchase`. The files are in no order of time: replay them with `--sort`.
//!
//! | column of `products.csv` | becomes |
//! |---|---|
//! | itemId | `id` |
//! | pricelog2 | `properties.pricelog2` |
//! | product.name.tokens | `text`: the numbers that stand for its words |
//!
//! `product-categories.csv` is not read: it would replace what `products.csv` says of the same items.

use serde_json::json;

use shelfmark_domain::{Event, Id, Item, PropertyValue, Timestamp};

use super::{Rows, add_event};
use crate::feeds::{
    FeedBody, Separator,
    cells::{Cells, IdColumn, excerpt, number},
    csv::{CsvHeader, split},
};

fn has(header: &CsvHeader, names: &[&str]) -> bool {
    names.iter().all(|name| header.find(name).is_some())
}

/// Parser of views or purchases.
pub(super) struct Visits {
    separator: Separator,
    kind: &'static str,
    session: usize,
    user: Option<usize>,
    item: usize,
    timeframe: usize,
    date: usize,
    order: Option<usize>,
}

impl Visits {
    pub(super) fn are_views(header: &CsvHeader) -> bool {
        has(header, &["sessionId", "itemId", "timeframe", "eventdate"]) && header.find("ordernumber").is_none()
    }

    pub(super) fn are_purchases(header: &CsvHeader) -> bool {
        has(header, &["sessionId", "itemId", "timeframe", "eventdate", "ordernumber"])
    }

    pub(super) fn views(header: &CsvHeader, separator: Separator) -> Self {
        Self::new(header, separator, "view")
    }

    pub(super) fn purchases(header: &CsvHeader, separator: Separator) -> Self {
        Self::new(header, separator, "purchase")
    }

    fn new(header: &CsvHeader, separator: Separator, kind: &'static str) -> Self {
        Self {
            separator,
            kind,
            session: header.place("sessionId"),
            user: header.find("userId"),
            item: header.place("itemId"),
            timeframe: header.place("timeframe"),
            date: header.place("eventdate"),
            order: header.find("ordernumber"),
        }
    }
}

impl Rows for Visits {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let date = row.required(self.date, "eventdate")?;
        let day = Timestamp::parse(&format!("{date}T00:00:00Z"))
            .ok_or_else(|| format!("eventdate is no date: {}", excerpt(date)))?;
        let ms = number(row.required(self.timeframe, "timeframe")?, "timeframe")?;
        #[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 are below 2^53 until the year 2255")]
        let seconds = day.micros() as f64 * 1e-6 + ms * 1e-3;
        let ts = Timestamp::from_seconds(seconds).ok_or_else(|| format!("timeframe is out of range: {ms}"))?;
        let event = Event {
            event_id,
            user: row.optional_id(self.user, "userId", IdColumn::Numbers)?,
            session: Some(row.id(self.session, "sessionId", IdColumn::Numbers)?),
            item: row.id(self.item, "itemId", IdColumn::Numbers)?,
            kind: self.kind.to_owned(),
            value: None,
            ts,
            context: Vec::new(),
            recommendation_id: None,
            properties: row.present(self.order).map(|order| json!({ "order": order })),
        };
        add_event(event, bodies)
    }
}

/// Parser of products.
pub(super) struct Products {
    separator: Separator,
    id: usize,
    price: usize,
    words: usize,
}

impl Products {
    pub(super) fn fits(header: &CsvHeader) -> bool {
        has(header, &["itemId", "pricelog2", "product.name.tokens"])
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator) -> Self {
        let (id, price) = (header.place("itemId"), header.place("pricelog2"));
        Self { separator, id, price, words: header.place("product.name.tokens") }
    }
}

impl Rows for Products {
    fn parse(&mut self, row: &str, _: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let mut item = Item::bare(row.id(self.id, "itemId", IdColumn::Numbers)?);
        item.text = row.present(Some(self.words)).map(|words| words.replace(',', " "));
        if let Some(price) = row.optional_number(Some(self.price)) {
            item.properties.insert("pricelog2".to_owned(), PropertyValue::Number(price));
        }
        item.check().map_err(|error| error.to_string())?;
        bodies.push(FeedBody::Item(item));
        Ok(())
    }
}
