//! Reads the log in order and hands appends to the learner, with the states that their restore records lead to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    learning::{
        fold::Watcher,
        worker::{Restart, Work},
    },
    rollback::replaying::replayed,
    shared::{Shared, blocking},
};
use crate::{
    domain::{Append, Except, Position, RecordBody, Served, VersionNumber},
    log::LogError,
    serving::Publisher,
    state::{Digester, State},
    versions::VersionError,
};

/// Appends between the feed and the learner.
pub const WORK_APPENDS_MAX: usize = 8;
/// Pause before a database that failed is asked for a version again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// The states that restore records lead to, by the positions of the records.
pub type Restored = BTreeMap<Position, State>;

/// Feeds until `stop`, or until the learner is gone, or until a record cannot be applied (its reason is returned).
pub async fn run(
    shared: Arc<Shared>,
    after: Position,
    work: mpsc::Sender<Work>,
    stop: CancellationToken,
) -> Result<(), EngineError> {
    let mut tail = shared.log.tail(after);
    loop {
        let append = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            append = tail.next() => match append {
                Ok(append) => append,
                Err(LogError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        };
        let watcher = Watcher::silent(stop.child_token());
        let restored = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            restored = restored_states(&shared, &append, &watcher) => restored?,
        };
        let restarts = restarts(&shared, &append, &restored).await;
        if work.send(Work { append, restored, restarts }).await.is_err() {
            return Ok(());
        }
    }
}

/// The states that an append's restore records lead to. What a replay leads to is computed here, with the log until the record:
/// the learner waits for it, and so does nobody else.
pub async fn restored_states(shared: &Shared, append: &Append, watcher: &Watcher) -> Result<Restored, EngineError> {
    let mut states = Restored::new();
    for record in append.records.iter() {
        if let RecordBody::Restore { version, replay } = &record.body {
            let state = Box::pin(restored_state(shared, record.position, *version, replay.as_deref(), watcher)).await?;
            states.insert(record.position, state);
        }
    }
    Ok(states)
}

/// What goes on from the states that restore records lead to: a version's own, when it is in memory, or made anew.
async fn restarts(shared: &Shared, append: &Append, restored: &Restored) -> BTreeMap<Position, Restart> {
    let mut restarts = BTreeMap::new();
    for record in append.records.iter() {
        let (RecordBody::Restore { version, replay }, Some(state)) = (&record.body, restored.get(&record.position))
        else {
            continue;
        };
        let exact = replay.is_none();
        let version = if exact { shared.cache.look(*version) } else { None };
        let (state, position) = (state.clone(), record.position);
        let restart = blocking(move || match version {
            Some(version) => Restart { publisher: version.publisher(), digester: version.digester.clone(), exact },
            None => {
                let mut publisher = Publisher::new();
                publisher.rebuild(&state.readable, position, Served::Live);
                Restart { publisher, digester: Digester::new(&state), exact }
            }
        });
        restarts.insert(position, restart.await);
    }
    restarts
}

/// The state that a restore record leads to. Waits while the database is away.
pub async fn restored_state(
    shared: &Shared,
    position: Position,
    version: VersionNumber,
    replay: Option<&Except>,
    watcher: &Watcher,
) -> Result<State, EngineError> {
    loop {
        let state = match replay {
            None => shared.version(version).await.map(|version| version.state.clone()),
            Some(except) => {
                let folded = replayed(shared, version, except, position.previous(), watcher).await;
                folded.map(|folded| folded.at.state)
            }
        };
        match state {
            Err(EngineError::Version(VersionError::Database(_)) | EngineError::Log(LogError::Database(_)))
                if !watcher.cancelled.is_cancelled() =>
            {
                tracing::warn!(%version, "restore.wait: version {version} cannot be read now, trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            state => return state,
        }
    }
}
