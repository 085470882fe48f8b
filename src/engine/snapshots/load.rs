//! Loading of stored versions, with digests verified (P7).

use tokio::sync::mpsc;

use crate::engine::{EngineError, blocking::finished, error::CorruptState, snapshots::cache::CachedVersion};
use shelfmark_domain::{Position, VersionNumber};
use shelfmark_state::Assembler;
use shelfmark_store::versions::{VersionError, VersionStore};

/// Segments that wait to be put into place.
const SEGMENTS_AHEAD: usize = 2;

/// Loads a version and checks that it is what was stored (P7).
pub async fn load_version(store: &VersionStore, number: VersionNumber) -> Result<CachedVersion, EngineError> {
    let (sender, mut segments) = mpsc::channel(SEGMENTS_AHEAD);
    let assembling = tokio::task::spawn_blocking(move || {
        let mut assembler = Assembler::default();
        while let Some(segment) = segments.blocking_recv() {
            assembler.take(&segment)?;
        }
        assembler.finish()
    });
    let loaded = Box::pin(store.load(number, sender)).await;
    let assembled = finished(assembling).await;
    // A damaged segment is the cause, a state that does not assemble its consequence.
    let manifest = loaded?;
    let (state, digester) =
        assembled.map_err(|source| EngineError::CorruptVersion { version: number, source: source.into() })?;
    let found = digester.digest();
    if found != manifest.digest {
        let source = CorruptState::Digest { found, expected: manifest.digest };
        return Err(EngineError::CorruptVersion { version: number, source });
    }
    Ok(CachedVersion::new(&manifest, state, digester))
}

/// The newest version at or before a position, or of all, that is sound; corrupt ones are named in the log and passed
/// over.
pub async fn newest_version(
    store: &VersionStore,
    at_or_before: Option<Position>,
) -> Result<Option<CachedVersion>, EngineError> {
    let mut at_or_before = at_or_before;
    loop {
        let Some(manifest) = store.newest(at_or_before).await? else { return Ok(None) };
        match load_version(store, manifest.version).await {
            Ok(version) => return Ok(Some(version)),
            Err(error @ (EngineError::CorruptVersion { .. } | EngineError::Version(VersionError::Corrupt { .. }))) => {
                tracing::error!(
                    version = %manifest.version, %error,
                    "version.corrupt: an older one and the log take its place"
                );
            }
            Err(error) => return Err(error),
        }
        if manifest.position == Position::ZERO {
            return Ok(None);
        }
        at_or_before = Some(manifest.position.previous());
    }
}
