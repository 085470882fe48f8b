//! Export sources: a state to write to a file, and the permit to do so.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::engine::{EngineError, blocking::blocking, snapshots::take::Snapshots};
use shelfmark_domain::VersionRef;
use shelfmark_serving::View;

/// A state to export; the right to do so is given back when it is dropped.
pub struct ExportSource {
    /// The state.
    pub view: Arc<View>,
    _permit: OwnedSemaphorePermit,
}

impl Snapshots {
    /// Returns a version's state or, with `None`, the live one, to write its rows into a file; at most
    /// [`super::take::EXPORTS_MAX`] at once.
    pub async fn export_source(&self, version: Option<VersionRef>) -> Result<ExportSource, EngineError> {
        let permit = Arc::clone(&self.exports).try_acquire_owned();
        let permit = permit.map_err(|_| EngineError::WatchBusy("too many exports are under way"))?;
        let view = match version {
            None => self.readers.live.load_full(),
            Some(version) => {
                let number = self.stores.versions.get(&version).await?.version;
                let version = self.stores.version(number).await?;
                blocking(move || version.view()).await
            }
        };
        Ok(ExportSource { view, _permit: permit })
    }
}
