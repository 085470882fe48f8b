//! From a rollback's target to a stored version.

use super::{
    EngineError,
    feed::restored_state,
    fold::{Watcher, fold},
    recovery::{beginning, newest_version},
    shared::{Shared, StateAt, blocking},
    versioning::{self, NewState},
};
use crate::{
    domain::{Derived, FieldError, Interval, Position, RecordBody, RollbackTarget, VersionManifest, VersionNumber},
    state::Digester,
};

/// A target, as far as it is there already.
#[derive(Debug, Clone)]
pub enum Target {
    /// A stored version.
    Stored(Box<VersionManifest>),
    /// The state at a position, which no version holds.
    Position(Position),
}

impl Target {
    /// Finds what a rollback names. A position at which a version of the log stands is that version.
    pub async fn find(shared: &Shared, target: &RollbackTarget) -> Result<Self, EngineError> {
        let position = match target {
            RollbackTarget::Version(version) => return Ok(Self::Stored(Box::new(shared.versions.get(version).await?))),
            RollbackTarget::Time(at) => shared.log.position_at(*at).await?,
            RollbackTarget::Position(position) => {
                let head = shared.log.head().await?;
                if *position > head {
                    let detail = format!("the log ends at position {head}");
                    return Err(EngineError::Target(FieldError::new("to.position", "out_of_range", detail)));
                }
                *position
            }
        };
        let nearest = shared.versions.newest(Some(position)).await?;
        Ok(match nearest.filter(|nearest| nearest.position == position) {
            Some(manifest) => Self::Stored(Box::new(manifest)),
            None => Self::Position(position),
        })
    }
}

/// A state of the log, and the version that it was made from.
pub struct Made {
    /// The state.
    pub at: StateAt,
    /// The newest version that it grew from, if any.
    pub parent: Option<VersionNumber>,
}

/// The state that the log leads to at a position: from the nearest state before it, in memory or stored, and the log after
/// that.
pub async fn state_at(shared: &Shared, position: Position, watcher: &Watcher) -> Result<Made, EngineError> {
    let Made { at, parent } = nearest(shared, position, watcher).await?;
    let folded = Box::pin(fold(shared, at, None, position, watcher)).await?;
    Ok(Made { at: folded.at, parent })
}

async fn nearest(shared: &Shared, position: Position, watcher: &Watcher) -> Result<Made, EngineError> {
    let mut made = nearest_state(shared, position).await?;
    // A restore takes over a state whole: nothing before the last one matters.
    let since = Interval { after: made.at.position, through: position };
    if let Some(record) = shared.log.last_restore(since).await?
        && let RecordBody::Restore { version, replay } = &record.body
    {
        let state = restored_state(shared, record.position, *version, replay.as_deref(), watcher);
        let state = Box::pin(state).await?;
        made = Made { at: StateAt { state, position: record.position }, parent: Some(*version) };
    }
    made.at.state.touched.clear();
    Ok(made)
}

async fn nearest_state(shared: &Shared, position: Position) -> Result<Made, EngineError> {
    let kept = shared.watch.kept_before(position.next());
    let kept_position = kept.as_ref().map(|kept| kept.position);
    let stored = shared.versions.newest(Some(position)).await?.map(|manifest| manifest.position);
    if let Some(kept) = kept
        && kept_position >= stored
    {
        return Ok(Made { at: StateAt::clone(&kept), parent: None });
    }
    if let Some(version) = shared.cache.newest_before(position.next())
        && Some(version.position) == stored
    {
        let at = StateAt { state: version.state.clone(), position: version.position };
        return Ok(Made { at, parent: Some(version.number) });
    }
    Ok(match Box::pin(newest_version(&shared.versions, Some(position))).await? {
        Some(version) => {
            Made { parent: Some(version.number), at: StateAt { state: version.state, position: version.position } }
        }
        None => {
            let first = beginning(&shared.base_config);
            Made { at: StateAt { state: first.state, position: first.position }, parent: None }
        }
    })
}

/// Makes the state at a position and stores it as a version; a derived one when the position is not the end of an append.
pub async fn materialise(
    shared: &Shared,
    position: Position,
    watcher: &Watcher,
    reason: String,
) -> Result<VersionManifest, EngineError> {
    let Made { at, parent } = state_at(shared, position, watcher).await?;
    let append_last = shared.log.append_last(position).await?.filter(|last| *last > position);
    let derived = append_last.map(|append_last| Derived::Cut { append_last });
    keep(shared, at, parent, derived, reason).await
}

/// Stores a state that an operation made.
pub async fn keep(
    shared: &Shared,
    at: StateAt,
    parent: Option<VersionNumber>,
    derived: Option<Derived>,
    reason: String,
) -> Result<VersionManifest, EngineError> {
    let StateAt { state, position } = at;
    let hashed = state.clone();
    let digest = blocking(move || Digester::new(&hashed).digest()).await;
    let new = NewState {
        state,
        position,
        digest,
        parent,
        derived,
        label: None,
        reason: Some(reason),
        actor: versioning::SYSTEM.to_owned(),
        quality: serde_json::Value::Null,
    };
    Box::pin(versioning::store(shared, new)).await
}
