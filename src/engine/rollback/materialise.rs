//! Materialisation of a rollback's target as a stored version.

use crate::engine::{
    EngineError,
    blocking::blocking,
    learning::recovery::beginning,
    replay::run::{Progress, RestoreResolver, replay},
    snapshots::{
        delta_tracker::PendingDelta,
        load::newest_version,
        recent_states::StateAt,
        retention::SYSTEM,
        store::{NewState, store},
    },
    stores::Stores,
};
use shelfmark_domain::{
    CutOrigin, Derived, FieldError, Interval, Position, RecordBody, RollbackTarget, Timestamp, VersionManifest,
    VersionNumber,
};
use shelfmark_state::Digester;

/// A target, as far as it is there already.
#[derive(Debug, Clone)]
pub enum ResolvedTarget {
    /// A stored version.
    Stored(Box<VersionManifest>),
    /// The state at a position, which no version holds.
    Position(Position),
}

impl ResolvedTarget {
    /// Finds what a rollback names. A position at which a version of the log stands is that version.
    pub async fn find(stores: &Stores, target: &RollbackTarget) -> Result<Self, EngineError> {
        let position = match target {
            RollbackTarget::Version(version) => return Ok(Self::Stored(Box::new(stores.versions.get(version).await?))),
            RollbackTarget::Time(at) => Box::pin(position_at(stores, *at)).await?,
            RollbackTarget::Position(position) => {
                let head = stores.log.head().await?;
                if *position > head {
                    let detail = format!("the log ends at position {head}");
                    return Err(EngineError::Target(FieldError::new("to.position", "out_of_range", detail)));
                }
                *position
            }
        };
        let nearest = stores.versions.newest(Some(position)).await?;
        Ok(match nearest.filter(|nearest| nearest.position == position) {
            Some(manifest) => Self::Stored(Box::new(manifest)),
            None => Self::Position(position),
        })
    }
}

/// Finds the last position that was committed by a time. Refuses a time in the future, and one before the first record:
/// the model was empty then, which is what position 0 says.
async fn position_at(stores: &Stores, at: Timestamp) -> Result<Position, EngineError> {
    let refused = |detail| EngineError::Target(FieldError::new("to.time", "out_of_range", detail));
    let now = Timestamp::now();
    if at > now {
        return Err(refused(format!("{at} is in the future: it is {now} now")));
    }
    let position = stores.log.position_at(at).await?;
    if position > Position::ZERO {
        return Ok(position);
    }
    let first = stores.log.records_at(&[Position::ZERO.next()]).await?;
    Err(refused(match first.first() {
        Some(record) => format!(
            "{at} is before the first record, which came in at {}; position 0 is the empty model",
            record.appended_at
        ),
        None => "the log is empty".to_owned(),
    }))
}

/// A state of the log, and the version that it was made from.
pub struct Materialised {
    /// The state.
    pub at: StateAt,
    /// The newest version that it grew from, if any.
    pub parent: Option<VersionNumber>,
    /// Whether the rows marked as touched are all that differ from that version.
    pub exact: bool,
}

/// The state that the log leads to at a position: from the nearest state before it, in memory or stored, and the log
/// after that.
pub async fn state_at(stores: &Stores, position: Position, progress: &Progress) -> Result<Materialised, EngineError> {
    let Materialised { at, parent, exact } = Box::pin(nearest(stores, position, progress)).await?;
    let replayed_state = Box::pin(replay(stores.source(), at, None, position, progress)).await?;
    Ok(Materialised { at: replayed_state.at, parent, exact })
}

async fn nearest(stores: &Stores, position: Position, progress: &Progress) -> Result<Materialised, EngineError> {
    let mut made = Box::pin(nearest_state(stores, position)).await?;
    // A restore takes over a state whole: nothing before the last one matters.
    let since = Interval { after: made.at.position, through: position };
    if let Some(record) = stores.log.last_restore(since).await?
        && let RecordBody::Restore { version, replay } = &record.body
    {
        let state = stores.resolve(record.position, *version, replay.as_deref(), progress).await?;
        let at = StateAt { state, position: record.position };
        made = Materialised { at, parent: Some(*version), exact: replay.is_none() };
    }
    made.at.state.touched.clear();
    Ok(made)
}

async fn nearest_state(stores: &Stores, position: Position) -> Result<Materialised, EngineError> {
    let kept = stores.recent.before(position.next());
    let kept_position = kept.as_ref().map(|kept| kept.position);
    let stored = stores.versions.newest(Some(position)).await?.map(|manifest| manifest.position);
    if let Some(kept) = kept
        && kept_position >= stored
    {
        return Ok(Materialised { at: StateAt::clone(&kept), parent: None, exact: false });
    }
    if let Some(version) = stores.cache.newest_before(position.next())
        && Some(version.position) == stored
    {
        let at = StateAt { state: version.state.clone(), position: version.position };
        return Ok(Materialised { at, parent: Some(version.number), exact: true });
    }
    Ok(match Box::pin(newest_version(&stores.versions, Some(position))).await? {
        Some(version) => {
            let at = StateAt { state: version.state, position: version.position };
            Materialised { at, parent: Some(version.number), exact: true }
        }
        None => {
            let first = beginning(stores).await?;
            Materialised { at: StateAt { state: first.state, position: first.position }, parent: None, exact: false }
        }
    })
}

/// Makes the state at a position and stores it as a version; a derived one when the position is not the end of an
/// append. `seen_through` is as [`keep`] says.
pub async fn materialise(
    stores: &Stores,
    position: Position,
    seen_through: Position,
    progress: &Progress,
    reason: String,
) -> Result<VersionManifest, EngineError> {
    let made = Box::pin(state_at(stores, position, progress)).await?;
    let append_last = stores.log.append_last(position).await?.filter(|last| *last > position);
    let derived = append_last.map(|append_last| Derived::Cut(CutOrigin { append_last }));
    keep(stores, made, seen_through, derived, reason).await
}

/// Stores a state that an operation made. `seen_through` is where the live view stood before anything of it was read:
/// whoever was forgotten until then is in none of its sources.
pub async fn keep(
    stores: &Stores,
    made: Materialised,
    seen_through: Position,
    derived: Option<Derived>,
    reason: String,
) -> Result<VersionManifest, EngineError> {
    let Materialised { at: StateAt { mut state, position }, parent, exact } = made;
    let touched = std::mem::take(&mut state.touched);
    let hashed = state.clone();
    let digester = blocking(move || Digester::new(&hashed)).await;
    let new = NewState {
        state,
        position,
        seen_through,
        digester,
        delta: PendingDelta::beside(parent, exact.then_some(touched)),
        derived,
        label: None,
        reason: Some(reason),
        actor: SYSTEM.to_owned(),
        quality: serde_json::Value::Null,
    };
    Box::pin(store(stores, &new)).await
}
