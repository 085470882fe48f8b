//! Retention: old backups go, and then the objects that no backup names.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use crate::{BackupError, Store, lease::Lease, manifest, upload::OBJECTS_UNDER_WAY};

/// Folders of the objects that manifests name.
pub(crate) const FOLDERS: [&str; 3] = ["log", "tables", "versions"];
/// Objects that are removed between two looks at the lease.
const BATCH: usize = 64;

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Removed {
    /// Backups.
    pub backups: usize,
    /// Objects that no backup names any more, those of runs that were cut off included.
    pub objects: usize,
}

/// Keeps the newest `keep` backups and what they name. The lease is what keeps objects of a backup under way.
pub(crate) async fn remove(store: &Store, lease: &Lease, keep: usize) -> Result<Removed, BackupError> {
    let mut names = manifest::list(store).await?;
    let kept = names.split_off(names.len().saturating_sub(keep.max(1)));
    // All of them are read before anything is removed: what an unreadable one names is not known.
    let mut named = HashSet::new();
    for name in &kept {
        let manifest = manifest::read(store, Some(name)).await?;
        named.extend(manifest.objects().map(|object| object.name.clone()));
    }
    lease.require().await?;
    for name in &names {
        store.delete(&manifest::object_of(name)).await?;
    }
    let mut unnamed = Vec::new();
    for folder in FOLDERS {
        unnamed.extend(store.names(folder).await?.into_iter().filter(|object| !named.contains(object)));
    }
    for batch in unnamed.chunks(BATCH) {
        lease.require().await?;
        let deletions = futures::stream::iter(batch.to_vec()).map(|object| {
            let store = store.clone();
            async move { store.delete(&object).await }
        });
        deletions.buffer_unordered(OBJECTS_UNDER_WAY).try_collect::<()>().await?;
    }
    Ok(Removed { backups: names.len(), objects: unnamed.len() })
}
