//! Appends of records that another surface made from its own requests.

use serde_json::Value;
use std::time::Duration;

use super::{ENTRIES_MAX, EntryKind, LagBound, arrival, entry::EntryRun, lag::within_lag, wait};
use crate::{
    engine::Model,
    http::{auth::Caller, error::ApiError, off_worker},
};
use shelfmark_domain::{FieldError, NewRecord, Position, RecordBody};
use shelfmark_log::AppendOutcome;

/// How long an append of translated records may wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For room in the queue, and for learning that is too far behind.
    pub queue: Duration,
    /// For the live view.
    pub applied: Duration,
}

/// Why a list of events was refused.
#[derive(Debug)]
pub enum EventsRefused {
    /// One of them is bad.
    Event {
        /// Its place in the list.
        place: usize,
        /// What is bad.
        error: FieldError,
    },
    /// Another reason.
    All(ApiError),
}

impl From<ApiError> for EventsRefused {
    fn from(error: ApiError) -> Self {
        Self::All(error)
    }
}

/// Appends checked bodies, [`ENTRIES_MAX`] at a time, and waits for the live view.
pub async fn append_bodies(
    model: &Model,
    caller: &Caller,
    bodies: Vec<RecordBody>,
    patience: Patience,
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
        let outcomes = model.append(records, patience.queue).await?.outcomes;
        applied(model, &outcomes, patience).await?;
    }
}

/// Checks events in the form of this API as their append does: the first that is bad refuses all. Returns their
/// records.
pub async fn checked_events(
    model: &Model,
    caller: &Caller,
    events: &[Value],
    patience: Patience,
) -> Result<Vec<NewRecord>, EventsRefused> {
    if events.len() > ENTRIES_MAX {
        let detail = format!("at most {ENTRIES_MAX}, has {}", events.len());
        return Err(ApiError::from(FieldError::new("events", "too_many", detail)).into());
    }
    within_lag(model, LagBound::Held, patience.queue).await.map_err(ApiError::from)?;
    let texts: Vec<String> = events.iter().map(Value::to_string).collect();
    let (bytes, arrival) = (texts.iter().map(String::len).sum(), arrival(model, caller));
    let run = off_worker(bytes, move || {
        let entries = texts.iter().enumerate().map(|(place, text)| (place as u64, text.as_bytes()));
        EntryRun::parse(&EntryKind::Events, entries, &arrival)
    })
    .await?;
    if let Some(bad) = run.rejected.into_iter().next() {
        let place = usize::try_from(bad.index).unwrap_or(usize::MAX);
        return Err(EventsRefused::Event { place, error: FieldError::new(bad.field, bad.code, bad.detail) });
    }
    match run.records.iter().find_map(|record| model.no_room_for(&record.body)) {
        Some(error) => Err(ApiError::NoRoom(error).into()),
        None => Ok(run.records),
    }
}

/// Appends events in the form of this API, or none of them when one is bad, and waits for the live view. Returns the
/// places of those that stand in the log and that the live state does not hold: a retraction or a rollback took them
/// back.
pub async fn append_events(
    model: &Model,
    caller: &Caller,
    events: &[Value],
    patience: Patience,
) -> Result<Vec<usize>, EventsRefused> {
    let records = checked_events(model, caller, events, patience).await?;
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let appended = model.append(records, patience.queue).await.map_err(ApiError::from)?;
    applied(model, &appended.outcomes, patience).await?;
    let taken_back = model.taken_back(&duplicates(&appended.outcomes)).await.map_err(ApiError::from)?;
    let mut gone = Vec::new();
    for (place, outcome) in appended.outcomes.iter().enumerate() {
        if let AppendOutcome::Duplicate(position) = outcome
            && taken_back.contains(position)
        {
            gone.push(place);
        }
    }
    Ok(gone)
}

fn duplicates(outcomes: &[AppendOutcome]) -> Vec<Position> {
    let position = |outcome: &AppendOutcome| match outcome {
        AppendOutcome::Duplicate(position) => Some(*position),
        AppendOutcome::Accepted(_) | AppendOutcome::Conflict(_) => None,
    };
    outcomes.iter().filter_map(position).collect()
}

async fn applied(model: &Model, outcomes: &[AppendOutcome], patience: Patience) -> Result<(), ApiError> {
    let last = outcomes.iter().map(|outcome| match outcome {
        AppendOutcome::Accepted(position) | AppendOutcome::Duplicate(position) | AppendOutcome::Conflict(position) => {
            *position
        }
    });
    let position = last.max().unwrap_or(Position::ZERO);
    wait::applied(model, position, patience.applied).await.map(drop)
}

/// Waits until the live view holds what the log has now.
pub async fn settled(model: &Model, patience: Patience) -> Result<(), ApiError> {
    wait::applied(model, model.log().head_known().0, patience.applied).await.map(drop)
}
