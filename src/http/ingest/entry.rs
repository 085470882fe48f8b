//! One entry of a request, whatever it is, and a run of them.

use std::sync::Arc;

use super::{
    Rejection,
    context::{EntryContext, ParsedEntry},
    event,
};
use crate::{
    engine::Model,
    http::{decode, error::ApiError},
};
use shelfmark_domain::{
    FieldError, FieldResult, Id, Item, ItemPatch, ModelConfig, NewRecord, RecordBody, RowVector, VectorTable,
};
use shelfmark_serving::View;

/// What the entries of a request are.
#[derive(Debug, Clone)]
pub enum EntryKind {
    /// Interactions.
    Events,
    /// Items' metadata.
    Items,
    /// Changes of items' metadata.
    Patches {
        /// The live view, by which a change is checked that is too much for its item.
        view: Arc<View>,
    },
    /// Vectors learned elsewhere, for rows that the view has.
    Vectors {
        /// The live view.
        view: Arc<View>,
        /// Whether items that it does not have are made.
        create: bool,
    },
}

impl EntryKind {
    /// Key of a JSON batch.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Items | Self::Patches { .. } => "items",
            Self::Vectors { .. } => "vectors",
        }
    }
}

/// A run of entries: the valid ones to append, and the others.
#[derive(Debug, Default)]
pub struct EntryRun {
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
pub fn parse(
    kind: &EntryKind,
    raw: &[u8],
    arrival: &mut EntryContext,
    scratch: &mut Vec<u8>,
) -> FieldResult<ParsedEntry> {
    let outer =
        decode::not_an_object(raw).unwrap_or_else(|error| Some(FieldError::new("", "malformed", error.to_string())));
    if let Some(error) = outer {
        return Err(error);
    }
    let mut parsed = match kind {
        EntryKind::Events => event::parse(raw, arrival, scratch),
        EntryKind::Items => item(raw, arrival),
        EntryKind::Patches { view } => patch(raw, view, arrival),
        EntryKind::Vectors { .. } => vector(raw, &arrival.config),
    }?;
    parsed.record.source.clone_from(&arrival.source);
    Ok(parsed)
}

fn item(raw: &[u8], arrival: &mut EntryContext) -> FieldResult<ParsedEntry> {
    let item: Item = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<Item>(raw))?;
    item.check()?;
    item.check_exact(raw)?;
    arrival.admit(&item)?;
    Ok(ParsedEntry { record: NewRecord::own(RecordBody::PutItem(item)), made_id: None })
}

fn patch(raw: &[u8], view: &View, arrival: &mut EntryContext) -> FieldResult<ParsedEntry> {
    let patch: ItemPatch = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<ItemPatch>(raw))?;
    checked_patch(patch, raw, view, arrival)
}

/// Checks a patch that was read from `text`, alone and as a change of the item that the view has.
pub fn checked_patch(
    patch: ItemPatch,
    text: &[u8],
    view: &View,
    arrival: &mut EntryContext,
) -> FieldResult<ParsedEntry> {
    patch.check(text)?;
    let catalog = &view.inference().catalog;
    if let Some(row) = catalog.row(patch.id.as_str()) {
        patch.merged(&catalog.entry(row).item).check()?;
    }
    arrival.admit(&patch.merged(&Item::bare(patch.id.clone())))?;
    Ok(ParsedEntry { record: NewRecord::own(RecordBody::PatchItem(Box::new(patch))), made_id: None })
}

fn vector(raw: &[u8], config: &ModelConfig) -> FieldResult<ParsedEntry> {
    let row: RowVector = serde_json::from_slice(raw).map_err(|_| decode::diagnose::<RowVector>(raw))?;
    row.check(config.dim)?;
    Ok(ParsedEntry { record: NewRecord::own(RecordBody::PutVector(row)), made_id: None })
}

/// Whether a valid entry is for a row that there is, or that may be made.
fn has_row(kind: &EntryKind, body: &RecordBody) -> bool {
    let (EntryKind::Vectors { view, create }, RecordBody::PutVector(row)) = (kind, body) else { return true };
    let catalog = &view.inference().catalog;
    match row.into {
        VectorTable::Items => *create || catalog.row(row.id.as_str()).is_some(),
        VectorTable::Tokens => catalog.token_row(row.id.as_str()).is_some(),
    }
}

impl EntryRun {
    /// Parses entries with their indexes.
    pub fn parse<'a>(
        kind: &EntryKind,
        entries: impl ExactSizeIterator<Item = (u64, &'a [u8])>,
        arrival: &EntryContext,
    ) -> Self {
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

    /// The run as far as there is room for it.
    pub fn admitted(self, model: &Model) -> Self {
        if model.has_room() { self } else { self.within(|record| model.no_room_for(record)) }
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
    pub fn one(parsed: ParsedEntry) -> Self {
        Self { records: vec![parsed.record], indexes: vec![0], made_ids: vec![parsed.made_id], ..Self::default() }
    }
}

/// The entry of an event that stands in the log already and that a rollback gave up.
pub fn rolled_back(position: shelfmark_domain::Position) -> FieldError {
    FieldError::new("event_id", "rolled_back", ApiError::EventRolledBack(position).to_string())
}

/// The entry of an event whose id stands in the log with another body.
pub fn conflict(position: shelfmark_domain::Position) -> FieldError {
    FieldError::new(
        "event_id",
        "conflict",
        format!("an event with this id and another body stands at position {position}"),
    )
}
