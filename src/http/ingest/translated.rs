//! Appends of records that another surface made from its own requests.

use serde_json::Value;
use std::time::Duration;

use super::{ENTRIES_MAX, EntryKind, LagBound, WaitQuery, arrival, entry::EntryRun, lag::within_lag, wait};
use crate::{
    engine::Model,
    http::{auth::Caller, error::ApiError, params},
};
use shelfmark_domain::{FieldError, NewRecord, Position, RecordBody};
use shelfmark_log::AppendOutcome;

/// Appends checked bodies, [`ENTRIES_MAX`] at a time, and waits for the live view as long as `wait` says.
pub async fn append_bodies(
    model: &Model,
    caller: &Caller,
    bodies: Vec<RecordBody>,
    wait: &WaitQuery,
) -> Result<(), ApiError> {
    if let Some(error) = bodies.iter().find_map(|body| model.no_room_for(body)) {
        return Err(ApiError::NoRoom(error));
    }
    let mut bodies = bodies.into_iter();
    loop {
        let record = |body| NewRecord { source: caller.source(), ..NewRecord::own(body) };
        let records: Vec<NewRecord> = bodies.by_ref().take(ENTRIES_MAX).map(record).collect();
        if records.is_empty() {
            return Ok(());
        }
        let outcomes = model.append(records, Duration::ZERO).await?.outcomes;
        applied(model, &outcomes, wait).await?;
    }
}

/// Checks events in the form of this API as their append does: the first that is bad refuses all. Returns their
/// records.
pub async fn checked_events(model: &Model, caller: &Caller, events: &[Value]) -> Result<Vec<NewRecord>, ApiError> {
    if events.len() > ENTRIES_MAX {
        let detail = format!("at most {ENTRIES_MAX}, has {}", events.len());
        return Err(FieldError::new("events", "too_many", detail).into());
    }
    within_lag(model, LagBound::Held, Duration::ZERO).await?;
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let entries = texts.iter().enumerate().map(|(place, text)| (place as u64, text.as_bytes()));
    let run = EntryRun::parse(&EntryKind::Events, entries, &arrival(model, caller));
    if let Some(bad) = run.rejected.into_iter().next() {
        return Err(FieldError::new(format!("[{}].{}", bad.index, bad.field), bad.code, bad.detail).into());
    }
    match run.records.iter().find_map(|record| model.no_room_for(&record.body)) {
        Some(error) => Err(ApiError::NoRoom(error)),
        None => Ok(run.records),
    }
}

/// Appends events in the form of this API, or none of them when one is bad, and waits for the live view as long as
/// `wait` says. Returns the places of those that stand in the log and that the live state does not hold: a retraction
/// or a rollback took them back.
pub async fn append_events(
    model: &Model,
    caller: &Caller,
    events: &[Value],
    wait: &WaitQuery,
) -> Result<Vec<usize>, ApiError> {
    let records = checked_events(model, caller, events).await?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let appended = model.append(records, Duration::ZERO).await?;
    applied(model, &appended.outcomes, wait).await?;
    let mut gone = Vec::new();
    for (place, outcome) in appended.outcomes.iter().enumerate() {
        if let AppendOutcome::Duplicate(position) = outcome
            && (appended.rolled_back.contains(position) || model.log().is_retracted(*position).await?)
        {
            gone.push(place);
        }
    }
    Ok(gone)
}

async fn applied(model: &Model, outcomes: &[AppendOutcome], query: &WaitQuery) -> Result<(), ApiError> {
    let last = outcomes.iter().map(|outcome| match outcome {
        AppendOutcome::Accepted(position) | AppendOutcome::Duplicate(position) | AppendOutcome::Conflict(position) => {
            *position
        }
    });
    let position = last.max().unwrap_or(Position::ZERO);
    wait::applied(model, position, params::wait(query.timeout_ms)?).await.map(drop)
}
