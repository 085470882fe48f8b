//! History of one row: its vector in every stored version, and the steps that moved it most of late.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{
    EngineError,
    deployment::readers::Readers,
    monitoring::monitor::Monitor,
    replay::trace::{replay_through, state_before},
    snapshots::recent_states::StateAt,
    stores::Stores,
};
use shelfmark_domain::{Event, Position, Timestamp, VersionManifest, VersionNumber};
use shelfmark_log::RecordsPage;
use shelfmark_monitor::health::{RowOwner, RowStep, RowTracker, cosine};
use shelfmark_state::{LearnedTable, Table, distance, dot, learned_row, stored_id};
use shelfmark_store::versions::RowKey;

/// Most versions looked at.
pub const HISTORY_VERSIONS_MAX: usize = 200;
/// Records of a step's batch that its events are looked for in.
const STEP_RECORDS_MAX: u64 = 1000;
/// Events named with a step.
const STEP_EVENTS_MAX: usize = 20;

/// How much of a row's history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryOptions {
    /// Newest versions looked at, at most [`HISTORY_VERSIONS_MAX`].
    pub versions: usize,
    /// Newest records learned again for the largest steps; 0: none.
    pub records: u64,
}

/// A row in one version.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RowInVersion {
    /// The version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// Its name.
    pub label: Option<String>,
    /// Where it stands.
    pub position: Position,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Whether the version has the row under the number that it has now. False before the row came, and in a version of
    /// another line that numbers its rows differently.
    pub found: bool,
    /// Length of the vector.
    pub norm: Option<f32>,
    /// Distance from the vector in the version listed before that has it.
    pub distance: Option<f32>,
    /// Cosine to the vector of now.
    pub cosine_to_now: Option<f32>,
}

/// The row of now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RowNow {
    /// Where the live state stands.
    pub position: Position,
    /// Length of the vector.
    pub norm: f32,
    /// Distance from the newest version that has the row.
    pub distance: Option<f32>,
}

/// A movement, with the events behind it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LargeStep {
    /// The movement.
    #[serde(flatten)]
    pub step: RowStep,
    /// Events of the step's batch that name the item, or are of the user; at most 20.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<StepEvent>,
}

/// An event behind a movement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEvent {
    /// Where it stands.
    pub position: Position,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// The steps that moved a row farthest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LargeSteps {
    /// Movements after this position are counted.
    pub after: Position,
    /// Where the live state stood.
    pub through: Position,
    /// Position of the state that the replay began from.
    pub replayed_after: Position,
    /// How often the row moved.
    pub moved: u64,
    /// The ten farthest movements, farthest first.
    pub largest: Vec<LargeStep>,
}

/// How a row came to be what it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RowHistory {
    /// The item, or the user.
    pub id: String,
    /// The item's title, if it has one.
    pub title: Option<String>,
    /// The table of the row.
    pub table: LearnedTable,
    /// In the newest versions, oldest first.
    pub versions: Vec<RowInVersion>,
    /// In the live state.
    pub now: RowNow,
    /// What moved it in the newest records; null when none were asked for.
    pub steps: Option<LargeSteps>,
    /// How often the item is shown; null for users.
    pub shown: Option<Shown>,
}

/// How often an item stood in the lists that live quality samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shown {
    /// Sampled lists of this process: at most the newest 5,000.
    pub lists: usize,
    /// Lists among them that had the item.
    pub with_item: u64,
}

/// The history of a row of the live state; `None` when it has no such row. One at a time with traces and reports.
pub async fn history(
    stores: &Stores,
    readers: &Readers,
    monitor: &Monitor,
    owner: RowOwner,
    options: HistoryOptions,
) -> Result<Option<RowHistory>, EngineError> {
    let live = readers.live.load_full();
    let (Some(row), Some(now)) = (owner.row(live.inference()), owner.values(live.inference())) else { return Ok(None) };
    let _permit = monitor.work()?;
    let mut versions = stores.versions.list(None, options.versions.clamp(1, HISTORY_VERSIONS_MAX)).await?;
    versions.reverse();
    let mut path: Vec<RowInVersion> = Vec::with_capacity(versions.len());
    let mut before: Option<Vec<f32>> = None;
    for manifest in versions {
        let found = row_in(stores, &manifest, &owner, row, now.len()).await?;
        path.push(RowInVersion {
            version: manifest.version,
            label: manifest.label,
            position: manifest.position,
            taken_at: manifest.created_at,
            found: found.is_some(),
            norm: found.as_deref().map(norm),
            distance: found.as_deref().zip(before.as_deref()).map(|(found, before)| distance(before, found)),
            cosine_to_now: found.as_deref().map(|found| cosine(found, now)),
        });
        before = found.or(before);
    }
    let shown = match &owner {
        RowOwner::Item(id) => {
            let (counts, lists) = monitor.exposure();
            Some(Shown { lists, with_item: counts.get(id).copied().unwrap_or(0) })
        }
        RowOwner::User(_) => None,
    };
    let title = match &owner {
        RowOwner::Item(id) => live.item(id.as_str()).and_then(|item| item.title.clone()),
        RowOwner::User(_) => None,
    };
    let now = RowNow {
        position: live.position(),
        norm: norm(now),
        distance: before.as_deref().map(|before| distance(before, now)),
    };
    let (id, table) = (owner.id().to_string(), owner.table());
    let steps = match options.records {
        0 => None,
        records => Some(Box::pin(steps(stores, owner, live.position(), records)).await?),
    };
    Ok(Some(RowHistory { id, title, table, versions: path, now, steps, shown }))
}

fn norm(row: &[f32]) -> f32 {
    dot(row, row).sqrt()
}

/// The row in a version: from its state where that is in memory, else from the row's own segments.
async fn row_in(
    stores: &Stores,
    manifest: &VersionManifest,
    owner: &RowOwner,
    row: u32,
    dim: usize,
) -> Result<Option<Vec<f32>>, EngineError> {
    if let Some(version) = stores.cache.look(manifest.version) {
        return Ok(owner.values(&version.state.inference).map(<[f32]>::to_vec));
    }
    let ids = match owner {
        RowOwner::Item(_) => Table::Items,
        RowOwner::User(_) => Table::Users,
    };
    let store = &stores.versions;
    let place = RowKey { table: owner.table().table(), row, dim };
    let Some(values) = store.row(manifest.version, place).await? else { return Ok(None) };
    // Versions of another line may have given the number to somebody else.
    let place = RowKey { table: ids, row, dim };
    let named = store.row(manifest.version, place).await?.and_then(|bytes| stored_id(ids, &bytes));
    Ok(if named.as_ref() == Some(owner.id()) { learned_row(&values, dim) } else { None })
}

/// Learns the newest records again and watches the row.
async fn steps(stores: &Stores, owner: RowOwner, through: Position, records: u64) -> Result<LargeSteps, EngineError> {
    let after = Position::new(through.get().saturating_sub(records));
    let from: Arc<StateAt> = state_before(stores, after.next(), through).await?;
    let path = RowTracker::new(owner.clone(), &from.state.inference, from.position, after);
    // On the heap: it holds states.
    let (path, state, replayed) = Box::pin(replay_through(stores, &from, through, path)).await?;
    let (moved, movements) = path.finish(&state.inference, replayed.through);
    let mut largest = Vec::with_capacity(movements.len());
    for step in movements {
        let events = events(stores, &owner, &step).await?;
        largest.push(LargeStep { step, events });
    }
    Ok(LargeSteps { after, through: replayed.through, replayed_after: replayed.after, moved, largest })
}

/// The events of a step's batch that are the row's own.
async fn events(stores: &Stores, owner: &RowOwner, step: &RowStep) -> Result<Vec<StepEvent>, EngineError> {
    if step.own_targets == 0 {
        return Ok(Vec::new());
    }
    let after = Position::new(step.first.get().saturating_sub(1));
    let limit = usize::try_from(step.last.since(after).min(STEP_RECORDS_MAX)).unwrap_or(1);
    let (records, _) = stores.log.page(RecordsPage { after, limit, user: None, item: None }).await?;
    let own = |event: &Event| match owner {
        RowOwner::Item(id) => event.item == *id,
        RowOwner::User(id) => event.user.as_ref() == Some(id),
    };
    let events = records.into_iter().filter_map(|record| {
        let event = record.body.into_event().filter(&own)?;
        Some(StepEvent { position: record.position, event })
    });
    Ok(events.take(STEP_EVENTS_MAX).collect())
}
