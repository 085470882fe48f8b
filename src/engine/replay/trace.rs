//! Replay for traces and histories: learns a part of the log again from the nearest state before it, beside the
//! learner.
//!
//! The state is a function of the log, so every step of the replay is the step that was taken then (P4).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    learning::recovery::beginning,
    replay::run::{Observed, Progress, replay_observed},
    snapshots::recent_states::StateAt,
    stores::Stores,
};
use shelfmark_domain::{Position, VersionManifest};
use shelfmark_learner::Observer;
use shelfmark_state::State;
use shelfmark_store::versions::VersionError;

/// Longest time of one: below that of a request, so that who asked is told.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(45);
/// Bytes of a version's chain that are loaded in the time in which one record is learned again: a nearer state that has
/// to be loaded is taken when that is sooner done than learning from the nearest in memory.
const BYTES_PER_RECORD: u64 = 8192;

/// Where a replay begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Position of the state that it begins from.
    pub after: Position,
    /// Position of the last record that it passed through: the end of an append.
    pub through: Position,
}

/// The nearest state before a position: in memory, else stored, else the beginning.
///
/// Errors: [`EngineError::ReplayTooFar`] when `through` lies more than the configured number of records after it.
pub async fn state_before(stores: &Stores, position: Position, through: Position) -> Result<Arc<StateAt>, EngineError> {
    let nearest = nearest_before(stores, position).await?;
    let records_max = stores.settings.trace_records;
    if through.since(nearest.position) > records_max {
        return Err(EngineError::ReplayTooFar { position: through, nearest: nearest.position, records_max });
    }
    Ok(nearest)
}

async fn nearest_before(stores: &Stores, position: Position) -> Result<Arc<StateAt>, EngineError> {
    let kept = stores.recent.before(position);
    let version = stores.cache.newest_before(position);
    let in_memory = match (kept, version) {
        (kept, Some(version)) if kept.as_ref().is_none_or(|kept| kept.position < version.position) => {
            Arc::new(StateAt { state: version.state.clone(), position: version.position })
        }
        (Some(kept), _) => kept,
        (None, _) => {
            let first = beginning(stores).await?;
            Arc::new(StateAt { state: first.state, position: first.position })
        }
    };
    let saved = |stored: &VersionManifest| stored.position.get().saturating_sub(in_memory.position.get());
    let mut before = position;
    loop {
        before = Position::new(before.get().saturating_sub(1));
        let stored = stores.versions.newest(Some(before)).await?;
        let Some(stored) = stored else { return Ok(in_memory) };
        let chain = stores.versions.chain(stored.version).await?;
        let bytes = chain.map_or(0, |chain| chain.base_raw_bytes + chain.deltas_raw_bytes);
        if bytes >= saved(&stored).saturating_mul(BYTES_PER_RECORD) {
            return Ok(in_memory);
        }
        match stores.version(stored.version).await {
            Ok(version) => {
                return Ok(Arc::new(StateAt { state: version.state.clone(), position: version.position }));
            }
            Err(error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. }))) => {
                let version = stored.version;
                tracing::error!(%version, %error, "version.corrupt: an older state and the log take its place");
                before = stored.position;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Learns again from a state through the append that holds `through`, for `observer` to see. Gives it back, and where
/// it ended.
pub async fn replay_through<W: Observer + Send + 'static>(
    stores: &Stores,
    from: &StateAt,
    through: Position,
    observer: W,
) -> Result<(W, State, Stretch), EngineError> {
    // A step is cut at the end of its append and nowhere before.
    let last = stores.log.append_last(through).await?.unwrap_or(through);
    let reached = Arc::new(AtomicU64::new(from.position.get()));
    let told = Arc::clone(&reached);
    let cancelled = CancellationToken::new();
    // Who goes away ends it.
    let _ends = cancelled.clone().drop_guard();
    let progress = Progress {
        reached: Arc::new(move |position| told.store(position.get(), Ordering::Relaxed)),
        cancelled: cancelled.clone(),
    };
    let mut state = from.state.clone();
    state.touched.clear();
    let from = StateAt { state, position: from.position };
    let after = from.position;
    let folding = replay_observed(stores.source(), from, None, last, &progress, Observed { observer, every: 1 });
    let mut folding = Box::pin(folding);
    let replayed_state = tokio::select! {
        replayed_state = &mut folding => replayed_state,
        () = tokio::time::sleep(REPLAY_TIME_MAX) => {
            cancelled.cancel();
            folding.await
        }
    };
    if matches!(replayed_state, Err(EngineError::Cancelled)) {
        let reached = Position::new(reached.load(Ordering::Relaxed));
        let seconds_max = REPLAY_TIME_MAX.as_secs();
        return Err(EngineError::ReplayTooLong { position: through, reached, seconds_max });
    }
    let (replayed_state, observer) = replayed_state?;
    Ok((observer, replayed_state.at.state, Stretch { after, through: last }))
}
