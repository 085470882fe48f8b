//! Atomic files of RecBole: tables with tabs whose columns say their type, such as `user_id:token`.
//!
//! | column of `.inter` | becomes |
//! |---|---|
//! | user_id, session_id | `user`, `session`; one of them at least |
//! | item_id | `item` |
//! | timestamp | `ts`; the first one tells the unit |
//! | rating | `value` of an event of kind `rating`; without the column events are of kind `click` |
//!
//! | column of `.item` | becomes |
//! |---|---|
//! | item_id | `id` |
//! | the first token or token_seq whose name ends in `title` or `name` | `title` |
//! | token_seq whose name holds `class`, `genre` or `categor` | `categories`, one a word |
//! | release_year or year | `properties.year`, a number |
//! | another float | a number in `properties` |
//! | another token or token_seq | text in `properties` |

use shelfmark_domain::{Event, Id, Item, Number, PropertyValue};

use super::{Rows, add_event};
use crate::feeds::{
    FeedBody, Separator, TsUnit,
    cells::{Cells, IdColumn, missing, number, parts},
    csv::{CsvHeader, split},
    times::TsRule,
};

/// Type of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnType {
    Token,
    TokenSequence,
    Float,
    FloatSequence,
}

/// Returns name and type of a column.
fn typed(column: &str) -> Option<(&str, ColumnType)> {
    let (name, kind) = column.rsplit_once(':')?;
    let kind = match kind {
        "token" => ColumnType::Token,
        "token_seq" => ColumnType::TokenSequence,
        "float" => ColumnType::Float,
        "float_seq" => ColumnType::FloatSequence,
        _ => return None,
    };
    Some((name, kind))
}

/// Returns the place of a column by its name without the type.
fn find(header: &CsvHeader, name: &str) -> Option<usize> {
    header.names().iter().position(|column| typed(column).is_some_and(|(own, _)| own == name))
}

/// Whether all columns have types, and there are these and none of those.
fn fits(header: &CsvHeader, with: &[&str], without: &[&str]) -> bool {
    header.names().iter().all(|column| typed(column).is_some())
        && with.iter().all(|name| find(header, name).is_some())
        && without.iter().all(|name| find(header, name).is_none())
}

/// Whether a header is that of users.
pub(super) fn are_users(header: &CsvHeader) -> bool {
    fits(header, &["user_id"], &["item_id"])
}

/// Parser of interactions.
pub(super) struct Interactions {
    separator: Separator,
    ts: TsRule,
    user: Option<usize>,
    session: Option<usize>,
    item: usize,
    timestamp: usize,
    rating: Option<usize>,
}

impl Interactions {
    pub(super) fn fits(header: &CsvHeader) -> bool {
        let of = |actor: &str| fits(header, &[actor, "item_id", "timestamp"], &[]);
        of("user_id") || of("session_id")
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator, unit: Option<TsUnit>) -> Self {
        let place = |name: &str| find(header, name).expect("the format was recognised by its columns");
        Self {
            separator,
            ts: TsRule::new(unit, None),
            user: find(header, "user_id"),
            session: find(header, "session_id"),
            item: place("item_id"),
            timestamp: place("timestamp"),
            rating: find(header, "rating"),
        }
    }
}

impl Rows for Interactions {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let user = row.optional_id(self.user, "user_id", IdColumn::Texts)?;
        let session = row.optional_id(self.session, "session_id", IdColumn::Texts)?;
        if user.is_none() && session.is_none() {
            let (place, name) = self.user.map_or((self.session, "session_id"), |place| (Some(place), "user_id"));
            return Err(missing(name, place.and_then(|place| row.0.get(place))));
        }
        let value = self.rating.map(|place| number(row.required(place, "rating")?, "rating")).transpose()?;
        let event = Event {
            event_id,
            user,
            session,
            item: row.id(self.item, "item_id", IdColumn::Texts)?,
            kind: if self.rating.is_some() { "rating" } else { "click" }.to_owned(),
            value,
            ts: self.ts.parse(row.required(self.timestamp, "timestamp")?, "timestamp")?,
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
    Categories,
    Number(String),
    Text(String),
}

/// Parser of items.
pub(super) struct Items {
    separator: Separator,
    id: usize,
    parts: Vec<(usize, Part)>,
}

impl Items {
    pub(super) fn fits(header: &CsvHeader) -> bool {
        fits(header, &["item_id"], &["user_id", "session_id"]) && header.names().len() > 1
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator) -> Self {
        let id = find(header, "item_id").expect("the format was recognised by its columns");
        let mut has_title = false;
        let mut parts = Vec::new();
        for (place, column) in header.names().iter().enumerate() {
            let Some((name, kind)) = typed(column).filter(|_| place != id) else { continue };
            let is_text = matches!(kind, ColumnType::Token | ColumnType::TokenSequence);
            let is_title = is_text && ["title", "name"].iter().any(|end| name.ends_with(end));
            let part = if is_title && !has_title {
                has_title = true;
                Part::Title
            } else if kind == ColumnType::TokenSequence
                && ["class", "genre", "categor"].iter().any(|part| name.contains(part))
            {
                Part::Categories
            } else if matches!(name, "release_year" | "year") {
                Part::Number("year".to_owned())
            } else if kind == ColumnType::Float {
                Part::Number(name.to_owned())
            } else if kind == ColumnType::FloatSequence {
                continue;
            } else {
                Part::Text(name.to_owned())
            };
            parts.push((place, part));
        }
        Self { separator, id, parts }
    }
}

impl Rows for Items {
    fn parse(&mut self, row: &str, _: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let row = Cells(split(row, &self.separator)?);
        let mut item = Item::bare(row.id(self.id, "item_id", IdColumn::Texts)?);
        for (place, part) in &self.parts {
            let Some(text) = row.present(Some(*place)) else { continue };
            match part {
                Part::Title => item.title = Some(text.to_owned()),
                Part::Categories => item.categories.extend(parts(text, ' ').map(str::to_owned)),
                Part::Number(name) => {
                    if let Some(number) = Number::parse(text) {
                        item.properties.insert(name.clone(), PropertyValue::Number(number));
                    }
                }
                Part::Text(name) => _ = item.properties.insert(name.clone(), PropertyValue::Text(text.to_owned())),
            }
        }
        item.check().map_err(|error| error.to_string())?;
        bodies.push(FeedBody::Item(item));
        Ok(())
    }
}
