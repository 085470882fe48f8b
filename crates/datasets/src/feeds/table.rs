//! A table of one's own: rows of events whose columns were named by a person, separated or as JSON objects.
//!
//! | role | column |
//! |---|---|
//! | `user`, `session` | one of them at least; a row needs a value in one |
//! | `item` | required |
//! | `kind` | where it is missing, the kind that was given for all |
//! | `ts` | required; its unit is given, or told by the first time of the file |
//! | `value` | optional; what is no number is no value |
//! | `event_id` | optional; without it the row's own ([`super::EventIds`]) |

use std::borrow::Cow;

use serde_json::Value;

use shelfmark_domain::{Event, Id};

use super::{
    ColumnRole, FeedOptions, Separator,
    cells::{Cells, IdColumn, excerpt, id, missing},
    csv::{CsvHeader, split},
    json,
    options::ColumnRoles,
    times::TsRule,
};

/// Parser of rows.
pub(super) struct Table {
    shape: TableShape,
    /// Place and name of each role's column.
    columns: [Option<(usize, String)>; ColumnRole::ALL.len()],
    kind: Option<String>,
    ts: TsRule,
    ignore_ids: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableShape {
    /// Fields with this text between them.
    Separated(Separator),
    /// One JSON object a line.
    Objects,
}

impl Table {
    /// Takes the columns of a header, or of numbers where `header` is `None`.
    pub(super) fn separated(
        separator: Separator,
        header: Option<&CsvHeader>,
        options: &FeedOptions,
        roles: &ColumnRoles,
    ) -> Result<Self, String> {
        let place = |role: ColumnRole| {
            let Some(column) = roles.get(role) else { return Ok(None) };
            match header {
                Some(header) => find(header, column).map(|place| Some((place, header.names()[place].clone()))),
                None => number(column)
                    .map(|place| Some((place, format!("{role} (column {column})"))))
                    .ok_or_else(|| format!("{role}={column}: without a header columns are numbers from 1")),
            }
        };
        let mut columns = [const { None }; ColumnRole::ALL.len()];
        for role in ColumnRole::ALL {
            columns[role as usize] = place(role)?;
        }
        Self::new(TableShape::Separated(separator), columns, options)
    }

    /// Takes the fields of JSON objects.
    pub(super) fn objects(options: &FeedOptions, roles: &ColumnRoles) -> Result<Self, String> {
        let columns = ColumnRole::ALL.map(|role| roles.get(role).map(|column| (role as usize, column.to_owned())));
        Self::new(TableShape::Objects, columns, options)
    }

    fn new(
        shape: TableShape,
        columns: [Option<(usize, String)>; ColumnRole::ALL.len()],
        options: &FeedOptions,
    ) -> Result<Self, String> {
        let kind = options.kind.clone();
        if kind.is_none() && columns[ColumnRole::Kind as usize].is_none() {
            return Err("no column is the kind of the events: give kind=COLUMN, or --kind for all".to_owned());
        }
        let ts = TsRule::new(options.ts_unit, None);
        Ok(Self { shape, columns, kind, ts, ignore_ids: options.salt.is_some() })
    }

    /// Parses a row.
    pub(super) fn event(&mut self, line: &str, event_id: Id) -> Result<Event, String> {
        let cells = Cells(match &self.shape {
            TableShape::Separated(separator) => split(line, separator)?,
            TableShape::Objects => self.fields(line)?,
        });
        let column = |role: ColumnRole| self.columns[role as usize].as_ref();
        let present =
            |role: ColumnRole| column(role).and_then(|(place, name)| Some((cells.present(Some(*place))?, name)));
        let optional_id =
            |role: ColumnRole| present(role).map(|(text, name)| id(text, name, IdColumn::Texts)).transpose();
        let lacks = |role: ColumnRole| {
            let (place, name) = column(role).map_or((usize::MAX, role.name()), |(place, name)| (*place, name.as_str()));
            missing(name, cells.0.get(place))
        };
        let (user, session) = (optional_id(ColumnRole::User)?, optional_id(ColumnRole::Session)?);
        if user.is_none() && session.is_none() {
            let role = if column(ColumnRole::User).is_some() { ColumnRole::User } else { ColumnRole::Session };
            return Err(lacks(role));
        }
        let item = optional_id(ColumnRole::Item)?.ok_or_else(|| lacks(ColumnRole::Item))?;
        let kind = present(ColumnRole::Kind).map(|(text, _)| text.to_owned()).or_else(|| self.kind.clone());
        let kind = kind.ok_or_else(|| lacks(ColumnRole::Kind))?;
        let own = optional_id(ColumnRole::EventId)?.filter(|_| !self.ignore_ids);
        let value = cells.optional_value(column(ColumnRole::Value).map(|(place, _)| *place));
        let (ts, name) = present(ColumnRole::Ts).ok_or_else(|| lacks(ColumnRole::Ts))?;
        let event = Event {
            event_id: own.unwrap_or(event_id),
            user,
            session,
            item,
            kind,
            value,
            ts: self.ts.parse(ts, name)?,
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        event.check().map_err(|error| error.to_string())?;
        Ok(event)
    }

    /// Returns the fields of a JSON object, in the order of the roles.
    fn fields(&self, line: &str) -> Result<Vec<Cow<'static, str>>, String> {
        let mut object = json::object(line.as_bytes()).map_err(|error| format!("not a JSON object: {error}"))?;
        let text = |column: &Option<(usize, String)>| {
            let Some((_, name)) = column else { return Ok(Cow::Borrowed("")) };
            match object.remove(name) {
                None | Some(Value::Null) => Ok(Cow::Borrowed("")),
                Some(Value::String(text)) => Ok(Cow::Owned(text)),
                Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
                Some(Value::Bool(flag)) => Ok(Cow::Owned(flag.to_string())),
                Some(other) => Err(format!("{name} is no single value: {}", excerpt(&other.to_string()))),
            }
        };
        self.columns.iter().map(text).collect()
    }
}

/// Returns the place of a column by its name, letter by letter or else in any case, or by its number.
fn find(header: &CsvHeader, column: &str) -> Result<usize, String> {
    let names = header.names();
    let exact = names.iter().filter(|name| *name == column).count();
    if exact > 1 || (exact == 0 && header.twice([column]).is_some()) {
        return Err(format!("column {column} is there twice: give its number"));
    }
    names
        .iter()
        .position(|name| name == column)
        .or_else(|| header.find(column))
        .or_else(|| number(column).filter(|place| *place < names.len()))
        .ok_or_else(|| format!("has no column {column:?}; its columns are {}", names.join(", ")))
}

/// Parses the number of a column, from 1.
pub(super) fn number(column: &str) -> Option<usize> {
    column.parse::<usize>().ok()?.checked_sub(1)
}
