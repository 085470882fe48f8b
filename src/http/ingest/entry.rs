//! One entry of a request, whatever it is, and a run of them.

use std::sync::Arc;

use super::{Rejection, event};
use crate::{
    domain::{
        FieldError, FieldResult, Id, Item, Modalities, ModelConfig, NewRecord, RecordBody, RowVector, Timestamp,
        VectorTable,
    },
    http::decode,
    serving::View,
};

/// What the entries of a request are.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Interactions.
    Events,
    /// Items' metadata.
    Items,
    /// Vectors learned elsewhere, for rows that the view has.
    Vectors {
        /// The live view.
        view: Arc<View>,
        /// Whether items that it does not have are made.
        create: bool,
    },
}

impl Kind {
    /// Key of a JSON batch.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Items => "items",
            Self::Vectors { .. } => "vectors",
        }
    }
}

/// What every entry of a request is checked against.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Configuration with the kinds that are known.
    pub config: Arc<ModelConfig>,
    /// Modalities of dense vectors that are known.
    pub modalities: Arc<Modalities>,
    /// Time of arrival, for events that say none.
    pub at: Timestamp,
    /// Name of the API key that they came in with.
    pub source: Option<Id>,
}

impl Arrival {
    /// Refuses an item whose dense vectors do not fit those that the model learns from; a new modality of a good one counts
    /// for the items after it. What nobody could know here is in the log and says nothing to the model.
    pub fn admit(&mut self, item: &Item) -> FieldResult<()> {
        if !self.config.modalities || item.vectors.is_empty() {
            return Ok(());
        }
        Arc::make_mut(&mut self.modalities).admit_item(item)
    }
}

/// A valid entry.
#[derive(Debug)]
pub struct Parsed {
    /// What goes to the log.
    pub record: NewRecord,
    /// The event's id, when the service made it.
    pub made_id: Option<Id>,
}

/// A run of entries: the valid ones to append, and the others.
#[derive(Debug, Default)]
pub struct Run {
    /// Valid ones, in order.
    pub records: Vec<NewRecord>,
    /// Index of each valid one in the request.
    pub indexes: Vec<u64>,
    /// By valid one: the id that the service made.
    pub made_ids: Vec<Option<Id>>,
    /// Those that cannot be used, in order.
    pub rejected: Vec<Rejection>,
    /// How many vectors were left out because their row is not known.
    pub unknown: u64,
}

/// Parses one entry.
pub fn parse(kind: &Kind, raw: &[u8], arrival: &mut Arrival, scratch: &mut Vec<u8>) -> FieldResult<Parsed> {
    let outer =
        decode::not_an_object(raw).unwrap_or_else(|error| Some(FieldError::new("", "malformed", error.to_string())));
    if let Some(error) = outer {
        return Err(error);
    }
    let mut parsed = match kind {
        Kind::Events => event::parse(raw, arrival, scratch),
        Kind::Items => item(raw, arrival),
        Kind::Vectors { .. } => vector(raw, &arrival.config),
    }?;
    parsed.record.source.clone_from(&arrival.source);
    Ok(parsed)
}

fn item(raw: &[u8], arrival: &mut Arrival) -> FieldResult<Parsed> {
    let item: Item = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<Item>(raw, &[]))?;
    item.check()?;
    arrival.admit(&item)?;
    Ok(Parsed { record: NewRecord::own(RecordBody::PutItem(item)), made_id: None })
}

fn vector(raw: &[u8], config: &ModelConfig) -> FieldResult<Parsed> {
    let row: RowVector = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<RowVector>(raw, &[]))?;
    row.check(config.dim)?;
    Ok(Parsed { record: NewRecord::own(RecordBody::PutVector(row)), made_id: None })
}

/// Whether a valid entry is for a row that there is, or that may be made.
fn has_row(kind: &Kind, body: &RecordBody) -> bool {
    let (Kind::Vectors { view, create }, RecordBody::PutVector(row)) = (kind, body) else { return true };
    let catalog = &view.readable().catalog;
    match row.into {
        VectorTable::Items => *create || catalog.row(row.id.as_str()).is_some(),
        VectorTable::Tokens => catalog.token_row(row.id.as_str()).is_some(),
    }
}

impl Run {
    /// Parses entries with their indexes.
    pub fn parse<'a>(kind: &Kind, entries: impl ExactSizeIterator<Item = (u64, &'a [u8])>, arrival: &Arrival) -> Self {
        let mut run = Self {
            records: Vec::with_capacity(entries.len()),
            indexes: Vec::with_capacity(entries.len()),
            made_ids: Vec::with_capacity(entries.len()),
            rejected: Vec::new(),
            unknown: 0,
        };
        let mut scratch = Vec::new();
        let arrival = &mut arrival.clone();
        for (index, raw) in entries {
            match parse(kind, raw, arrival, &mut scratch) {
                Ok(parsed) if !has_row(kind, &parsed.record.body) => run.unknown += 1,
                Ok(parsed) => {
                    run.records.push(parsed.record);
                    run.indexes.push(index);
                    run.made_ids.push(parsed.made_id);
                }
                Err(error) => run.rejected.push(Rejection::new(index, error)),
            }
        }
        run
    }

    /// The run without what there is no room for, which is named with the others that cannot be used.
    pub fn within(self, no_room_for: impl Fn(&RecordBody) -> Option<FieldError>) -> Self {
        let Self { records, indexes, made_ids, rejected, unknown } = self;
        let mut run = Self { rejected, unknown, ..Self::default() };
        for ((record, index), made_id) in records.into_iter().zip(indexes).zip(made_ids) {
            match no_room_for(&record.body) {
                Some(error) => run.rejected.push(Rejection::new(index, error)),
                None => {
                    run.records.push(record);
                    run.indexes.push(index);
                    run.made_ids.push(made_id);
                }
            }
        }
        run
    }

    /// A run of one.
    pub fn one(parsed: Parsed) -> Self {
        Self { records: vec![parsed.record], indexes: vec![0], made_ids: vec![parsed.made_id], ..Self::default() }
    }
}

/// The entry of an event whose id stands in the log with another body.
pub fn conflict(position: crate::domain::Position) -> FieldError {
    FieldError::new(
        "event_id",
        "conflict",
        format!("an event with this id and another body stands at position {position}"),
    )
}
