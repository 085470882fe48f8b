//! Retention of versions, and the compaction of chains of deltas.

use crate::engine::{
    EngineError,
    snapshots::{cache::CachedVersion, load::load_version},
    stores::Stores,
};
use shelfmark_state::ReadBack;
use shelfmark_store::versions::{NewSegments, VersionError};

/// Who takes versions by count, time and at shutdown, and on the way of a rollback.
pub const SYSTEM: &str = "system";
/// Versions looked at when old ones are cleared away.
const PAGE: usize = 500;

/// Deletes the versions that nobody asked for beyond the newest `versions_kept`, and those that a rollback made on its
/// way and that nothing names: no label, no restore in the log, nobody who is served it, and no operation that may be
/// about to. Then folds the chains that hold on to many deleted ones. Whoever took a version does it, in the
/// background: neither readers nor the learner wait.
pub async fn tidy(stores: &Stores) -> Result<(), EngineError> {
    let oldest_running = stores.operations.store().oldest_running().await?;
    let versions = stores.versions.list(None, PAGE).await?;
    let automatic = versions.iter().filter(|manifest| manifest.actor == SYSTEM && manifest.label.is_none());
    let (derived, taken): (Vec<_>, Vec<_>) = automatic.partition(|manifest| manifest.derived.is_some());
    let left_over =
        derived.into_iter().filter(|manifest| oldest_running.is_none_or(|began| manifest.created_at < began));
    for manifest in taken.into_iter().skip(stores.settings.versions_kept.max(1)).chain(left_over) {
        match stores.versions.delete(manifest.version).await {
            Ok(()) | Err(VersionError::InUse(_) | VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    compact_chains(stores).await
}

/// A delta that stands on a row of deleted versions becomes a base, and those go: at most half of a full chain is dead
/// weight.
async fn compact_chains(stores: &Stores) -> Result<(), EngineError> {
    for version in stores.versions.compactable((stores.settings.chain_max / 2).max(1)).await? {
        let started = std::time::Instant::now();
        // From Postgres, not from memory: its chain is verified once more before it goes.
        let CachedVersion { state, digester, .. } = load_version(&stores.versions, version).await?;
        let whole = NewSegments::new(state.segments());
        let read_back = Box::new(ReadBack::base(state, digester.digest()));
        // On the heap: what is read back holds a whole state's tables, and every caller would hold them with it.
        match Box::pin(stores.versions.compact(version, whole, read_back)).await {
            Ok(()) => {
                let seconds = started.elapsed().as_secs_f32();
                tracing::info!(
                    model = %stores.name, %version, seconds,
                    "version.chain_compacted: version {version} is a base now"
                );
            }
            Err(VersionError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
