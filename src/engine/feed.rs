//! Reads the log in order and hands appends to the learner, with the states that their restore records name.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{EngineError, shared::Shared, worker::Work};
use crate::{
    domain::{Append, Position, RecordBody, VersionNumber},
    log::LogError,
    state::State,
    versions::VersionError,
};

/// Appends between the feed and the learner.
pub const WORK_APPENDS_MAX: usize = 8;
/// Pause before a database that failed is asked for a version again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

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
        let versions = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            versions = restored_versions(&shared, &append) => versions?,
        };
        if work.send(Work { append, versions }).await.is_err() {
            return Ok(());
        }
    }
}

/// The states that an append's restore records name.
pub async fn restored_versions(
    shared: &Shared,
    append: &Append,
) -> Result<BTreeMap<VersionNumber, State>, EngineError> {
    let mut versions = BTreeMap::new();
    for record in append.records.iter() {
        if let RecordBody::Restore { version } = record.body
            && !versions.contains_key(&version)
        {
            versions.insert(version, load(shared, version).await?);
        }
    }
    Ok(versions)
}

async fn load(shared: &Shared, version: VersionNumber) -> Result<State, EngineError> {
    loop {
        match shared.version(version).await {
            Ok(version) => return Ok(version.state.clone()),
            Err(EngineError::Version(VersionError::Database(error))) => {
                tracing::warn!(%version, %error, "restore.wait: version {version} cannot be read now, trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}
