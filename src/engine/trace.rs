//! What an event did: the records around it are learned again from the nearest state in memory, beside the learner.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    EngineError,
    feed::restored_versions,
    recovery::beginning,
    shared::{Shared, StateAt, blocking},
};
use crate::{
    domain::{Append, Event, Position, VersionNumber},
    health::{Trace, TraceTarget, Tracer},
    learner::{Learner, prepare_thread},
    log::LogError,
    state::State,
};

/// Records that a trace replays at most, the append of the event aside: a second or so.
const REPLAY_RECORDS_MAX: u64 = 16_384;
/// Records read from the log at a time.
const READ_RECORDS: usize = 4096;

/// A trace and how it was found.
#[derive(Debug, Clone)]
pub struct TracedEvent {
    /// The step that learned the event.
    pub trace: Trace,
    /// Position of the state that the replay began from.
    pub replayed_after: Position,
    /// Position of the last record that was replayed: the end of the event's append.
    pub replayed_through: Position,
}

/// Traces an event that the live state holds.
pub async fn trace(shared: &Arc<Shared>, position: Position, event: Event) -> Result<TracedEvent, EngineError> {
    let reached = shared.position();
    if reached < position {
        return Err(EngineError::NotReached { wanted: position, reached });
    }
    let permit = shared.watch.work()?;
    let from = nearest_before(shared, position);
    if position.since(from.position) > REPLAY_RECORDS_MAX {
        let nearest = from.position;
        return Err(EngineError::TraceTooFar { position, nearest, records_max: REPLAY_RECORDS_MAX });
    }
    let (appends, versions) = records(shared, from.position, position).await?;
    let (replayed_after, replayed_through) = (from.position, appends.last().map_or(from.position, Append::last));
    let target = TraceTarget { position, event };
    let trace = blocking(move || {
        let _permit = permit;
        replay(&from.state, &appends, &versions, &target)
    })
    .await;
    let trace = trace.map_err(|detail| EngineError::TraceFailed { position, detail })?;
    let trace = trace.ok_or(EngineError::TraceFrozen { position })?;
    Ok(TracedEvent { trace, replayed_after, replayed_through })
}

/// The newest state in memory before a position: kept for this, a version, or the beginning.
fn nearest_before(shared: &Shared, position: Position) -> Arc<StateAt> {
    let kept = shared.watch.kept_before(position);
    let version = shared.cache.newest_before(position);
    match (kept, version) {
        (kept, Some(version)) if kept.as_ref().is_none_or(|kept| kept.position < version.position) => {
            Arc::new(StateAt { state: version.state.clone(), position: version.position })
        }
        (Some(kept), _) => kept,
        (None, _) => {
            let first = beginning(&shared.base_config);
            Arc::new(StateAt { state: first.state, position: first.position })
        }
    }
}

type Versions = BTreeMap<VersionNumber, State>;

/// The appends after `after` until the one that holds `position`, with the states that their restore records name.
async fn records(shared: &Shared, after: Position, position: Position) -> Result<(Vec<Append>, Versions), EngineError> {
    let (mut appends, mut versions) = (Vec::<Append>::new(), Versions::new());
    let mut reached = after;
    while reached < position {
        let read = shared.log.read_after(reached, READ_RECORDS).await?;
        if read.is_empty() {
            let detail = "P3: it is applied and not in the table".to_owned();
            return Err(LogError::Unreadable { position, detail }.into());
        }
        for append in read {
            if reached >= position {
                break;
            }
            reached = append.last();
            versions.extend(restored_versions(shared, &append).await?);
            appends.push(append);
        }
    }
    Ok((appends, versions))
}

/// `None`: the event came while learning was frozen.
fn replay(
    from: &State,
    appends: &[Append],
    versions: &Versions,
    target: &TraceTarget,
) -> Result<Option<Trace>, String> {
    prepare_thread();
    let mut state = from.clone();
    state.touched.clear();
    let mut learner = Learner::watching(1);
    let mut tracer = Tracer::new(target);
    for append in appends {
        learner.apply(&mut state, append, versions, &mut tracer).map_err(|error| error.to_string())?;
    }
    if tracer.is_frozen() {
        return Ok(None);
    }
    tracer.trace().map(Some).ok_or_else(|| "P4: the replay did not pass through it".to_owned())
}
