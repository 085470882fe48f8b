//! Yoochoose, the data of the RecSys Challenge 2015: `yoochoose-clicks.dat` and `yoochoose-buys.dat`, without a header.
//!
//! | column | becomes |
//! |---|---|
//! | session | `session` |
//! | time (`2014-04-07T10:51:09.277Z`) | `ts` |
//! | item | `item` |
//! | category of a click | `properties.category`; 0 is none |
//! | price of a buy | `value`; 0 is none |
//! | quantity of a buy | `properties.quantity` |
//!
//! A click is of kind `click`, a buy of kind `purchase`. The files are ordered by session: replay them with `--sort`.

use serde_json::json;

use shelfmark_domain::{Event, Id, Number, Timestamp};

use super::{PublishedFormat, Rows, add_event};
use crate::feeds::{
    FeedBody, TsUnit,
    cells::{Cells, IdColumn},
    times::TsRule,
};

/// Recognises a line: numbers of session and item around a time.
pub(super) fn recognise(line: &str) -> Option<PublishedFormat> {
    let fields: Vec<&str> = line.trim_end().split(',').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_visit = |session: &str, time: &str, item: &str| {
        is_number(session) && is_number(item) && time.contains('T') && Timestamp::parse(time).is_some()
    };
    match fields[..] {
        [session, time, item, _] if is_visit(session, time, item) => Some(PublishedFormat::YoochooseClicks),
        [session, time, item, price, quantity]
            if is_visit(session, time, item) && is_number(price) && is_number(quantity) =>
        {
            Some(PublishedFormat::YoochooseBuys)
        }
        _ => None,
    }
}

/// Parser of rows.
pub(super) struct Yoochoose {
    ts: TsRule,
    buys: bool,
}

impl Yoochoose {
    pub(super) fn clicks(unit: Option<TsUnit>) -> Self {
        Self { ts: TsRule::new(unit, Some(TsUnit::Iso)), buys: false }
    }

    pub(super) fn buys(unit: Option<TsUnit>) -> Self {
        Self { buys: true, ..Self::clicks(unit) }
    }
}

impl Rows for Yoochoose {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(row.split(',').map(Into::into).collect());
        let fields = if self.buys { 5 } else { 4 };
        if row.0.len() != fields {
            return Err(format!("has {} fields, not {fields}", row.0.len()));
        }
        let number = |place: usize| row.optional_number(Some(place)).filter(|number| number.as_f64() != 0.0);
        let category = row.present(Some(3)).filter(|category| *category != "0");
        let properties = match self.buys {
            true => number(4).map(|quantity| json!({ "quantity": quantity })),
            false => category.map(|category| json!({ "category": category })),
        };
        let event = Event {
            event_id,
            user: None,
            session: Some(row.id(0, "session", IdColumn::Numbers)?),
            item: row.id(2, "item", IdColumn::Numbers)?,
            kind: if self.buys { "purchase" } else { "click" }.to_owned(),
            value: number(3).filter(|_| self.buys).and_then(Number::exact_f64),
            ts: self.ts.parse(row.required(1, "time")?, "time")?,
            context: Vec::new(),
            recommendation_id: None,
            properties,
        };
        add_event(event, bodies)
    }
}
