//! The state that an export writes, and the right to write it.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::engine::{
    EngineError,
    shared::{Shared, blocking},
};
use crate::{domain::VersionRef, serving::View};

/// Exports of one model at once: each holds a state, whose rows are copied as the learner moves on.
pub const EXPORTS_MAX: usize = 4;

/// A state to export; the right to do so is given back when it is dropped.
pub struct ExportSource {
    /// The state.
    pub view: Arc<View>,
    _permit: OwnedSemaphorePermit,
}

/// A version's state or, with `None`, the live one.
pub async fn source(shared: &Shared, version: Option<VersionRef>) -> Result<ExportSource, EngineError> {
    let permit = Arc::clone(&shared.exports).try_acquire_owned();
    let permit = permit.map_err(|_| EngineError::WatchBusy("too many exports are under way"))?;
    let view = match version {
        None => shared.live.load_full(),
        Some(version) => {
            let number = shared.versions.get(&version).await?.version;
            let version = shared.version(number).await?;
            blocking(move || version.view()).await
        }
    };
    Ok(ExportSource { view, _permit: permit })
}
