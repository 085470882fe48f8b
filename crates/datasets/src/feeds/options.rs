//! Options of reading a file of events or items.

use std::{fmt, str::FromStr};

use super::{FeedFormat, LineMeaning, Separator, TextEncoding, TsUnit};

/// Options of reading a file.
#[derive(Debug, Clone, Default)]
pub struct FeedOptions {
    /// Salt that makes every event id new: see [`super::EventIds`].
    pub salt: Option<String>,
    /// Whether to make items from event rows that carry metadata (REES46).
    pub items_from_events: bool,
    /// Format; recognised by the content when left out.
    pub format: Option<FeedFormat>,
    /// What the lines of an ndjson file are.
    pub meaning: LineMeaning,
    /// Columns of a table of one's own.
    pub columns: Option<ColumnRoles>,
    /// Kind of the events of a table, where no column has it.
    pub kind: Option<String>,
    /// Text between the fields of a table; found by the first lines when left out.
    pub separator: Option<Separator>,
    /// Whether the first line of a table of one's own is a row.
    pub no_header: bool,
    /// Unit of times; that of the format, or of the first time, when left out.
    pub ts_unit: Option<TsUnit>,
    /// Encoding of the text; told by a byte order mark, else UTF-8, when left out.
    pub encoding: Option<TextEncoding>,
}

/// What a column of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// The user.
    User,
    /// The session.
    Session,
    /// The item.
    Item,
    /// The kind of the event.
    Kind,
    /// The time of the event.
    Ts,
    /// Quantity, price or rating.
    Value,
    /// Id of the event.
    EventId,
}

impl ColumnRole {
    /// All roles, in the order in which a table holds them.
    pub const ALL: [Self; 7] =
        [Self::User, Self::Session, Self::Item, Self::Kind, Self::Ts, Self::Value, Self::EventId];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Session => "session",
            Self::Item => "item",
            Self::Kind => "kind",
            Self::Ts => "ts",
            Self::Value => "value",
            Self::EventId => "event_id",
        }
    }
}

impl fmt::Display for ColumnRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which column of a table is what: by its name, or by its number from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRoles(Vec<(ColumnRole, String)>);

impl ColumnRoles {
    /// Returns the column of a role, as it was given.
    pub fn get(&self, role: ColumnRole) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == role).map(|(_, column)| column.as_str())
    }
}

impl FromStr for ColumnRoles {
    type Err = String;

    /// Parses `user=user_id,item=item_id,...`.
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || ColumnRole::ALL.map(ColumnRole::name).join(", ");
        let mut roles: Vec<(ColumnRole, String)> = Vec::new();
        for part in text.split(',') {
            let (name, column) = part
                .split_once('=')
                .map(|(name, column)| (name.trim(), column.trim()))
                .filter(|(_, column)| !column.is_empty())
                .ok_or_else(|| format!("{part:?} is not like user=user_id; names are {}", names()))?;
            let role = ColumnRole::ALL.into_iter().find(|role| role.name() == name);
            let role = role.ok_or_else(|| format!("{name:?} is none of {}", names()))?;
            if roles.iter().any(|(other, _)| *other == role) {
                return Err(format!("{name} is there twice"));
            }
            roles.push((role, column.to_owned()));
        }
        let found = Self(roles);
        if found.get(ColumnRole::User).is_none() && found.get(ColumnRole::Session).is_none() {
            return Err("user or session is missing".to_owned());
        }
        match [ColumnRole::Item, ColumnRole::Ts].into_iter().find(|role| found.get(*role).is_none()) {
            Some(role) => Err(format!("{role} is missing")),
            None => Ok(found),
        }
    }
}
