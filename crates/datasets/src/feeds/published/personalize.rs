//! Data sets of Amazon Personalize: csv with the names of its schemas, in capitals.
//!
//! | column of interactions | becomes |
//! |---|---|
//! | USER_ID, ITEM_ID | `user`, `item` |
//! | TIMESTAMP (seconds) | `ts` |
//! | EVENT_TYPE | `kind`, in small letters; `click` where there is none |
//! | EVENT_VALUE | `value` |
//!
//! | column of items | becomes |
//! |---|---|
//! | ITEM_ID | `id` |
//! | TITLE, NAME or PRODUCT_NAME | `title` |
//! | DESCRIPTION or PRODUCT_DESCRIPTION | `text` |
//! | GENRES, GENRE, CATEGORIES, CATEGORY, CATEGORY_L1 and so on | `categories`, with pipes between several |
//! | any other | `properties`, in small letters: a number, or text, or a list where pipes are |

use shelfmark_domain::{Event, Id, Item, PropertyValue};

use super::{Rows, add_event};
use crate::feeds::{
    FeedBody, Separator, TsUnit,
    cells::{Cells, IdColumn, parts, plain_number},
    csv::{CsvHeader, split},
    times::TsRule,
};

/// Kind of events of a file that has no types.
const KIND: &str = "click";
/// Columns of events, which a table of items has not.
const OF_EVENTS: [&str; 8] =
    ["USER_ID", "SESSION_ID", "VISITOR_ID", "CUSTOMER_ID", "TIMESTAMP", "TS", "EVENT_TYPE", "EVENT"];

fn has(header: &CsvHeader, name: &str) -> bool {
    header.names().iter().any(|column| column == name)
}

/// Whether a header is that of users.
pub(super) fn are_users(header: &CsvHeader) -> bool {
    has(header, "USER_ID") && !has(header, "ITEM_ID") && header.names().len() > 1
}

/// Parser of interactions.
pub(super) struct Interactions {
    separator: Separator,
    ts: TsRule,
    user: usize,
    item: usize,
    timestamp: usize,
    kind: Option<usize>,
    value: Option<usize>,
}

impl Interactions {
    pub(super) fn fits(header: &CsvHeader) -> bool {
        ["USER_ID", "ITEM_ID", "TIMESTAMP"].iter().all(|name| has(header, name))
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator, unit: Option<TsUnit>) -> Self {
        Self {
            separator,
            ts: TsRule::new(unit, Some(TsUnit::Seconds)),
            user: header.place("USER_ID"),
            item: header.place("ITEM_ID"),
            timestamp: header.place("TIMESTAMP"),
            kind: header.find("EVENT_TYPE"),
            value: header.find("EVENT_VALUE"),
        }
    }
}

impl Rows for Interactions {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let event = Event {
            event_id,
            user: Some(row.id(self.user, "USER_ID", IdColumn::Texts)?),
            session: None,
            item: row.id(self.item, "ITEM_ID", IdColumn::Texts)?,
            kind: row.present(self.kind).map_or_else(|| KIND.to_owned(), str::to_lowercase),
            value: row.optional_value(self.value),
            ts: self.ts.parse(row.required(self.timestamp, "TIMESTAMP")?, "TIMESTAMP")?,
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        add_event(event, bodies)
    }
}

/// What a column of items becomes.
enum Part {
    Title,
    Text,
    Category,
    Property(String),
}

/// Parser of items.
pub(super) struct Items {
    separator: Separator,
    id: usize,
    parts: Vec<(usize, Part)>,
}

impl Items {
    pub(super) fn fits(header: &CsvHeader) -> bool {
        let is_of_events = || OF_EVENTS.iter().any(|name| header.find(name).is_some());
        has(header, "ITEM_ID") && header.names().len() > 1 && !is_of_events()
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator) -> Self {
        let id = header.place("ITEM_ID");
        let names = header.names().iter().enumerate().filter(|(place, _)| *place != id);
        let parts = names.map(|(place, name)| (place, part(name))).collect();
        Self { separator, id, parts }
    }
}

fn part(name: &str) -> Part {
    match name {
        "TITLE" | "NAME" | "PRODUCT_NAME" => Part::Title,
        "DESCRIPTION" | "PRODUCT_DESCRIPTION" => Part::Text,
        "GENRES" | "GENRE" | "CATEGORIES" | "CATEGORY" => Part::Category,
        name if name.starts_with("CATEGORY_L") => Part::Category,
        name => Part::Property(name.to_lowercase()),
    }
}

impl Rows for Items {
    fn parse(&mut self, row: &str, _: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let mut item = Item::bare(row.id(self.id, "ITEM_ID", IdColumn::Texts)?);
        for (place, part) in &self.parts {
            let Some(text) = row.present(Some(*place)) else { continue };
            let several = || parts(text, '|').map(str::to_owned);
            match part {
                Part::Title => item.title = Some(text.to_owned()),
                Part::Text => item.text = Some(text.to_owned()),
                Part::Category => item.categories.extend(several()),
                Part::Property(name) => {
                    let value = match (plain_number(text), text.contains('|')) {
                        (Some(number), _) => PropertyValue::Number(number),
                        (None, true) => PropertyValue::List(several().map(PropertyValue::Text).collect()),
                        (None, false) => PropertyValue::Text(text.to_owned()),
                    };
                    item.properties.insert(name.clone(), value);
                }
            }
        }
        item.check().map_err(|error| error.to_string())?;
        bodies.push(FeedBody::Item(item));
        Ok(())
    }
}
