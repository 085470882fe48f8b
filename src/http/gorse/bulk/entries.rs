//! Entries of one table, some at a time.

use serde::{Deserialize, de::DeserializeOwned};

use crate::http::gorse::{TextError, feedback::Feedback, items::GorseItem, users::User};

/// What a bulk request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    Users,
    Items,
    Feedback,
}

/// Some entries of a table.
#[derive(Debug)]
pub enum Entries {
    Users(Vec<User>),
    Items(Vec<GorseItem>),
    Feedback(Vec<Feedback>),
}

impl Table {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Items => "items",
            Self::Feedback => "feedback",
        }
    }
}

impl Entries {
    pub const fn new(table: Table) -> Self {
        match table {
            Table::Users => Self::Users(Vec::new()),
            Table::Items => Self::Items(Vec::new()),
            Table::Feedback => Self::Feedback(Vec::new()),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Users(users) => users.len(),
            Self::Items(items) => items.len(),
            Self::Feedback(feedback) => feedback.len(),
        }
    }

    /// Reads entries from lines; the place of the first bad one is in the error.
    pub fn parse<'a>(table: Table, lines: impl Iterator<Item = &'a [u8]>) -> Result<Self, TextError> {
        Ok(match table {
            Table::Users => Self::Users(each(lines)?),
            Table::Items => Self::Items(each(lines)?),
            Table::Feedback => Self::Feedback(each(lines)?),
        })
    }

    /// Writes a line for each.
    pub fn lines(&self) -> Result<Vec<u8>, serde_json::Error> {
        fn write<T: serde::Serialize>(entries: &[T]) -> Result<Vec<u8>, serde_json::Error> {
            let mut text = Vec::new();
            for entry in entries {
                serde_json::to_writer(&mut text, entry)?;
                text.push(b'\n');
            }
            Ok(text)
        }
        match self {
            Self::Users(users) => write(users),
            Self::Items(items) => write(items),
            Self::Feedback(feedback) => write(feedback),
        }
    }
}

fn each<'a, T: DeserializeOwned>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<T>, TextError> {
    let parse = |(place, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| TextError::bad(error.to_string()).at(place))
    };
    lines.enumerate().map(parse).collect()
}
