//! Feed of the learner: reads the log in order and sends appends with the states that their restore records lead to.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::{
    EngineError,
    blocking::blocking,
    learning::worker::{Restart, Work},
    replay::run::{Progress, RestoreResolver, Restored, restored_states},
    stores::Stores,
};
use shelfmark_domain::{Append, Position, RecordBody, Served};
use shelfmark_log::LogError;
use shelfmark_serving::Publisher;
use shelfmark_state::Digester;

/// Appends between the feed and the learner.
pub const WORK_APPENDS_MAX: usize = 8;

/// Feeds until `stop`, or until the learner is gone, or until a record cannot be applied (its reason is returned).
///
/// What a replay leads to is computed here, with the log until the record: the learner waits for it, and so does nobody
/// else.
pub async fn run(
    stores: &Stores,
    restores: &dyn RestoreResolver,
    after: Position,
    work: mpsc::Sender<Work>,
    stop: CancellationToken,
) -> Result<(), EngineError> {
    let mut tail = stores.log.tail(after);
    loop {
        let append = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            append = tail.next() => match append {
                Ok(append) => append,
                Err(LogError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        };
        let progress = Progress::silent(stop.child_token());
        let restored = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            restored = restored_states(restores, &append, &progress) => restored?,
        };
        let restarts = restarts(stores, &append, &restored).await;
        if work.send(Work { append, forgotten: tail.take_forgotten(), restored, restarts }).await.is_err() {
            return Ok(());
        }
    }
}

/// What goes on from the states that restore records lead to: a version's own, when it is in memory, or made anew.
async fn restarts(stores: &Stores, append: &Append, restored: &Restored) -> BTreeMap<Position, Restart> {
    let mut restarts = BTreeMap::new();
    for record in append.records.iter() {
        let (RecordBody::Restore { version, replay }, Some(state)) = (&record.body, restored.get(&record.position))
        else {
            continue;
        };
        let exact = replay.is_none();
        let version = if exact { stores.cache.look(*version) } else { None };
        let (state, position) = (state.clone(), record.position);
        let restart = blocking(move || match version {
            Some(version) => Restart { publisher: version.publisher(), digester: version.digester.clone(), exact },
            None => {
                let mut publisher = Publisher::new();
                publisher.rebuild(&state.inference, position, Served::Live);
                Restart { publisher, digester: Digester::new(&state), exact }
            }
        });
        restarts.insert(position, restart.await);
    }
    restarts
}
