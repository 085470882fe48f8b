//! Which versions stay, and in what form.

use super::{EngineError, recovery::load_version, shared::Shared, versioning::SYSTEM};
use crate::versions::{NewSegments, VersionError};

/// Versions looked at when old ones are cleared away.
const PAGE: usize = 500;

/// Deletes the versions that nobody asked for beyond the newest `versions_kept`, then folds the chains that hold on to many
/// deleted ones. Whoever took a version does it, in the background: neither readers nor the learner wait.
pub async fn tidy(shared: &Shared) -> Result<(), EngineError> {
    let versions = shared.versions.list(None, PAGE).await?;
    let automatic = versions.iter().filter(|manifest| manifest.actor == SYSTEM && manifest.label.is_none());
    for manifest in automatic.skip(shared.settings.versions_kept.max(1)) {
        match shared.versions.delete(manifest.version).await {
            Ok(()) | Err(VersionError::InUse(_) | VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    fold(shared).await
}

/// A delta that stands on a row of deleted versions becomes a base, and those go: at most half of a full chain is dead weight.
async fn fold(shared: &Shared) -> Result<(), EngineError> {
    for version in shared.versions.foldable((shared.settings.chain_max / 2).max(1)).await? {
        let started = std::time::Instant::now();
        // From Postgres, not from memory: its chain is verified once more before it goes.
        let whole = load_version(&shared.versions, version).await?.state.segments();
        match shared.versions.fold(version, NewSegments::new(whole)).await {
            Ok(()) => {
                let seconds = started.elapsed().as_secs_f32();
                tracing::info!(model = %shared.name, %version, seconds, "version.folded: version {version} is a base now");
            }
            Err(VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
