//! Learning a stretch of the log again, beside the learner: from the nearest state before it, record by record. The state
//! is a function of the log, so every step of the replay is the step that was taken then (P4).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{
    EngineError,
    feed::restored_versions,
    recovery::beginning,
    shared::{Shared, StateAt, blocking},
    worker::Work,
};
use crate::{
    domain::{Append, Position, VersionManifest},
    learner::{Learner, Observer, prepare_thread},
    log::LogError,
    state::State,
    versions::VersionError,
};

/// Records that a replay passes through, the rest of the last append aside, at the most that can be configured.
pub const REPLAY_RECORDS_MAX: u64 = 1_000_000;
/// Longest time of one: below that of a request, so that who asked is told.
const REPLAY_TIME_MAX: Duration = Duration::from_secs(45);
/// Stored bytes that are loaded in the time in which one record is learned again: a nearer state that has to be loaded is
/// taken when that is sooner done than learning from the nearest in memory.
const BYTES_PER_RECORD: u64 = 8192;
/// Records read from the log at a time.
const READ_RECORDS: usize = 4096;
/// Appends read ahead of the replay.
const AHEAD_APPENDS: usize = 8;

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
pub async fn state_before(shared: &Shared, position: Position, through: Position) -> Result<Arc<StateAt>, EngineError> {
    let nearest = nearest_before(shared, position).await?;
    let records_max = shared.settings.trace_records;
    if through.since(nearest.position) > records_max {
        return Err(EngineError::ReplayTooFar { position: through, nearest: nearest.position, records_max });
    }
    Ok(nearest)
}

async fn nearest_before(shared: &Shared, position: Position) -> Result<Arc<StateAt>, EngineError> {
    let kept = shared.watch.kept_before(position);
    let version = shared.cache.newest_before(position);
    let in_memory = match (kept, version) {
        (kept, Some(version)) if kept.as_ref().is_none_or(|kept| kept.position < version.position) => {
            Arc::new(StateAt { state: version.state.clone(), position: version.position })
        }
        (Some(kept), _) => kept,
        (None, _) => {
            let first = beginning(&shared.base_config);
            Arc::new(StateAt { state: first.state, position: first.position })
        }
    };
    let saved = |stored: &VersionManifest| stored.position.get().saturating_sub(in_memory.position.get());
    let mut before = position;
    loop {
        before = Position::new(before.get().saturating_sub(1));
        let stored = shared.versions.newest(Some(before)).await?;
        let sooner = |stored: &VersionManifest| stored.bytes < saved(stored).saturating_mul(BYTES_PER_RECORD);
        let Some(stored) = stored.filter(sooner) else { return Ok(in_memory) };
        match shared.version(stored.version).await {
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

/// Replays from a state through the append that holds `through`, for `watch` to see. Gives the watcher back, and where it
/// ended. Reads the log a little ahead; memory is bounded however long the stretch is.
pub async fn replay<W: Observer + Send + 'static>(
    shared: &Shared,
    from: &StateAt,
    through: Position,
    permit: OwnedSemaphorePermit,
    watch: W,
) -> Result<(W, State, Stretch), EngineError> {
    let (send, work) = mpsc::channel(AHEAD_APPENDS);
    let (state, after) = (from.state.clone(), from.position);
    let learning = blocking(move || {
        let _permit = permit;
        learn(state, after, work, watch)
    });
    let (fed, learned) = tokio::join!(feed(shared, after, through, send), learning);
    // What kept the log from being read says more than where the replay stopped for it.
    fed?;
    let (watch, state, reached) = learned.map_err(|failure| failure.told(through))?;
    if reached < through {
        let detail = "P4: the replay did not pass through it".to_owned();
        return Err(EngineError::ReplayFailed { position: through, detail });
    }
    Ok((watch, state, Stretch { after, through: reached }))
}

/// Sends the appends after `after` until the one that holds `through`, with the states that their restore records name.
async fn feed(
    shared: &Shared,
    after: Position,
    through: Position,
    work: mpsc::Sender<Work>,
) -> Result<(), EngineError> {
    let mut reached = after;
    while reached < through {
        let read = shared.log.read_after(reached, READ_RECORDS).await?;
        if read.is_empty() {
            let detail = "P3: it is applied and not in the table".to_owned();
            return Err(LogError::Unreadable { position: through, detail }.into());
        }
        for append in read {
            if reached >= through {
                break;
            }
            reached = append.last();
            let versions = restored_versions(shared, &append).await?;
            if work.send(Work { append, versions }).await.is_err() {
                // The replay ended early and says why.
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Why a replay ended early.
enum Failure {
    TooLong(Position),
    Unusable(String),
}

impl Failure {
    fn told(self, position: Position) -> EngineError {
        match self {
            Self::TooLong(reached) => {
                EngineError::ReplayTooLong { position, reached, seconds_max: REPLAY_TIME_MAX.as_secs() }
            }
            Self::Unusable(detail) => EngineError::ReplayFailed { position, detail },
        }
    }
}

/// Applies what comes until no more comes. Ends as well when nobody waits for it any more: then no more comes.
fn learn<W: Observer>(
    mut state: State,
    after: Position,
    mut work: mpsc::Receiver<Work>,
    mut watch: W,
) -> Result<(W, State, Position), Failure> {
    prepare_thread();
    state.touched.clear();
    let (began, mut reached) = (Instant::now(), after);
    let mut learner = Learner::watching(1);
    while let Some(Work { append, versions }) = work.blocking_recv() {
        if began.elapsed() > REPLAY_TIME_MAX {
            return Err(Failure::TooLong(reached));
        }
        let applied = learner.apply(&mut state, &append, &versions, &mut watch);
        applied.map_err(|error| Failure::Unusable(error.to_string()))?;
        reached = Append::last(&append);
    }
    Ok((watch, state, reached))
}
